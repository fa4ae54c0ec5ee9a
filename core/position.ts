/**
 * A position by average cost, of spot or of a linear contract. `applyFill` is the only arithmetic that turns fills into holdings: the
 * ledger, the simulator, the paper venue and the backtest all call it.
 */
import { z } from 'zod';
import { decimalString } from './decimal-strings.ts';
import { decimal, toDecimalString } from './money.ts';
import { symbol } from './symbol.ts';

export const positionSchema = z.strictObject({
  symbol,
  /** Signed, in base; a fee taken in base has already left it. */
  quantity: decimalString,
  /** Quote paid for what is held now (average cost × quantity), without quote fees. Signed as the quantity. */
  cost: decimalString,
  /** Quote earned by closing, after fees in base and quote, and with a contract's funding. */
  realisedPnl: decimalString,
  /**
   * Net quote that flowed in (+) or out (−) through trades, quote fees and funding. Of a contract the trades'
   * part is reckoned only: no notional changes hands.
   */
  quoteFlow: decimalString,
  /** Fees so far by asset, positive is paid. */
  fees: z.record(z.string(), decimalString),
  /** Contracts only: funding received (+) or paid (−) so far, in the settlement asset. */
  funding: decimalString.default('0'),
});
export type Position = Readonly<z.infer<typeof positionSchema>>;

/**
 * Two parts of one position, held on different accounts, as one. Every figure adds up, so what holds of the
 * parts (realised P&L = quote flow + cost) holds of the whole.
 */
export function sumPositions(one: Position, other: Position): Position {
  const add = (a = '0', b = '0'): string => toDecimalString(decimal(a).plus(b));
  const feeAssets = new Set([...Object.keys(one.fees), ...Object.keys(other.fees)]);
  return {
    symbol: one.symbol,
    quantity: add(one.quantity, other.quantity),
    cost: add(one.cost, other.cost),
    realisedPnl: add(one.realisedPnl, other.realisedPnl),
    quoteFlow: add(one.quoteFlow, other.quoteFlow),
    funding: add(one.funding, other.funding),
    fees: Object.fromEntries(
      [...feeAssets].map((asset) => [asset, add(one.fees[asset], other.fees[asset])]),
    ),
  };
}
