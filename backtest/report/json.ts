/** A backtest as JSON: everything it handed out and its summary, to be kept, read back and rendered again. */
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Summary } from '../metrics.ts';
import { plainResult, type BacktestResult, type EquityCurve } from '../result.ts';

/** Grows when a reader of the older form would go wrong. */
export const REPORT_FORMAT = 'keel-backtest/1';

export interface BacktestDocument {
  readonly format: typeof REPORT_FORMAT;
  readonly summary: Summary;
  /** The result with its columns as plain arrays. */
  readonly result: Omit<BacktestResult, 'equity'> & {
    readonly equity: Readonly<Record<keyof EquityCurve, readonly number[]>>;
  };
}

/** The whole result and its summary as a JSON-safe object: decimals are strings, columns plain arrays. */
export function toJson(result: BacktestResult, summary: Summary): BacktestDocument {
  const { at, value, invested } = result.equity;
  return {
    format: REPORT_FORMAT,
    summary,
    result: {
      ...plainResult(result),
      equity: { at: [...at], value: [...value], invested: [...invested] },
    },
  };
}

const column = z.array(z.number());
/** Enough to tell a report from another file; what Keel wrote itself is not checked field by field. */
const documentSchema = z.looseObject({
  format: z.literal(REPORT_FORMAT),
  summary: z.looseObject({ finalEquity: z.string(), roundTrips: z.number() }),
  result: z.looseObject({
    run: z.looseObject({ wallet: z.string(), finalEquity: z.string() }),
    orders: z.array(z.unknown()),
    fills: z.array(z.unknown()),
    trades: z.array(z.unknown()),
    markets: z.array(z.unknown()),
    notices: z.array(z.unknown()),
    equity: z.strictObject({ at: column, value: column, invested: column }),
  }),
});

/**
 * Reads back what `toJson` made, after JSON.stringify and JSON.parse.
 * @throws KeelError INVALID_INPUT where it is something else, or of another version
 */
export function fromJson(document: Json): { result: BacktestResult; summary: Summary } {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    throw new KeelError(
      'INVALID_INPUT',
      `this is no backtest report of the format ${REPORT_FORMAT}: ${z.prettifyError(parsed.error)}`,
    );
  }
  // The document is what toJson made: its type is the schema's with the fields that are not checked.
  const { result, summary } = document as unknown as BacktestDocument;
  const { at, value, invested } = result.equity;
  return {
    summary,
    result: {
      ...result,
      equity: {
        at: Float64Array.from(at),
        value: Float64Array.from(value),
        invested: Float64Array.from(invested),
      },
    },
  };
}
