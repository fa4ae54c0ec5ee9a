/**
 * One strategy instance: workflow id `strategy:<strategyId>`, task queue `strategies`. It marks the run as
 * begun, holds the `runStrategy` activity (which does all the work and is moved to another worker when its
 * own dies), and at the end cancels its open orders, closes its positions where asked, and marks the run as
 * ended. Signal `stop` and Temporal's own Cancel take the same path; updates `pause` and `resume`.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { StrategyActivities } from '../activities/strategy-activities.ts';
import { closeDown, closing, remainderOf } from './close-down.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';
import { askToCancel } from './order-messages.ts';
import { handlePauses, saidBy } from './pausing.ts';
import {
  type Carried,
  type Ending,
  pauseUpdate,
  resumeUpdate,
  stateQuery,
  type StopRequest,
  stopSignal,
  type StrategyInput,
  type StrategyPhase,
  type StrategyResult,
  type StrategyState,
} from './strategy-messages.ts';

const DEFAULT_HEARTBEAT_TIMEOUT_MS = 10_000;
const RESTART_PAUSE_MS = 10_000;

const { beginRun, endRun, setPaused } = proxyActivities<StrategyActivities>({
  startToCloseTimeout: '10 seconds',
  // A stop waits for a begin in hand, so that the end is written after it.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  // For ever: a strategy does not fail because PostgreSQL was away for an hour.
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
  },
});

/**
 * Runs until stopped. Ends as `failed`, with the reason in the strategy's row, only for what trying again
 * cannot help: an unknown type, a bad config, an exception thrown by the strategy itself.
 */
export async function strategyWorkflow(input: StrategyInput): Promise<StrategyResult> {
  const run = new StrategyRun(input);
  setHandler(stateQuery, () => run.state);
  setHandler(stopSignal, (request) => {
    run.stop(request);
  });
  handlePauses(run, { pause: pauseUpdate, resume: resumeUpdate });
  const result = await run.toEnd();
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return (
    result ?? continueOnNewestBuild<typeof strategyWorkflow>({ ...input, carried: run.carried() })
  );
}

class StrategyRun {
  private readonly input: StrategyInput;
  private readonly work = new CancellationScope();
  private phase: StrategyPhase = 'starting';
  private paused: string | null;
  private restarts: number;
  private ending: Ending | null;
  private remaining = '';

  constructor(input: StrategyInput) {
    this.input = input;
    const { paused = null, restarts = 0, ending = null } = input.carried ?? {};
    this.paused = paused;
    this.restarts = restarts;
    this.ending = ending;
    this.enter('starting');
  }

  get state(): StrategyState {
    const { strategyId, runId } = this.input;
    const { phase, restarts, remaining } = this;
    return {
      strategyId,
      runId,
      phase,
      reason: this.ending?.reason ?? this.paused,
      restarts,
      remaining,
    };
  }

  carried(): Carried {
    const { paused, restarts, ending } = this;
    return { paused, restarts, ending };
  }

  mustBe(phase: StrategyPhase, wish: string): void {
    if (this.phase === phase) return;
    throw ApplicationFailure.nonRetryable(
      `${this.input.strategyId} is ${this.phase}: only one that is ${phase} can ${wish}`,
      'CONFLICT',
    );
  }

  /** The first reason counts; a wish to flatten is heard until the run has ended. */
  stop(request: StopRequest): void {
    if (this.phase === 'stopped' || this.phase === 'failed') return;
    const { by, flatten = false } = request;
    this.ending = {
      phase: 'stopped',
      reason: saidBy('stopped', request),
      by,
      ...this.ending,
      flatten: flatten || (this.ending?.flatten ?? false),
    };
    this.enter('stopping');
    this.work.cancel();
  }

  /** Paused with the reason; null resumes. */
  async setPaused(reason: string | null): Promise<StrategyState> {
    const { strategyId, runId } = this.input;
    this.paused = reason;
    this.enter(reason === null ? 'running' : 'paused');
    await setPaused({ strategyId, runId, paused: reason !== null, reason: reason ?? '' });
    if (reason !== null) {
      // From the row on no entry is admitted, so one round reaches them all.
      const { open } = await this.sweep('entries');
      await Promise.all(open.map((orderId) => askToCancel(orderId, `${strategyId} ${reason}`)));
    }
    return this.state;
  }

  /** Null where the history has grown long and the next execution is to go on. */
  async toEnd(): Promise<StrategyResult | null> {
    let superseded = false;
    while (this.ending === null) {
      try {
        const { ended } = await this.work.run(() => this.hold());
        // A stop that came meanwhile is for this execution.
        if (ended === 'rotated' && !this.work.consideredCancelled) return null;
        superseded = ended === 'superseded';
        if (superseded) this.fail(supersededReason(this.input));
      } catch (error) {
        if (isCancellation(error)) this.stopByTemporal();
        else await this.failed(error);
      }
    }
    const ending: Ending = this.ending;
    return CancellationScope.nonCancellable(() => this.end(ending, superseded));
  }

  /** Runs the instance until the history is long, or a newer run has taken it. */
  private async hold(): Promise<{ ended: 'rotated' | 'superseded' }> {
    const { strategyId, runId } = this.input;
    const { runStrategy } = proxyActivities<StrategyActivities>({
      // The activity hands itself back once a day (`rotated`); this bound is for one that hangs yet heartbeats.
      startToCloseTimeout: '7 days',
      heartbeatTimeout: this.input.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      retry: {
        initialInterval: '100 milliseconds',
        backoffCoefficient: 2,
        maximumInterval: '10 seconds',
      },
    });
    await beginRun({ strategyId, runId });
    if (this.phase === 'starting') this.enter(this.paused === null ? 'running' : 'paused');
    for (;;) {
      const { ended } = await runStrategy({ strategyId, runId });
      if (ended === 'superseded' || handoverDue()) return { ended };
    }
  }

  private stopByTemporal(): void {
    this.ending ??= {
      phase: 'stopped',
      reason: 'cancelled through Temporal',
      flatten: false,
      by: 'temporal',
    };
  }

  private fail(reason: string): void {
    const flatten = this.input.failurePolicy?.onFailure === 'flatten';
    this.ending = { phase: 'failed', reason, flatten, by: 'keel' };
    log.warn('strategy_failed', { strategyId: this.input.strategyId, reason });
  }

  /** Goes on after a pause where the policy has a restart left. */
  private async failed(error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const { strategyId, failurePolicy: policy } = this.input;
    if (policy?.onFailure !== 'restart' || this.restarts >= policy.maxRestarts) {
      this.fail(reason);
      return;
    }
    this.restarts += 1;
    log.warn('strategy_restarts', { strategyId, reason, restarts: this.restarts });
    this.enter(this.phase);
    try {
      await this.work.run(() => sleep(RESTART_PAUSE_MS, { summary: 'restart after a failure' }));
    } catch (cancelled) {
      if (!isCancellation(cancelled)) throw cancelled;
      this.stopByTemporal();
    }
  }

  /** Cancels, closes and marks as ended. Null where the history has grown long on the way. */
  private async end(ending: Ending, superseded: boolean): Promise<StrategyResult | null> {
    const { strategyId, runId, failurePolicy } = this.input;
    const { phase } = ending;
    let { reason } = ending;
    // A newer run owns orders and positions; runs from before the choice leave them to people.
    if (failurePolicy !== undefined && !superseded) {
      this.enter('stopping');
      await endRun({ strategyId, runId, status: 'stopping', reason });
      const round = await closeDown(() => this.sweep('all'), {
        reason: () => `${strategyId} ${reason}`,
        show: (next) => {
          this.remaining = remainderOf(next);
          this.enter('stopping');
        },
        enough: () => handoverDue(),
      });
      if (!round.done) return null;
      const dust = round.held.map(({ quantity, symbol }) => `${quantity} ${symbol}`).join(', ');
      if (dust !== '') reason = `${reason}; too small to close, and kept: ${dust}`;
    }
    await endRun({ strategyId, runId, status: phase, reason });
    this.ending = { ...ending, reason };
    this.enter(phase);
    return { phase, reason };
  }

  private sweep(which: 'all' | 'entries') {
    const { strategyId, runId } = this.input;
    const { flatten = false, by = 'keel' } = this.ending ?? {};
    return closing.sweepStrategy({ strategyId, runId, which, flatten, by });
  }

  private enter(phase: StrategyPhase): void {
    this.phase = phase;
    const { strategyId, runId, reason, restarts, remaining } = this.state;
    setCurrentDetails(
      [
        `**${strategyId}** is **${phase}**${reason === null ? '' : `: ${reason}`}`,
        `run \`${runId}\`${restarts === 0 ? '' : `, restarted ${String(restarts)} times after failures`}`,
        'The last bar handled is in the heartbeat of the pending `runStrategy` activity. ' +
          'Send the signal `stop` to stop it, with `{"flatten": true}` to close its positions too.',
        ...(remaining === '' ? [] : [remaining]),
      ].join('\n\n'),
    );
  }
}

function supersededReason({ strategyId, runId }: StrategyInput): string {
  return `FENCED: run ${runId} of ${strategyId} is over: a newer run took the instance`;
}

/** The sentence of the failure that a person can act on: the activity's own, not Temporal's wrapping. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'INTERNAL'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}
