/** Fake strategy activities for workflow tests: a run that begins, is held until it is cancelled, and ends. */
import { Context } from '@temporalio/activity';
import type { EndRunInput, StrategyActivities } from '../../activities/strategy-activities.ts';

export interface FakeStrategySteps {
  readonly activities: StrategyActivities;
  /** Names of the steps in the order in which they were called. */
  readonly calls: string[];
  readonly ended: EndRunInput[];
}

/** A test replaces the steps it is about. */
export function fakeStrategySteps(change: Partial<StrategyActivities> = {}): FakeStrategySteps {
  const calls: string[] = [];
  const ended: EndRunInput[] = [];
  const steps: StrategyActivities = {
    beginRun: () => Promise.resolve(),
    runStrategy: () => heldUntilCancelled(),
    endRun: () => Promise.resolve(),
    setPaused: () => Promise.resolve(),
    ...change,
  };
  return {
    calls,
    ended,
    activities: {
      beginRun(input) {
        calls.push('beginRun');
        return steps.beginRun(input);
      },
      runStrategy(input) {
        calls.push('runStrategy');
        return steps.runStrategy(input);
      },
      endRun(input) {
        calls.push('endRun');
        ended.push(input);
        return steps.endRun(input);
      },
      setPaused(input) {
        calls.push(input.paused ? 'pause' : 'resume');
        return steps.setPaused(input);
      },
    },
  };
}

/** Beats as the real one does, since Temporal tells of a cancel only in answer to a heartbeat. */
export async function heldUntilCancelled(): Promise<never> {
  const context = Context.current();
  const timer = setInterval(() => {
    context.heartbeat();
  }, 50);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(timer);
  }
}
