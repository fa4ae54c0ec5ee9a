/**
 * A position by average cost. `applyFill` is the only arithmetic that turns fills into holdings: the
 * ledger, the simulator, the paper venue and the backtest all call it.
 */
import { z } from 'zod';
import { decimalString } from './money.ts';
import { symbol } from './symbol.ts';

export const positionSchema = z.strictObject({
  symbol,
  /** Signed, in base; a fee taken in base has already left it. */
  quantity: decimalString,
  /** Quote paid for what is held now (average cost × quantity), without quote fees. Signed as the quantity. */
  cost: decimalString,
  /** Quote earned by closing, after fees in base and quote. */
  realisedPnl: decimalString,
  /** Net quote that flowed in (+) or out (−) through trades and quote fees. */
  quoteFlow: decimalString,
  /** Fees so far by asset, positive is paid. */
  fees: z.record(z.string(), decimalString),
});
export type Position = Readonly<z.infer<typeof positionSchema>>;
