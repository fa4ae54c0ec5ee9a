/**
 * The steps of `optimizeWorkflow`. What a study tries next is a pure function of its trials (backtest/optimise), and
 * each trial is a row whose first outcome counts: a step that is run again, here or in another worker, changes
 * nothing.
 */
import { Context } from '@temporalio/activity';
import type {
  StudyPart,
  StudyRepository,
  StudyTrial,
  TrialParameters,
  TrialRun,
} from '../adapters/study-repository.ts';
import type { Json } from '../core/json.ts';
import type { Logger } from '../observability/logger.ts';
import { beating } from './beating.ts';
import { withFailures } from './failures.ts';

/** A study with its bars read, and threads that run its backtests. */
export interface OpenedStudy {
  /** Of the bars. */
  readonly fingerprint: string;
  /** Trials at most. */
  readonly most: number;
  /** The points after `trials`; none when the search is over. */
  next(trials: readonly StudyTrial[]): readonly TrialParameters[];
  /** Which of the trials, all tried, are run out of sample. Throws STRATEGY_FAILED where every one failed. */
  best(trials: readonly StudyTrial[]): readonly number[];
  /** A strategy that throws is an outcome; rejects with the reason of `signal` once that is aborted. */
  run(parameters: TrialParameters, part: StudyPart, signal: AbortSignal): Promise<TrialRun>;
  /** The report on trials that are all tried, the best on both parts. */
  report(trials: readonly StudyTrial[]): Json;
}

export interface StudyDesk {
  /** Opens the study, or takes the one that is open. Throws INVALID_INPUT and the like for what cannot be. */
  use<T>(studyId: string, spec: Json, work: (study: OpenedStudy) => Promise<T>): Promise<T>;
}

export interface StudyStep {
  readonly studyId: string;
}
export interface OpenStudyStep extends StudyStep {
  readonly spec: Json;
  readonly askedBy: string;
}
export interface TrialStep extends StudyStep {
  readonly number: number;
  readonly part: StudyPart;
}
export interface PauseStep extends StudyStep {
  /** Null: it goes on. */
  readonly reason: string | null;
}
export interface EndStep extends StudyStep {
  readonly status: 'failed' | 'cancelled';
  readonly reason: string;
  readonly reasonCode: string | null;
}

/** A run that is due. */
export interface DueRun {
  readonly number: number;
  /** For a person: `fast=10 slow=30`. */
  readonly parameters: string;
}
export interface DueRuns {
  readonly part: StudyPart;
  /** None: all is done. At most `PAGE` at once. */
  readonly runs: readonly DueRun[];
}
export interface TrialNews {
  readonly score: number | null;
  readonly failed: boolean;
}

export interface StudyActivities {
  /** Checks what was asked for and writes it down. Resolves with the number of trials at most. */
  openStudy(step: OpenStudyStep): Promise<{ readonly most: number }>;
  nextRuns(step: StudyStep): Promise<DueRuns>;
  /** Heartbeats while its backtest runs. */
  runTrial(step: TrialStep): Promise<TrialNews>;
  concludeStudy(step: StudyStep): Promise<void>;
  pauseStudy(step: PauseStep): Promise<void>;
  endStudy(step: EndStep): Promise<void>;
}

export interface StudyDeps {
  readonly studies: StudyRepository;
  readonly desk: StudyDesk;
  readonly logger: Logger;
}

/** Keeps what one step says to the workflow small. */
const PAGE = 500;

export function createStudyActivities({ studies, desk, logger }: StudyDeps): StudyActivities {
  /** With the bars held to those that the study began with. */
  async function using<T>(
    studyId: string,
    work: (study: OpenedStudy) => T | Promise<T>,
  ): Promise<T> {
    const { spec } = await studies.get(studyId);
    return desk.use(studyId, spec, async (study) => {
      await studies.holdTo(studyId, study.fingerprint);
      return work(study);
    });
  }

  /** Asks for more where nothing is due. */
  async function dueInSample(studyId: string, trials: readonly StudyTrial[]): Promise<DueRun[]> {
    const untried = trials.filter(({ outcome }) => outcome === null);
    if (untried.length > 0) return untried.map(dueRun);
    const points = await using(studyId, (study) => study.next(trials));
    const first = trials.length + 1;
    await studies.addTrials(studyId, first, points);
    return points.map((parameters, index) => dueRun({ number: first + index, parameters }));
  }

  return withFailures<StudyActivities>({
    openStudy: ({ studyId, spec, askedBy }) =>
      beating(async () => {
        await studies.create({ studyId, spec, askedBy });
        const most = await using(studyId, (study) => study.most);
        logger.info({ study: studyId, trials: most }, 'study_opened');
        return { most };
      }),

    nextRuns: ({ studyId }) =>
      beating(async () => {
        const trials = await studies.trials(studyId);
        const due = await dueInSample(studyId, trials);
        if (due.length > 0) return { part: 'in sample', runs: due.slice(0, PAGE) };
        const best = await using(studyId, (study) => study.best(trials));
        const left = trials.filter(
          ({ number, outOfSample }) => best.includes(number) && outOfSample === null,
        );
        return { part: 'out of sample', runs: left.map(dueRun) };
      }),

    async runTrial({ studyId, number, part }) {
      const { cancellationSignal } = Context.current();
      const trial = await studies.trial(studyId, number);
      const known = part === 'in sample' ? trial.outcome : trial.outOfSample;
      if (known === null) {
        const run = await beating(() =>
          using(studyId, (study) => study.run(trial.parameters, part, cancellationSignal)),
        );
        await studies.recordRun(studyId, number, run);
      }
      const { score, failure } = await studies.trial(studyId, number);
      return { score, failed: failure !== null };
    },

    concludeStudy: ({ studyId }) =>
      beating(async () => {
        const trials = await studies.trials(studyId);
        const report = await using(studyId, (study) => study.report(trials));
        await studies.end(studyId, { status: 'done', reason: null, report });
        logger.info({ study: studyId, trials: trials.length }, 'study_done');
      }),

    pauseStudy: ({ studyId, reason }) => studies.setPaused(studyId, reason),

    async endStudy({ studyId, ...end }) {
      await studies.end(studyId, end);
      logger.info({ study: studyId, ...end }, 'study_ended');
    },
  });
}

function dueRun({ number, parameters }: Pick<StudyTrial, 'number' | 'parameters'>): DueRun {
  return { number, parameters: parametersText(parameters) };
}

function parametersText(parameters: TrialParameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
