/** The activities of `strategyWorkflow`: begin a run, work it, end it. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { KeelError } from '../core/errors.ts';
import { withFailures } from './failures.ts';
import { runInstance, type InstanceDeps, type InstanceInput } from './run-strategy.ts';

export interface EndRunInput extends InstanceInput {
  readonly status: 'stopping' | 'stopped' | 'failed';
  readonly reason: string;
}

export interface PauseInput extends InstanceInput {
  /** False: it is resumed. */
  readonly paused: boolean;
  readonly reason: string;
}

export interface RunStrategyResult {
  /**
   * `rotated`: the attempt has lasted long enough, run it again. `superseded`: a newer run took the
   * instance, leave it.
   */
  readonly ended: 'rotated' | 'superseded';
}

export interface StrategyActivities {
  /** Marks the run as begun; a run whose workflow is gone is ended first. */
  beginRun(input: InstanceInput): Promise<void>;
  /** Holds the instance until it is cancelled; heartbeats where it is. */
  runStrategy(input: InstanceInput): Promise<RunStrategyResult>;
  /** `stopping`: its entries are denied from here on. */
  endRun(input: EndRunInput): Promise<void>;
  /** Paused: its entries are denied, its bars and exits go on. */
  setPaused(input: PauseInput): Promise<void>;
}

export function createStrategyActivities(deps: InstanceDeps): StrategyActivities {
  const { strategies } = deps.repositories;
  return withFailures<StrategyActivities>({
    async beginRun({ strategyId, runId }) {
      try {
        await strategies.beginRun(strategyId, runId);
      } catch (error) {
        if (!(error instanceof KeelError) || error.code !== 'CONFLICT') throw error;
        // Temporal lets one workflow of this id be on, and it is ours: the other run was terminated.
        const { runId: orphan } = await strategies.get(strategyId);
        if (orphan === null || orphan === runId) throw error;
        await strategies.endRun(strategyId, orphan, 'stopped', 'its workflow was gone');
        await strategies.beginRun(strategyId, runId);
      }
    },

    async runStrategy(input) {
      const context = Context.current();
      const end = await runInstance(deps, input, {
        signal: context.cancellationSignal,
        heartbeat: (progress) => {
          context.heartbeat(progress);
        },
      });
      if (end === 'stopped') {
        // Rejects with the cancellation, which is what Temporal wants to hear.
        await context.cancelled;
      }
      if (end === 'fenced') {
        // An older attempt that woke up took the instance; Temporal counts on this one, so it takes it back.
        throw ApplicationFailure.create({
          type: 'FENCED',
          message: `another runner took ${input.strategyId}; claiming it again`,
          nonRetryable: false,
        });
      }
      return { ended: end === 'superseded' ? 'superseded' : 'rotated' };
    },

    async endRun({ strategyId, runId, status, reason }) {
      await strategies.endRun(strategyId, runId, status, reason);
    },

    async setPaused({ strategyId, runId, paused, reason }) {
      await strategies.setPaused(strategyId, runId, paused, reason);
    },
  });
}
