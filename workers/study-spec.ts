/** What a study is asked for, as JSON: the HTTP API takes it, and research workers read it. */
import { z } from 'zod';
import { objectives } from '../backtest/optimise/objective.ts';
import { samplerNames } from '../backtest/optimise/sampler.ts';
import { runOptionsSchema, type RunOptions } from '../cli/backtest/run-options.ts';
import { KeelError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { interval } from '../core/time.ts';

/** Options that name files: a worker has its own library and strategies, and reads nothing else for anybody. */
export const FILE_OPTIONS = ['data', 'dataDir', 'strategyPath', 'funding', 'detail'] as const;

const MOST_TRIALS = 10_000;
const MOST_AT_ONCE = 256;

export const studySpecSchema = z
  .strictObject({
    /** The keys of a `--config` file of `keel backtest`, but for those that name files; bars come from the library. */
    run: runOptionsSchema
      .omit({ data: true, dataDir: true, strategyPath: true, funding: true })
      .extend({ strategy: z.string().min(1), detail: interval.optional() }),
    /** Such as `fast=5..50:5`; empty: every bounded parameter. */
    space: z.array(z.string().min(1)).default([]),
    sampler: z.enum(samplerNames).default('tpe'),
    objective: z.enum(objectives).default('sharpe'),
    /** Round trips below which a trial has no score. */
    minTrades: z.int().min(0).default(10),
    trials: z.int().min(1).max(MOST_TRIALS).default(100),
    seed: z
      .int()
      .min(-(2 ** 31))
      .max(2 ** 31 - 1)
      .default(1),
    /** Share of the time that is searched on. */
    inSample: z.number().gt(0).lt(1).default(0.7),
    /** How many of the best are run on the rest. */
    best: z.int().min(1).max(100).default(5),
    /** Trials under way at once, over all workers. */
    concurrency: z.int().min(1).max(MOST_AT_ONCE).default(16),
  })
  .meta({ id: 'StudySpec' });

export type StudySpec = z.infer<typeof studySpecSchema>;

/** Throws INVALID_INPUT naming every fault. */
export function parseStudySpec(spec: Json): StudySpec {
  const parsed = studySpecSchema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new KeelError('INVALID_INPUT', `no study: ${faults.join('; ')}`, { details: { faults } });
}

/** The run's options as a backtest takes them. */
export function runOptionsOf({ run: { detail, ...run } }: StudySpec): RunOptions {
  return { ...run, ...(detail === undefined ? {} : { detail: [detail] }) };
}
