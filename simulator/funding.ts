/** When contracts pay funding, and at which rate: recorded, or one constant. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { KeelError } from '../core/errors.ts';
import { decimalString } from '../core/decimal-strings.ts';
import type { SimulatorOptions } from './options.ts';

export const FUNDING_EVERY_MS = 8 * 3_600_000;
const DEFAULT_RATE = '0.0001';
const HEADER = 'timestamp_ms,funding_rate';
/** Venues stamp a payment a little after the full hour. */
const LATE_MS = 60_000;

export interface FundingSchedule {
  /** The rate to pay at this market time, or undefined where none is due. */
  dueAt(marketTime: number): string | undefined;
  /** The rate of the next payment after this market time, and when. */
  nextAfter(marketTime: number): { readonly rate: string; readonly at: number };
}

/** Throws INVALID_INPUT for a file that is no recording of rates. */
export function fundingSchedule({
  funding = { rate: DEFAULT_RATE },
  fundingEveryMs = FUNDING_EVERY_MS,
}: NonNullable<SimulatorOptions['contracts']>): FundingSchedule {
  const recorded = 'file' in funding ? loadRates(funding.file, fundingEveryMs) : undefined;
  const rateAt = (at: number): string | undefined =>
    'rate' in funding ? funding.rate : recorded?.get(at);
  const next = (marketTime: number): number =>
    (Math.floor(marketTime / fundingEveryMs) + 1) * fundingEveryMs;
  return {
    dueAt: (marketTime) => (marketTime % fundingEveryMs === 0 ? rateAt(marketTime) : undefined),
    nextAfter: (marketTime) => ({
      rate: rateAt(next(marketTime)) ?? '0',
      at: next(marketTime),
    }),
  };
}

/** Rates by the full interval they belong to. */
function loadRates(file: string, everyMs: number): ReadonlyMap<number, string> {
  const flaw = (what: string): KeelError => new KeelError('INVALID_INPUT', `${file}: ${what}`);
  let rows: string[][];
  try {
    rows = parse(readFileSync(file, 'utf8'), { skip_empty_lines: true });
  } catch (cause) {
    throw new KeelError('INVALID_INPUT', `${file} cannot be read: give a .csv file`, { cause });
  }
  const [header, ...body] = rows;
  if (header?.join(',') !== HEADER) throw flaw(`the header is not "${HEADER}"`);
  return new Map(
    body.map(([time = '', rate = ''], index) => {
      const at = Math.floor(Number(time) / everyMs) * everyMs;
      if (!/^\d+$/.test(time) || Number(time) - at > LATE_MS) {
        throw flaw(
          `row ${String(index + 2)}: ${time} is not within a minute after a payment's time`,
        );
      }
      if (!decimalString.safeParse(rate).success) {
        throw flaw(`row ${String(index + 2)}: "${rate}" is no decimal`);
      }
      return [at, rate];
    }),
  );
}
