/**
 * Studies that this process works on: each with its bars in memory and threads that run its backtests. One that is
 * not asked for anything for a while is put away; the next step of it reads the bars again.
 */
import { createHash } from 'node:crypto';
import type { OpenedStudy, StudyDesk } from '../activities/study-activities.ts';
import type { StudyPart, StudyTrial, TrialRun } from '../adapters/study-repository.ts';
import { bestOf, holdoutOf, partsOf, reportOf } from '../backtest/optimise/holdout.ts';
import { RunPool, type RunOutcome } from '../backtest/optimise/run-pool.ts';
import { Course, ranked, trialOf, type Search, type Trial } from '../backtest/optimise/search.ts';
import type { RunRequest, Study } from '../backtest/optimise/study.ts';
import type { Summary } from '../backtest/metrics.ts';
import { openBacktest } from '../cli/backtest/open-backtest.ts';
import { openSearch } from '../cli/backtest/open-study.ts';
import type { BarSeries } from '../core/bar-series.ts';
import type { Json } from '../core/json.ts';
import type { StrategyRegistry } from '../strategies/registry.ts';
import { parseStudySpec, runOptionsOf } from './study-spec.ts';

export interface StudyDeskOptions {
  readonly registry: StrategyRegistry;
  /** Files that `registry` has own strategies of: threads load them anew. */
  readonly strategyPath: readonly string[];
  /** The library of bars is in its `bars`; where absent, where the environment says. */
  readonly dataDir?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of each study. */
  readonly threads: number;
  /** Milliseconds without a step after which a study is put away. Default a minute. */
  readonly idleMs?: number;
  /** Longest a run may take. Default half an hour. */
  readonly runLimitMs?: number;
}

const IDLE_MS = 60_000;
const RUN_LIMIT_MS = 1_800_000;

interface OnDesk {
  readonly study: OpenedStudy & { close(): Promise<void> };
  users: number;
  idle: NodeJS.Timeout | undefined;
}

export interface OpenDesk extends StudyDesk {
  /** Ends all threads; runs under way are rejected. */
  close(): Promise<void>;
}

export function createStudyDesk(options: StudyDeskOptions): OpenDesk {
  const studies = new Map<string, OnDesk>();

  async function putAway(studyId: string, { study, idle }: OnDesk): Promise<void> {
    // The place of one that hung may have been taken by a new one.
    if (studies.get(studyId)?.study === study) studies.delete(studyId);
    clearTimeout(idle);
    await study.close();
  }

  function take(studyId: string, spec: Json): OnDesk {
    const known = studies.get(studyId);
    if (known !== undefined) return known;
    const opened: OnDesk = {
      study: openStudy(spec, options, () => void putAway(studyId, opened)),
      users: 0,
      idle: undefined,
    };
    studies.set(studyId, opened);
    return opened;
  }

  return {
    async use(studyId, spec, work) {
      const taken = take(studyId, spec);
      clearTimeout(taken.idle);
      taken.users += 1;
      try {
        return await work(taken.study);
      } finally {
        taken.users -= 1;
        if (taken.users === 0) {
          const idle = options.idleMs ?? IDLE_MS;
          taken.idle = setTimeout(() => void putAway(studyId, taken), idle).unref();
        }
      }
    },
    async close() {
      await Promise.all([...studies].map(([studyId, study]) => putAway(studyId, study)));
    },
  };
}

/** @param onStuck told when a run hangs: the study's threads are of no more use */
function openStudy(spec: Json, desk: StudyDeskOptions, onStuck: () => void): OnDesk['study'] {
  const { registry, dataDir, environment, strategyPath } = desk;
  const asked = parseStudySpec(spec);
  const run = {
    ...runOptionsOf(asked),
    ...(dataDir === undefined ? {} : { dataDir }),
    strategyPath: [...strategyPath],
  };
  const input = openBacktest({ environment }, run, registry);
  const { study, target, span, options: search } = openSearch({ run, registry, input }, asked);
  const parts = partsOf(span, asked.inSample);
  const holdout = { ...search, inSample: asked.inSample, best: asked.best };
  const course = new Course(target, search);
  const pool = new RunPool(study, { workers: desk.threads });

  function searchOf(trials: readonly StudyTrial[]): Search {
    const tried = trials.map(({ number, parameters, outcome }) =>
      trialOf(number, parameters, outcomeOf(outcome), search),
    );
    course.next(tried);
    return ranked(tried, course.rejected);
  }

  async function runOnce(request: RunRequest, signal: AbortSignal): Promise<RunOutcome> {
    const limit = desk.runLimitMs ?? RUN_LIMIT_MS;
    const outcome = await within(pool.run([request]), limit, signal);
    if (outcome !== null) return outcome[0] ?? { ok: false, message: 'it was not run' };
    onStuck();
    return { ok: false, message: `it took longer than ${String(limit / 60_000)} minutes` };
  }

  return {
    fingerprint: fingerprintOf(study),
    most: search.trials,
    next: (trials) => course.next(trials),
    best: (trials) => bestOf(searchOf(trials), asked.best).map(({ number }) => number),
    async run(parameters, part, signal) {
      const request = { ...stretchOf(part), parameters, wants: 'summary' as const };
      return toRun(part, await runOnce(request, signal));
    },
    report(trials) {
      const found = searchOf(trials);
      const outside = bestOf(found, asked.best).map(({ number }) =>
        summaryOf(outcomeOf(trials.find((trial) => trial.number === number)?.outOfSample ?? null)),
      );
      return reportOf(holdoutOf(parts, found, outside, holdout), search) as unknown as Json;
    },
    close: () => pool.close(),
  };

  function stretchOf(part: StudyPart) {
    return part === 'in sample' ? parts.inSample : parts.outOfSample;
  }

  function toRun(part: StudyPart, outcome: RunOutcome): TrialRun {
    const { score, failure }: Trial = trialOf(0, {}, outcome, search);
    return { part, outcome: outcome as unknown as Json, score, failure };
  }
}

/** What `toRun` made of it. */
function outcomeOf(document: Json): RunOutcome | undefined {
  return document === null ? undefined : (document as unknown as RunOutcome);
}

function summaryOf(outcome: RunOutcome | undefined): Summary | null {
  return outcome?.ok === true ? outcome.answer.summary : null;
}

/** Null where it takes longer; rejects with the reason of `signal` once that is aborted. */
async function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T | null> {
  signal.throwIfAborted();
  const ended = new AbortController();
  try {
    return await Promise.race([
      work,
      new Promise<null>((resolve, reject) => {
        const timer = setTimeout(resolve, ms, null);
        const abort = (): void => {
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', abort);
        ended.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
        });
      }),
    ]);
  } finally {
    ended.abort();
  }
}

/** Of all bars, their markets and instruments: two workers with the same have the same trials. */
function fingerprintOf({ input }: Study): string {
  const hash = createHash('sha256').update(JSON.stringify([input.exchange, input.instruments]));
  for (const series of [...input.series, ...(input.detail ?? [])]) hashSeries(hash, series);
  return hash.digest('hex');
}

function hashSeries(hash: ReturnType<typeof createHash>, series: BarSeries): void {
  for (const [name, part] of Object.entries(series) as [string, unknown][]) {
    hash.update(name);
    if (part instanceof Float64Array) {
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    } else hash.update(JSON.stringify(part));
  }
}
