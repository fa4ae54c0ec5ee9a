/** Orders whose outcome stays unknown for longer than a recording should take: over fake steps, on a clock that skips. */
import type { History } from '../../adapters/temporal/history-json.ts';
import type { OrderResult } from '../../workflows/order-messages.ts';
import { OPEN, openOrderRuns, UNKNOWN } from './order-runs.ts';
import { FILLED, fakeSteps, testSignal } from './order-steps.ts';

interface Life {
  readonly history: History;
  readonly result: OrderResult;
}

export const UNKNOWN_LIVES: Readonly<Record<string, () => Promise<Life>>> = {
  /** People are told after two minutes; after five the venue tells what became of it. */
  'unknown-escalated': async () => {
    const runs = await openOrderRuns();
    try {
      let until = Infinity;
      const steps = fakeSteps({
        placeOrder: () => Promise.resolve(UNKNOWN),
        resolveOrder: async () => {
          const now = await runs.environment.currentTimeMs();
          if (until === Infinity) until = now + 5 * 60_000;
          return now < until ? UNKNOWN : { ...OPEN, leg: FILLED, finished: true };
        },
      });
      const signal = testSignal();
      const result = await runs.runLocal(steps, signal);
      const handle = runs.environment.client.workflow.getHandle(signal.id);
      return { history: await handle.fetchHistory(), result };
    } finally {
      await runs.close();
    }
  },
};
