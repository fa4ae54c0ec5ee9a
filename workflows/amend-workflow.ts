/**
 * One amend of a resting order: workflow id `amend:<order id>`, task queue `orders`. The order is cancelled and
 * verified by its own workflow; what it did not fill is then placed as a new order at the new terms.
 */
import { proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { AmendActivities, AmendStepResult } from '../activities/amend-steps.ts';
import type { AmendStep } from '../core/amend.ts';
import { askToCancel } from './order-messages.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A cancel that was lost with a workflow task is asked for again. */
const ROUNDS_PER_CANCEL = 10;

const { replaceAmended } = proxyActivities<AmendActivities>({
  startToCloseTimeout: '15 seconds',
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
  },
});

type AmendEnd = Exclude<AmendStepResult, { kind: 'ending' }>;

export async function amendWorkflow(step: AmendStep): Promise<AmendEnd> {
  const { by, limitPrice, orderId, quantity } = step;
  const wish = `**Amend of order \`${orderId}\`** to ${quantity} at ${limitPrice}, asked by ${by}`;
  setCurrentDetails(`${wish}\n\nThe order is being cancelled and verified.`);
  let pauseMs = FIRST_PAUSE_MS;
  for (let round = 0; ; round += 1) {
    if (round % ROUNDS_PER_CANCEL === 0) await askToCancel(orderId, `amended by ${by}`);
    const result = await replaceAmended(step);
    if (result.kind === 'ending') {
      await sleep(pauseMs, { summary: 'is it cancelled yet' });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      continue;
    }
    setCurrentDetails(`${wish}\n\n${outcomeOf(result)}`);
    return result;
  }
}

function outcomeOf(result: AmendEnd): string {
  switch (result.kind) {
    case 'filled':
      return `It had filled ${result.filledQuantity} by then: nothing is left to place.`;
    case 'timed-out':
      return 'Its time-out had passed by then: nothing is placed.';
    case 'replaced':
      return `The remainder, ${result.remainder}, is order \`${result.newOrderId}\`.`;
  }
}
