/**
 * One strategy instance: workflow id `strategy:<strategyId>`, task queue `strategies`. It marks the run as
 * begun, holds the `runStrategy` activity (which does all the work and is moved to another worker when its
 * own dies), and marks the run as ended. Signal `stop` and Temporal's own Cancel take the same path.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { StrategyActivities } from '../activities/strategy-activities.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';

export interface StrategyInput {
  readonly strategyId: string;
  /** New each time a person starts the instance. */
  readonly runId: string;
  /** How long a worker may be silent before the instance moves to another. Default 10 s. */
  readonly heartbeatTimeoutMs?: number;
}

export interface StopRequest {
  /** User name of who asks, for the record. */
  readonly by: string;
  readonly reason?: string;
}

export type StrategyPhase = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export interface StrategyState {
  readonly strategyId: string;
  readonly runId: string;
  readonly phase: StrategyPhase;
  /** Why it stopped or failed; null while it runs. */
  readonly reason: string | null;
}

export interface StrategyResult {
  readonly phase: 'stopped' | 'failed';
  readonly reason: string;
}

const stopSignal = defineSignal<[StopRequest]>('stop');
const stateQuery = defineQuery<StrategyState>('state');

const DEFAULT_HEARTBEAT_TIMEOUT_MS = 10_000;

const { beginRun, endRun } = proxyActivities<StrategyActivities>({
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
  const { strategyId, runId } = input;
  const { runStrategy } = proxyActivities<StrategyActivities>({
    // The activity hands itself back once a day (`rotated`); this bound is for one that hangs yet heartbeats.
    startToCloseTimeout: '7 days',
    heartbeatTimeout: input.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: {
      initialInterval: '100 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '10 seconds',
    },
  });

  let state: StrategyState = { strategyId, runId, phase: 'starting', reason: null };
  const enter = (phase: StrategyPhase, reason: string | null = null): void => {
    state = { strategyId, runId, phase, reason };
    setCurrentDetails(
      `**${strategyId}** is **${phase}**${reason === null ? '' : `: ${reason}`}\n\nrun \`${runId}\`\n\n` +
        'The last bar handled is in the heartbeat of the pending `runStrategy` activity. ' +
        'Send the signal `stop` to stop it.',
    );
  };
  enter('starting');
  setHandler(stateQuery, () => state);

  const work = new CancellationScope();
  setHandler(stopSignal, (request) => {
    if (state.phase === 'stopped' || state.phase === 'failed') return;
    enter(
      'stopping',
      `stopped by ${request.by}${request.reason === undefined ? '' : `: ${request.reason}`}`,
    );
    work.cancel();
  });

  try {
    await work.run(async () => {
      await beginRun({ strategyId, runId });
      if (state.phase === 'starting') enter('running');
      for (;;) {
        const { ended } = await runStrategy({ strategyId, runId });
        if (ended === 'superseded') throw superseded(strategyId, runId);
        // A stop that came meanwhile is for this run: the next round hears of it.
        if (handoverDue() && !work.consideredCancelled) return;
      }
    });
  } catch (error) {
    const result: StrategyResult = isCancellation(error)
      ? { phase: 'stopped', reason: state.reason ?? 'cancelled through Temporal' }
      : { phase: 'failed', reason: reasonOf(error) };
    if (result.phase === 'failed')
      log.warn('strategy_failed', { strategyId, reason: result.reason });
    await CancellationScope.nonCancellable(() =>
      endRun({ strategyId, runId, status: result.phase, reason: result.reason }),
    );
    enter(result.phase, result.reason);
    return result;
  }
  return continueOnNewestBuild<typeof strategyWorkflow>(input);
}

function superseded(strategyId: string, runId: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'FENCED',
    message: `run ${runId} of ${strategyId} is over: a newer run took the instance`,
    nonRetryable: true,
  });
}

/** The sentence of the failure that a person can act on: the activity's own, not Temporal's wrapping. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'INTERNAL'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}
