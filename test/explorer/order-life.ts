/**
 * The life of one order as `orderWorkflow` leads it: admitted, worked as one leg or by a chase, settled. The
 * loops are the workflows' own (workflows/leg-run.ts, workflows/execution-loop.ts), the steps are the functions
 * that their activities run, and between them is a Temporal in small.
 */
import { KeelError } from '../../core/errors.ts';
import type { FinalState } from '../../adapters/order-repository.ts';
import { cancelReason, finalStateOf, type CancelRequest } from '../../workflows/order-outcome.ts';
import { ORDER_ID } from './books.ts';
import { ChaseRun } from './chase-run.ts';
import { legLife, QUANTITY, specOf } from './leg-life.ts';
import type { Wishes, World } from './plot.ts';
import { inStore, settlePortsOf } from './ports.ts';
import { SmallTemporal } from './small-temporal.ts';

const SETTLE_PAUSE_MS = 250;

/** From the first send until no leg lives. */
interface Work {
  toEnd(): Promise<FinalState>;
  /** Cancels and verifies what may live. */
  endLegs(request: CancelRequest): Promise<void>;
}

/** Leads the order to its end, if this run is the one that may. */
export async function liveOrder(world: World, runId: string, wishes: Wishes): Promise<void> {
  const { books, plot, protocol, schedule } = world;
  const startedAt = schedule.now;
  const temporal = new SmallTemporal(schedule, runId);
  const verdict = await temporal.activity('admit', (process) =>
    inStore(world, process, 'admit', () => books.admit(runId)),
  );
  if (verdict === 'refused') return;
  const work =
    plot.chase === null
      ? oneLeg(world, temporal, wishes, startedAt)
      : new ChaseRun(world, temporal, wishes, { ...plot.chase, startedAt });
  let final: FinalState;
  try {
    final = await work.toEnd();
  } catch (error) {
    if (!(error instanceof KeelError)) throw error;
    final = { state: 'failed', reasonCode: error.code, reason: error.message };
  }
  for (;;) {
    const settled = await temporal.activity('settle', (process) =>
      protocol.settle(settlePortsOf(world, process), ORDER_ID, final),
    );
    if (settled.settled) return;
    await work.endLegs({ by: 'keel', reason: 'the order is being ended' });
    await temporal.sleep(SETTLE_PAUSE_MS);
  }
}

/** As `OrderRun` works an order without a plan. */
function oneLeg(world: World, temporal: SmallTemporal, wishes: Wishes, startedAt: number): Work {
  const { run, view } = legLife(world, temporal, specOf(world, 1, QUANTITY, startedAt), {
    stopRequest: () => wishes.cancel,
    timedOut: () => {
      wishes.cancel ??= { by: 'timeout' };
    },
    tell: () => undefined,
  });
  return {
    toEnd: async () => {
      if (wishes.cancel !== null) return { state: 'done', reason: cancelReason(wishes.cancel) };
      await run.place();
      await run.follow();
      return finalStateOf(view(), wishes.cancel);
    },
    endLegs: async (request) => {
      wishes.cancel ??= request;
      await run.resolve();
      await run.follow();
    },
  };
}
