/** What a venue lets one trade, and in which steps. Quantity is always in base. */
import { z } from 'zod';
import { nonNegativeDecimal, positiveDecimal } from './decimal-strings.ts';
import { symbol } from './symbol.ts';

export const instrumentSchema = z.strictObject({
  exchange: z.string().min(1),
  symbol,
  /** The venue's own name, such as `BTCUSDT`. */
  venueSymbol: z.string().min(1),
  base: z.string().min(1),
  quote: z.string().min(1),
  /** Settlement asset of a derivative; absent for spot. */
  settle: z.string().min(1).optional(),
  /** Absent for spot. */
  contract: z.enum(['linear', 'inverse']).optional(),
  /** Contracts only: notional per margin, as it is set at the venue for the account. Absent: 1. */
  leverage: positiveDecimal.optional(),
  /** Base units of one contract; `"1"` for spot. */
  contractSize: positiveDecimal,
  priceTick: positiveDecimal,
  minPrice: nonNegativeDecimal,
  /** `"0"` where the venue states none. */
  maxPrice: nonNegativeDecimal,
  quantityStep: positiveDecimal,
  minQuantity: nonNegativeDecimal,
  maxQuantity: positiveDecimal,
  /** The same three for market orders, where the venue has limits of their own. */
  marketQuantityStep: positiveDecimal.optional(),
  marketMinQuantity: nonNegativeDecimal.optional(),
  marketMaxQuantity: positiveDecimal.optional(),
  /** Smallest price × quantity, in quote. */
  minNotional: nonNegativeDecimal,
  /** A limit price must lie within these multiples of the venue's average price (Binance PERCENT_PRICE_BY_SIDE). */
  priceBand: z
    .strictObject({
      bidUp: positiveDecimal,
      bidDown: positiveDecimal,
      askUp: positiveDecimal,
      askDown: positiveDecimal,
    })
    .optional(),
  /** Fee as a fraction of notional: `"0.001"` is 0.1 %. */
  makerFeeRate: nonNegativeDecimal,
  takerFeeRate: nonNegativeDecimal,
});

export type Instrument = Readonly<z.infer<typeof instrumentSchema>>;
