/** A fill is a fact: the venue traded. It is booked once per venue trade id, whatever state we believed in. */
import { z } from 'zod';
import { decimalString, positiveDecimal } from './decimal-strings.ts';
import { symbol } from './symbol.ts';
import { timestamp } from './time.ts';

export const side = z.enum(['buy', 'sell']);
export type Side = z.infer<typeof side>;

export const fillSchema = z.strictObject({
  exchange: z.string().min(1),
  symbol,
  /** Unique per exchange and symbol: the key that makes booking idempotent. */
  venueTradeId: z.string().min(1),
  venueOrderId: z.string().min(1),
  clientOrderId: z.string().min(1),
  side,
  price: positiveDecimal,
  /** In base. */
  quantity: positiveDecimal,
  /** Signed: positive is paid, negative is a rebate. */
  feeAmount: decimalString,
  /** The base, the quote or a third asset such as BNB. */
  feeAsset: z.string().min(1),
  liquidity: z.enum(['maker', 'taker']),
  executedAt: timestamp,
});

export type Fill = Readonly<z.infer<typeof fillSchema>>;

/** A trade of an account, whoever made it: Keel, a person, another program, the venue itself. */
export type AccountTrade = Omit<Fill, 'clientOrderId'> & {
  /** Null where the venue does not tell it. */
  readonly clientOrderId: string | null;
  /**
   * Contracts only: what the venue says it realised, signed, in the settlement asset, without the fee. The
   * account's one position decides it, which no strategy's books need to know.
   */
  readonly realisedPnl?: string;
};
