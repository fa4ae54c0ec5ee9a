/** The steps of a leg as activities: what `LegRun` runs over in a workflow. */
import { CancellationScope, condition, isCancellation, log, sleep } from '@temporalio/workflow';
import type { LegSteps, Tracking } from './leg-run.ts';
import { failureOf, gaveWay } from './order-outcome.ts';
import { people, trackers, venue } from './order-steps.ts';

export const legSteps: LegSteps = {
  now: () => Date.now(),
  sleep: (ms) => sleep(ms, { summary: 'try again' }),

  async until(what, forMs) {
    if (forMs === undefined) await condition(what);
    else await condition(what, forMs, { summary: 'ask the venue to cancel again' });
  },

  async place(step, { stopped, summary }) {
    const scope = new CancellationScope();
    void condition(stopped).then(() => {
      scope.cancel();
    });
    try {
      return await scope.run(() => venue.placeOrder.executeWithOptions({ summary }, [step]));
    } catch (error) {
      if (!isCancellation(error) && !gaveWay(error)) throw error;
      return null;
    }
  },

  resolve: (step) => venue.resolveOrder(step),

  cancel: (step, summary) => venue.cancelOrder.executeWithOptions({ summary }, [step]),

  track(step, summary) {
    const scope = new CancellationScope();
    const tracking: { -readonly [K in keyof Tracking]: Tracking[K] } = {
      stop: () => {
        scope.cancel();
      },
    };
    void scope
      .run(() => trackers.trackOrder.executeWithOptions({ summary }, [step]))
      .then(
        (result) => (tracking.result = result),
        (error: unknown) => (tracking.error = error),
      );
    return tracking;
  },

  escalate: (step) => people.escalateUnknown(step),

  failed(what, error) {
    log.error(what, { ...failureOf(error) });
  },
};
