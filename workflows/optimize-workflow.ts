/**
 * A search of parameters: workflow id `study:<studyId>`, task queue `research`. It asks what to run next, runs it as
 * activities on whatever research workers there are, and asks again, until nothing is left; then the report is
 * written. What is tried depends on the study alone, so it is what `keel optimize` tries on one machine. Signal
 * `cancel` and Temporal's own Cancel take the same path; updates `pause` and `resume`; query `state`.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { DueRun, DueRuns, StudyActivities } from '../activities/study-activities.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';
import { handlePauses, saidBy } from './pausing.ts';
import { studyDetails } from './study-details.ts';
import {
  cancelStudySignal,
  pauseStudyUpdate,
  resumeStudyUpdate,
  studyStateQuery,
  type StudyInput,
  type StudyPhase,
  type StudyProgress,
  type StudyResult,
  type StudyState,
} from './study-messages.ts';

const DEFAULT_HEARTBEAT_TIMEOUT_MS = 20_000;
const NOTHING_YET: StudyProgress = { most: 0, tried: 0, failed: 0, best: null, paused: null };

/** For ever: a study does not fail because PostgreSQL was away for an hour. */
const RETRY = {
  initialInterval: '200 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '30 seconds',
} as const;

/** Local: they must not wait behind trials for a worker's slot. */
const { pauseStudy, endStudy } = proxyLocalActivities<StudyActivities>({
  startToCloseTimeout: '10 seconds',
  retry: RETRY,
});

/**
 * Runs until the report is written, or until it is cancelled. Fails for what trying again cannot help, with our
 * code as its type: an unknown strategy, a parameter outside its range, no data, every trial failed.
 */
export async function optimizeWorkflow(input: StudyInput): Promise<StudyResult> {
  const run = new StudyRun(input);
  setHandler(studyStateQuery, () => run.state);
  setHandler(cancelStudySignal, (request) => {
    run.cancel(saidBy('cancelled', request));
  });
  handlePauses(run, { pause: pauseStudyUpdate, resume: resumeStudyUpdate });
  const result = await run.toEnd();
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return (
    result ?? continueOnNewestBuild<typeof optimizeWorkflow>({ ...input, carried: run.progress })
  );
}

class StudyRun {
  private readonly input: StudyInput;
  private readonly work = new CancellationScope();
  private readonly steps;
  private phase: StudyPhase = 'opening';
  private reason: string | null = null;
  /** What is handed to the next execution. */
  progress: StudyProgress;

  constructor(input: StudyInput) {
    this.input = input;
    this.progress = input.carried ?? NOTHING_YET;
    this.steps = proxyActivities<StudyActivities>({
      startToCloseTimeout: '1 hour',
      heartbeatTimeout: input.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
      retry: RETRY,
    });
    this.enter('opening');
  }

  get state(): StudyState {
    const { most, tried, failed, best } = this.progress;
    const { phase, reason } = this;
    return { studyId: this.input.studyId, phase, reason, most, tried, failed, best };
  }

  mustBe(phase: StudyPhase, wish: string): void {
    if (this.phase === phase) return;
    throw ApplicationFailure.nonRetryable(
      `study ${this.input.studyId} is ${this.phase}: only one that is ${phase} can ${wish}`,
      'CONFLICT',
    );
  }

  /** The first reason counts. */
  cancel(reason: string): void {
    this.reason = this.work.consideredCancelled ? this.reason : reason;
    this.work.cancel();
  }

  /** Paused with the reason; null resumes. */
  async setPaused(reason: string | null): Promise<StudyState> {
    this.progress = { ...this.progress, paused: reason };
    this.enter(reason === null ? 'running' : 'paused', reason);
    await pauseStudy({ studyId: this.input.studyId, reason });
    return this.state;
  }

  /** Null where the history has grown long and the next execution is to go on. */
  async toEnd(): Promise<StudyResult | null> {
    try {
      const done = await this.work.run(() => this.carryOut());
      // A cancel that came meanwhile is for this execution.
      if (!done) return this.work.consideredCancelled ? await this.cancelled() : null;
      this.enter('done');
      return { ...this.state, phase: 'done' };
    } catch (error) {
      if (isCancellation(error)) return this.cancelled();
      // What else is under way has nobody to wait for it.
      this.work.cancel();
      const failure = failureOf(error);
      await this.end('failed', failure.message, failure.type ?? null);
      throw failure;
    }
  }

  private async cancelled(): Promise<StudyResult> {
    await this.end('cancelled', this.reason ?? 'cancelled through Temporal', null);
    return { ...this.state, phase: 'cancelled' };
  }

  /** False where the history has grown long. */
  private async carryOut(): Promise<boolean> {
    const { studyId, spec, askedBy } = this.input;
    if (this.input.carried === undefined) {
      const { most } = await this.steps.openStudy.executeWithOptions(
        { summary: 'check what was asked for, read the bars' },
        [{ studyId, spec, askedBy }],
      );
      this.progress = { ...this.progress, most };
    }
    const { paused } = this.progress;
    this.enter(paused === null ? 'running' : 'paused', paused);
    for (;;) {
      const due = await this.steps.nextRuns.executeWithOptions({ summary: 'what to try next' }, [
        { studyId },
      ]);
      if (due.runs.length === 0) break;
      await this.runAll(due);
      if (handoverDue()) {
        // Here, where a cancel is still heard: the next execution would not know of it.
        await condition(allHandlersFinished);
        return false;
      }
    }
    await this.steps.concludeStudy.executeWithOptions({ summary: 'the report' }, [{ studyId }]);
    return true;
  }

  /** Runs what is due, so many at once; ends early where the history has grown long. */
  private async runAll({ part, runs }: DueRuns): Promise<void> {
    const waiting = [...runs];
    const lane = async (): Promise<void> => {
      while (waiting.length > 0 && !handoverDue()) {
        await condition(() => this.progress.paused === null);
        const run = waiting.shift();
        if (run !== undefined) await this.runOne(run, part);
      }
    };
    const lanes = Math.min(this.input.concurrency, runs.length);
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  private async runOne({ number, parameters }: DueRun, part: DueRuns['part']): Promise<void> {
    const { studyId } = this.input;
    const where = part === 'in sample' ? '' : ', out of sample';
    const { score, failed } = await this.steps.runTrial.executeWithOptions(
      { summary: `trial ${String(number)}${where}: ${parameters}` },
      [{ studyId, number, part }],
    );
    if (part === 'out of sample') return;
    const { best, ...before } = this.progress;
    const better = score !== null && (best === null || isBetter({ number, score }, best));
    this.progress = {
      ...before,
      tried: before.tried + 1,
      failed: before.failed + (failed ? 1 : 0),
      best: better ? { number, parameters, score } : best,
    };
    this.enter(this.phase, this.reason);
  }

  private async end(
    status: 'failed' | 'cancelled',
    reason: string,
    reasonCode: string | null,
  ): Promise<void> {
    const { studyId } = this.input;
    await CancellationScope.nonCancellable(() => endStudy({ studyId, status, reason, reasonCode }));
    this.enter(status, reason);
  }

  private enter(phase: StudyPhase, reason: string | null = null): void {
    this.phase = phase;
    this.reason = reason;
    setCurrentDetails(studyDetails(this.state));
  }
}

/** Of two with the same score the earlier one, as the report ranks them. */
function isBetter(
  one: { readonly number: number; readonly score: number },
  other: typeof one,
): boolean {
  return one.score > other.score || (one.score === other.score && one.number < other.number);
}

/** Our own failure inside Temporal's wrapping: its sentence is the one a person can act on. */
function failureOf(error: unknown): ApplicationFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.nonRetryable(cause.message, cause.type);
  }
  return ApplicationFailure.nonRetryable(
    cause instanceof Error ? cause.message : String(cause),
    'INTERNAL',
  );
}
