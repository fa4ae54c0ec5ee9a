/** What others offer at a venue, and what taking from it costs. Quantities are in base, prices in quote. */
import type { Side } from './fill.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

/** Price and the quantity offered at it. */
export type BookLevel = readonly [price: string, quantity: string];

export interface OrderBook {
  readonly symbol: string;
  /** Best (highest) first. */
  readonly bids: readonly BookLevel[];
  /** Best (lowest) first. */
  readonly asks: readonly BookLevel[];
  /** When it was asked for, by the venue's clock (`TradeAdapter.venueTime`), ms: it is at least as new. */
  readonly at: number;
}

/** The levels an order of this side takes from, best first. */
export function levelsFor(
  book: Pick<OrderBook, 'bids' | 'asks'>,
  side: Side,
): readonly BookLevel[] {
  return side === 'buy' ? book.asks : book.bids;
}

/** A price with the taker's fee in it: what a buy pays, or a sell receives, per base unit. */
export function priceWithFee(side: Side, price: string, takerFeeRate: string): Decimal {
  const fee = decimal(takerFeeRate);
  return decimal(price).mul(side === 'buy' ? fee.plus(1) : new Decimal(1).minus(fee));
}

/** True when a limit order of this side takes a level of this price; null is a market order. */
export function takes(side: Side, limitPrice: string | null, price: string): boolean {
  if (limitPrice === null) return true;
  return side === 'buy' ? decimal(price).lte(limitPrice) : decimal(price).gte(limitPrice);
}

/**
 * The average price per base unit, fee included, of taking the whole quantity at once; null where the book
 * (or its part within the limit price) does not hold so much.
 * @param quantity more than zero
 */
export function effectivePrice(
  book: Pick<OrderBook, 'bids' | 'asks'>,
  order: { readonly side: Side; readonly quantity: string; readonly limitPrice: string | null },
  takerFeeRate: string,
): string | null {
  let left = decimal(order.quantity);
  let quote = new Decimal(0);
  for (const [price, offered] of levelsFor(book, order.side)) {
    if (left.isZero() || !takes(order.side, order.limitPrice, price)) break;
    const taken = Decimal.min(left, offered);
    quote = quote.plus(taken.mul(priceWithFee(order.side, price, takerFeeRate)));
    left = left.minus(taken);
  }
  return left.isZero() ? toDecimalString(quote.div(order.quantity)) : null;
}
