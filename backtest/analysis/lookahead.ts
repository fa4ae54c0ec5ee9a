/**
 * Does a strategy look ahead? Each signal is asked for again on data that ends where it was given: a strategy that
 * knows no future gives it again, equal. It cannot see a strategy that reads the future from a file of its own.
 */
import { intervalMs } from '../../core/time.ts';
import { RunPool, type PoolOptions } from '../optimise/run-pool.ts';
import type { AskedSignal, RunRequest, Study } from '../optimise/study.ts';
import { KeelError } from '../../core/errors.ts';

export interface Bias {
  /** As it was given on all data. */
  readonly signal: AskedSignal;
  /** What was given at that time on data that ends there; empty: nothing. */
  readonly instead: readonly AskedSignal[];
}

export interface Lookahead {
  /** Signals of the run on all data, and how many of them were asked for again. */
  readonly signals: number;
  readonly checked: number;
  /** By time; empty where no bias was found. */
  readonly biased: readonly Bias[];
}

/**
 * Checks at most `most` signals, spread over the run from the first to the last. Each thread loads the strategy
 * anew, and the cut runs go from the shortest to the longest in one that never saw more: what a strategy keeps in
 * its module from an earlier run holds no future.
 * @throws KeelError STRATEGY_FAILED where it fails on all data
 */
export async function findLookahead(
  study: Study,
  most: number,
  options: Pick<PoolOptions, 'signal'> = {},
  onProgress?: (done: number, total: number) => void,
): Promise<Lookahead> {
  if (!Number.isInteger(most) || most < 1) {
    throw new KeelError(
      'INVALID_INPUT',
      `${String(most)} signals to check: give a whole number from 1`,
    );
  }
  const signals = await signalsOn(study, [{ parameters: {}, wants: 'signals' }], options);
  const all = signals[0] ?? [];
  if (all instanceof Error) throw new KeelError('STRATEGY_FAILED', all.message);
  const chosen = spread(all, most);
  const requests = chosen.map((signal): RunRequest => ({
    parameters: {},
    wants: 'signals',
    dataTo: endOfData(study, signal),
  }));
  let done = 0;
  const again = await signalsOn(study, requests, options, () => {
    onProgress?.((done += 1), requests.length);
  });
  const biased = chosen.flatMap((signal, index): Bias[] => {
    const given = again[index] ?? [];
    const then = given instanceof Error ? [] : given.filter(({ at }) => at === signal.at);
    return then.some((other) => same(other, signal)) ? [] : [{ signal, instead: then }];
  });
  return { signals: all.length, checked: chosen.length, biased };
}

/** In one thread, so that they run in this order; an error where the strategy failed. */
async function signalsOn(
  study: Study,
  requests: readonly RunRequest[],
  options: Pick<PoolOptions, 'signal'>,
  onDone?: () => void,
): Promise<(readonly AskedSignal[] | Error)[]> {
  const pool = new RunPool(study, { ...options, workers: 1 });
  try {
    const outcomes = await pool.run(requests, onDone);
    return outcomes.map((outcome) =>
      outcome.ok ? (outcome.answer.signals ?? []) : new Error(outcome.message),
    );
  } finally {
    await pool.close();
  }
}

/** What was asked for at a close was known there; what was asked when an order changed, at the end of that bar. */
function endOfData({ input }: Study, { at, onOrder }: AskedSignal): number {
  if (!onOrder) return at;
  return at + Math.max(...input.series.map(({ interval }) => intervalMs(interval)));
}

/** `most` of them at even distances, the first and the last among them. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return all.filter((_, index) => {
    const place = (index * (most - 1)) / (all.length - 1);
    const before = ((index - 1) * (most - 1)) / (all.length - 1);
    return index === 0 || Math.floor(place) > Math.floor(before);
  });
}

function same(a: AskedSignal, b: AskedSignal): boolean {
  return (
    a.at === b.at &&
    a.symbol === b.symbol &&
    a.side === b.side &&
    a.type === b.type &&
    a.price === b.price &&
    a.quantity === b.quantity &&
    a.tag === b.tag
  );
}
