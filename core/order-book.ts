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

export interface FeeRates {
  /** Fractions of notional. */
  readonly takerFeeRate: string;
  readonly makerFeeRate: string;
}

/** An order as the book sees it; `price` is the limit price, null for a market order. */
export interface BookOrder {
  readonly side: Side;
  /** More than zero. */
  readonly quantity: string;
  readonly price: string | null;
}

/** The levels an order takes from, best first: those of the other side, up to its limit price. */
export function levelsFor(
  book: Pick<OrderBook, 'bids' | 'asks'>,
  order: Pick<BookOrder, 'side' | 'price'>,
): readonly BookLevel[] {
  const limit = order.price;
  if (order.side === 'buy') {
    return limit === null ? book.asks : book.asks.filter(([price]) => decimal(price).lte(limit));
  }
  return limit === null ? book.bids : book.bids.filter(([price]) => decimal(price).gte(limit));
}

/** A price with the fee in it: what a buy pays, or a sell receives, per base unit. */
export function priceWithFee(side: Side, price: string, feeRate: string): Decimal {
  return decimal(price).mul(
    side === 'buy' ? decimal(feeRate).plus(1) : new Decimal(1).minus(feeRate),
  );
}

/**
 * The average price per base unit, fees included, of the whole quantity: what the book offers, and for a
 * limit order the rest at its limit, as maker. Null where a market order finds less than its quantity.
 */
export function effectivePrice(
  book: Pick<OrderBook, 'bids' | 'asks'>,
  order: BookOrder,
  fees: FeeRates,
): string | null {
  let left = decimal(order.quantity);
  let quote = new Decimal(0);
  for (const [price, offered] of levelsFor(book, order)) {
    const taken = Decimal.min(left, offered);
    quote = quote.plus(taken.mul(priceWithFee(order.side, price, fees.takerFeeRate)));
    left = left.minus(taken);
    if (left.isZero()) break;
  }
  if (!left.isZero()) {
    if (order.price === null) return null;
    quote = quote.plus(left.mul(priceWithFee(order.side, order.price, fees.makerFeeRate)));
  }
  return toDecimalString(quote.div(order.quantity));
}

/** Longest age of a book by which an order is routed, ms. */
const MAX_AGE_MS = 10_000;

/** Why no order can be routed by this book, for people; null when one can. `venueTime` is that of its venue. */
export function bookFault(book: OrderBook, venueTime: number): string | null {
  const ageMs = venueTime - book.at;
  if (ageMs > MAX_AGE_MS) {
    return `its book is ${String(ageMs)} ms old, the oldest allowed is ${String(MAX_AGE_MS)} ms`;
  }
  const [bid] = book.bids;
  const [ask] = book.asks;
  if (bid === undefined || ask === undefined) return 'a side of its book is empty';
  if (decimal(bid[0]).gte(ask[0])) return `its book is crossed: bid ${bid[0]}, ask ${ask[0]}`;
  return null;
}
