/**
 * The paper venue's books: its orders as they are stored, what they lock, and how they fill. Pure: a
 * function of books, order, price and bars, so that matching the same bars again gives the same fills.
 */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import {
  feeOf,
  isMarketable,
  isStopReached,
  limitFillPrice,
  marketFillPrice,
  stopLimitReached,
  stopReachedPrice,
} from '../../../core/fill-model.ts';
import { type Fill, fillSchema, side } from '../../../core/fill.ts';
import { type Instrument, instrumentSchema } from '../../../core/instrument.ts';
import type { Kline } from '../../../core/kline.ts';
import { emptyPosition, ledgerEntries } from '../../../core/ledger.ts';
import { decimalString } from '../../../core/decimal-strings.ts';
import { Decimal, decimal, toDecimalString } from '../../../core/money.ts';
import { orderType, timeInForce } from '../../../core/signal.ts';
import { timestamp } from '../../../core/time.ts';
import type { Json } from '../../../core/json.ts';
import type { PlaceOrderRequest, VenueOrder } from '../../trade-adapter.ts';

export const paperOrderSchema = z.strictObject({
  clientOrderId: z.string().min(1),
  symbol: z.string().min(1),
  side,
  type: orderType,
  price: decimalString.nullable(),
  /** Orders written before there were stops have none. */
  stopPrice: decimalString.nullable().default(null),
  /** Of limit orders; null is `gtc`. */
  timeInForce: timeInForce.nullable().default(null),
  quantity: decimalString,
  /** Expired: `ioc` or `fok` that met nothing; a stop that was reached when the account could not pay for it. */
  status: z.enum(['NEW', 'FILLED', 'CANCELED', 'EXPIRED']),
  /** Of stop-limits that were reached: `executedAt` of the minute in which they became limit orders. */
  triggeredAt: timestamp.nullable().default(null),
  /** Market time. */
  acceptedAt: timestamp,
  updatedAt: timestamp,
  /** `closeAt` of the last bar it was matched against. */
  matchedThrough: timestamp,
  /** As it was when the order was accepted, so that later matching is a function of order and bars. */
  instrument: instrumentSchema,
  feeIn: z.string().min(1),
  feeAssetPrice: decimalString.nullable(),
  /** Of what trades at market, in hundredths of a per cent. */
  slippageBps: z.number().nonnegative().default(0),
  fills: z.array(fillSchema),
});
export type PaperOrder = Readonly<z.infer<typeof paperOrderSchema>>;

/** What `PaperStore.transact` hands out. */
export interface Books {
  readonly orders: Map<string, Json>;
  /** Totals by asset, what is locked included. */
  readonly balances: Map<string, string>;
}

export interface PaperFees {
  readonly feeIn: string;
  /** Of the fee asset, in the order's quote; null where it is the base or the quote. */
  readonly feeAssetPrice: string | null;
}

export function openOrdersOf(books: Books): PaperOrder[] {
  return [...books.orders.values()]
    .map((json) => paperOrderSchema.parse(json))
    .filter((order) => order.status === 'NEW');
}

/** What an asset's open orders hold back: base for sells; quote, with a fee taken in quote, for buys. */
export function lockedOf(orders: readonly PaperOrder[], asset: string): Decimal {
  return orders.reduce((sum, order) => sum.plus(lockOf(order)[asset] ?? '0'), new Decimal(0));
}

function lockOf(
  order: Pick<PaperOrder, 'side' | 'quantity' | 'price' | 'stopPrice' | 'instrument' | 'feeIn'>,
): Readonly<Record<string, string>> {
  const { base, quote, makerFeeRate, takerFeeRate } = order.instrument;
  if (order.side === 'sell') return { [base]: order.quantity };
  const notional = decimal(order.quantity).mul(order.price ?? order.stopPrice ?? '0');
  const paysQuote = order.feeIn === 'quote' || order.feeIn === quote;
  const feeRate = order.stopPrice === null ? makerFeeRate : takerFeeRate;
  const whole = paysQuote ? notional.mul(decimal(feeRate).plus(1)) : notional;
  return { [quote]: toDecimalString(whole) };
}

/**
 * Takes an order at `price`: a market order, and a limit order that is marketable, fills at once; else it
 * rests, as a stop does, and locks what it needs, or expires where it may not wait. Throws VENUE_DUPLICATE_ID,
 * VENUE_INSUFFICIENT_BALANCE, VENUE_WOULD_MATCH and VENUE_WOULD_TRIGGER, changing nothing.
 */
export function acceptOrder(
  books: Books,
  request: PlaceOrderRequest,
  market: {
    readonly instrument: Instrument;
    readonly price: string;
    readonly now: number;
    readonly slippageBps: number;
  } & PaperFees,
): PaperOrder {
  const { clientOrderId } = request;
  if (books.orders.has(clientOrderId)) {
    throw new KeelError(
      'VENUE_DUPLICATE_ID',
      `the paper venue has an order ${clientOrderId} already: look it up`,
    );
  }
  const order: PaperOrder = {
    clientOrderId,
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    price: request.price ?? null,
    stopPrice: request.stopPrice ?? null,
    timeInForce: request.timeInForce ?? null,
    quantity: toDecimalString(decimal(request.quantity)),
    status: 'NEW',
    triggeredAt: null,
    acceptedAt: market.now,
    updatedAt: market.now,
    matchedThrough: market.now,
    instrument: market.instrument,
    feeIn: market.feeIn,
    feeAssetPrice: market.feeAssetPrice,
    slippageBps: market.slippageBps,
    fills: [],
  };
  const price = immediatePrice(order, market.price);
  if (price === null) {
    for (const [asset, needed] of Object.entries(lockOf(order))) requireFree(books, asset, needed);
    const waits = order.timeInForce !== 'ioc' && order.timeInForce !== 'fok';
    const taken: PaperOrder = waits ? order : { ...order, status: 'EXPIRED' };
    store(books, taken);
    return taken;
  }
  const fill = fillAt(books, order, price, 'taker', market.now);
  for (const [asset, change] of changesOf(fill)) {
    if (change.isNegative()) requireFree(books, asset, toDecimalString(change.neg()));
  }
  return book(books, order, fill, market.now);
}

/** What it fills at now, or null where it rests. Throws VENUE_WOULD_TRIGGER and VENUE_WOULD_MATCH. */
function immediatePrice(order: PaperOrder, price: string): string | null {
  const { side: way, price: limitPrice, stopPrice } = order;
  if (stopPrice !== null) {
    if (!isStopReached({ side: way, stopPrice, price })) return null;
    throw new KeelError(
      'VENUE_WOULD_TRIGGER',
      `the market at ${price} has reached the stop price ${stopPrice} of ${order.clientOrderId} already`,
    );
  }
  if (limitPrice === null) return slipped(order, price);
  if (!isMarketable({ side: way, limitPrice, price })) return null;
  if (order.timeInForce !== 'post-only') return price;
  throw new KeelError(
    'VENUE_WOULD_MATCH',
    `post-only at ${limitPrice}, ${order.clientOrderId} would trade at once with the market at ${price}`,
  );
}

function slipped({ side: way, slippageBps, instrument }: PaperOrder, price: string): string {
  return marketFillPrice({ side: way, price, slippageBps, priceTick: instrument.priceTick });
}

/** Matches one open order against bars, oldest first; returns it as it then is. */
export function matchOrder(books: Books, order: PaperOrder, bars: readonly Kline[]): PaperOrder {
  if (order.status !== 'NEW') return order;
  let waiting = order;
  for (const bar of bars) {
    if (bar.closeAt <= waiting.matchedThrough) continue;
    waiting = { ...waiting, matchedThrough: bar.closeAt };
    const met = metWithin(waiting, bar);
    if (met === null) continue;
    // Inside the bar: the fill belongs to the minute whose prices made it.
    const at = bar.closeAt - 1;
    if (met.kind === 'stop') return trigger(books, waiting, met.price, at);
    if (met.triggers) waiting = { ...waiting, triggeredAt: at, updatedAt: at };
    if (met.fill === null) continue;
    const { price, liquidity } = met.fill;
    return book(books, waiting, fillAt(books, waiting, price, liquidity, at), at);
  }
  if (waiting === order) return order;
  store(books, waiting);
  return waiting;
}

/** What a bar does to an order that waits. */
type Met =
  | { readonly kind: 'stop'; readonly price: string }
  | {
      readonly kind: 'limit';
      readonly triggers: boolean;
      readonly fill: Pick<Fill, 'price' | 'liquidity'> | null;
    };

function metWithin(order: PaperOrder, bar: Kline): Met | null {
  const { side: way, price: limitPrice } = order;
  const stopPrice = order.triggeredAt === null ? order.stopPrice : null;
  const own = stopPrice ?? limitPrice;
  if (own === null) return null;
  // What a bar did before the order came is past: then its open is no price of ours.
  const seen = bar.openAt < order.acceptedAt ? { ...bar, open: own } : bar;
  if (stopPrice !== null && limitPrice !== null) {
    const reached = stopLimitReached({ side: way, stopPrice, limitPrice, bar: seen });
    return reached === null ? null : { kind: 'limit', triggers: true, fill: reached.fill };
  }
  if (stopPrice !== null) {
    const price = stopReachedPrice({ side: way, stopPrice, bar: seen });
    return price === null ? null : { kind: 'stop', price };
  }
  const price = limitFillPrice({ side: way, limitPrice: own, bar: seen });
  const fill = price === null ? null : { price, liquidity: 'maker' as const };
  return fill === null ? null : { kind: 'limit', triggers: false, fill };
}

/** A stop that is reached fills as a market order, or expires where the account cannot pay for it. */
function trigger(books: Books, order: PaperOrder, price: string, at: number): PaperOrder {
  const fill = fillAt(books, order, slipped(order, price), 'taker', at);
  const others = openOrdersOf(books).filter((one) => one.clientOrderId !== order.clientOrderId);
  const covered = [...changesOf(fill)].every(([asset, change]) =>
    decimal(books.balances.get(asset) ?? '0')
      .minus(lockedOf(others, asset))
      .plus(change)
      .gte(0),
  );
  if (covered) return book(books, order, fill, at);
  const expired: PaperOrder = { ...order, status: 'EXPIRED', updatedAt: at };
  store(books, expired);
  return expired;
}

/** Throws VENUE_ORDER_NOT_FOUND where nothing is open under that id. */
export function cancelIn(books: Books, clientOrderId: string, now: number): void {
  const stored = books.orders.get(clientOrderId);
  const order = stored === undefined ? undefined : paperOrderSchema.parse(stored);
  if (order?.status !== 'NEW') {
    throw new KeelError(
      'VENUE_ORDER_NOT_FOUND',
      `the paper venue has no open order ${clientOrderId}${order === undefined ? '' : `: it is ${order.status}`}`,
    );
  }
  store(books, { ...order, status: 'CANCELED', updatedAt: now });
}

function fillAt(
  books: Books,
  order: PaperOrder,
  price: string,
  liquidity: Fill['liquidity'],
  executedAt: number,
): Fill {
  const { instrument, quantity } = order;
  const reckon = (feeIn: string): { feeAmount: string; feeAsset: string } =>
    feeOf({
      side: order.side,
      price,
      quantity,
      liquidity,
      instrument,
      feeIn,
      ...(order.feeAssetPrice === null ? {} : { feeAssetPrice: order.feeAssetPrice }),
    });
  const wanted = reckon(order.feeIn);
  // As at the venue: without enough of the third asset the fee is taken from what is received.
  const third = wanted.feeAsset !== instrument.base && wanted.feeAsset !== instrument.quote;
  const enough = decimal(books.balances.get(wanted.feeAsset) ?? '0').gte(wanted.feeAmount);
  const fee = third && !enough ? reckon('received') : wanted;
  return {
    exchange: instrument.exchange,
    symbol: order.symbol,
    venueTradeId: `paper-${order.clientOrderId}-1`,
    venueOrderId: venueOrderIdOf(order.clientOrderId),
    clientOrderId: order.clientOrderId,
    side: order.side,
    price,
    quantity,
    ...fee,
    liquidity,
    executedAt,
  };
}

function book(books: Books, order: PaperOrder, fill: Fill, now: number): PaperOrder {
  for (const [asset, change] of changesOf(fill)) {
    const total = decimal(books.balances.get(asset) ?? '0').plus(change);
    books.balances.set(asset, toDecimalString(total));
  }
  const filled: PaperOrder = { ...order, status: 'FILLED', updatedAt: now, fills: [fill] };
  store(books, filled);
  return filled;
}

/** What a fill does to each asset, trade and fee together. */
function changesOf(fill: Fill): ReadonlyMap<string, Decimal> {
  const changes = new Map<string, Decimal>();
  // The paper venue plays spot, where the entries do not depend on the position.
  for (const { asset, amount } of ledgerEntries(fill, emptyPosition(fill.symbol))) {
    changes.set(asset, (changes.get(asset) ?? new Decimal(0)).plus(amount));
  }
  return changes;
}

function store(books: Books, order: PaperOrder): void {
  books.orders.set(order.clientOrderId, JSON.parse(JSON.stringify(order)) as Json);
}

function requireFree(books: Books, asset: string, needed: string): void {
  const free = decimal(books.balances.get(asset) ?? '0').minus(
    lockedOf(openOrdersOf(books), asset),
  );
  if (free.gte(needed)) return;
  throw new KeelError(
    'VENUE_INSUFFICIENT_BALANCE',
    `the order needs ${needed} ${asset}, ${toDecimalString(free)} is free`,
  );
}

function venueOrderIdOf(clientOrderId: string): string {
  return `paper-${clientOrderId}`;
}

const STATES = {
  NEW: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  EXPIRED: 'expired',
} as const;

export function venueOrderOf(order: PaperOrder): VenueOrder {
  const sum = (values: readonly Decimal[]): string =>
    toDecimalString(values.reduce((total, value) => total.plus(value), new Decimal(0)));
  return {
    clientOrderId: order.clientOrderId,
    venueOrderId: venueOrderIdOf(order.clientOrderId),
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    price: order.price,
    stopPrice: order.stopPrice,
    quantity: order.quantity,
    filledQuantity: sum(order.fills.map((fill) => decimal(fill.quantity))),
    filledQuote: sum(order.fills.map((fill) => decimal(fill.quantity).mul(fill.price))),
    state:
      order.status === 'NEW' && order.triggeredAt !== null ? 'triggered' : STATES[order.status],
    rawStatus: order.status,
    updatedAt: order.updatedAt,
  };
}
