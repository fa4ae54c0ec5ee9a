/**
 * The venue of a backtest: takes orders at a bar's open, matches resting ones inside the bar, and books the
 * fills. It follows simulator/matching.ts, which speaks for the venue in live tests; the parity test holds both
 * to the same fills.
 */
import { growth, initialMargin } from '../core/contract.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Side } from '../core/fill.ts';
import { Decimal, plainNumber } from '../core/money.ts';
import { firstTouch, type Distance, type Path, type Touch } from './bar-walk.ts';
import type { Books } from './books.ts';
import type { CostModel, Costs, MarketPrice } from './costs.ts';
import { FillLog } from './fill-log.ts';
import { fromFixedPoint, toFixedPoint, unitOf } from './fixed-point.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import { divideDown, magnitude, minus, plus, type Scaled, times } from './scaled.ts';

const NONE: readonly Order[] = [];

export class Venue {
  readonly fills = new FillLog();
  /** Orders that changed since they were last taken, in the order of the changes; of a strategy that listens. */
  changes: Order[] = [];
  /** Σ |price − price of the moment| × quantity, as money. */
  slippagePaid: Scaled = 0;
  /** Told of each fill at once. */
  onFill: (order: Order, price: Scaled) => void = () => undefined;
  readonly #books: Books;
  /** By the index of the market. */
  readonly #costs: readonly Costs[];
  readonly #model: CostModel;
  readonly #tells: boolean;

  /** @param tells whether anybody takes the changes */
  constructor(books: Books, costs: readonly Costs[], model: CostModel, tells: boolean) {
    this.#books = books;
    this.#costs = costs;
    this.#model = model;
    this.#tells = tells;
  }

  /** An order changed: the strategy is to be told. */
  tell(order: Order): void {
    if (this.#tells) this.changes.push(order);
  }

  /**
   * An order reaches the venue while the price of its market is that of the moment: it fills, rests, or is
   * refused.
   */
  send(order: Order, at: number): void {
    const { request, market } = order;
    // Bars that are missing make nothing late: it was sent when it was asked for, and meets the next price there is.
    const sentAt = request.eventTime + this.#model.latencyBars * market.lengthMs;
    if (!order.reducing && sentAt > request.validUntil) {
      const reason = `it was sent at ${String(sentAt)}, past validUntil ${String(request.validUntil)}`;
      this.#end(order, 'expired', 'expired', at, 'SIGNAL_EXPIRED', reason);
      return;
    }
    const { stopPrice } = request;
    const { price } = market;
    if (stopPrice !== undefined) {
      const reached =
        order.side === 'buy' ? price >= Number(stopPrice) : price <= Number(stopPrice);
      if (reached) {
        const reason = `the market at ${plainNumber(price)} has reached the stop price ${stopPrice} already`;
        this.#refuse(order, at, 'VENUE_WOULD_TRIGGER', reason);
        return;
      }
    }
    const takes =
      request.type === 'market' || (request.type === 'limit' && isWithinLimit(order, price));
    if (takes && request.timeInForce === 'post-only') {
      const reason = `post-only at ${order.price ?? ''}, it would trade at once with the market at ${plainNumber(price)}`;
      this.#refuse(order, at, 'VENUE_WOULD_MATCH', reason);
      return;
    }
    order.placedAt = at;
    order.state = 'working';
    order.status = 'open';
    if (takes) this.#sendAtOnce(order, at);
    else this.#rest(order, at);
    if (worksOnce(order) && !order.isOver) this.#expireRest(order, at);
  }

  /** An order that meets nothing at once waits, if the account can pay for it. */
  #rest(order: Order, at: number): void {
    if (!this.#covers(order, this.#ownPrice(order))) {
      this.#refuse(order, at, 'VENUE_INSUFFICIENT_BALANCE', 'the balance does not cover it');
      return;
    }
    order.touch(at);
    this.tell(order);
  }

  /** Goes on with market orders that a thin bar left unfilled. */
  goOn(order: Order, at: number): void {
    this.#fillAtMarket(order, order.market.price, at);
  }

  /** Cancels an order that is not final; false where it is. */
  cancel(order: Order, at: number, reason: string): boolean {
    if (order.isOver) return false;
    this.#end(order, 'done', 'cancelled', at, null, reason);
    return true;
  }

  /** Where a resting order is reached on the path, from `from` on; null where it is not. */
  reached(order: Order, path: Path, from: Distance): Touch | null {
    const { trigger } = order;
    const price = Number(trigger ?? this.#ownPrice(order));
    const falls = (order.side === 'buy') !== (trigger !== undefined);
    return firstTouch(path, from, price, falls ? 'falls' : 'rises', order.market.prices.factor);
  }

  /**
   * How many of its prices an order could meet on the path: a stop-limit its trigger, and its limit where that is
   * on the other side of it.
   */
  meetings(order: Order, path: Path): number {
    const touch = this.reached(order, path, 0);
    if (touch === null) return 0;
    if (order.trigger === undefined || order.price === null) return 1;
    const limit = Number(order.price);
    const within = Math.min(...path) <= limit && limit <= Math.max(...path);
    return within && !isWithinLimit(order, touch.price) ? 2 : 1;
  }

  /**
   * A resting order meets its price: a limit order trades there, a stop becomes a market order, and a stop-limit a
   * limit order, which trades at once if that price is within its limit.
   */
  meet(order: Order, price: number, at: number): void {
    if (order.trigger === undefined) {
      this.#fill(order, order.market.prices.read(price), true, at);
      return;
    }
    if (order.request.type === 'stop-limit') {
      order.triggered = true;
      if (isWithinLimit(order, price)) {
        this.#fill(order, order.market.prices.read(price), false, at);
      } else {
        order.touch(at);
        this.tell(order);
      }
      return;
    }
    if (!this.#covers(order, plainNumber(price), order)) {
      this.#end(
        order,
        'done',
        'expired',
        at,
        'VENUE_INSUFFICIENT_BALANCE',
        'reached when the account could not pay for it',
      );
      return;
    }
    this.#fillAtMarket(order, price, at);
  }

  /** Trades an order of the house (a guard's exit, a liquidation) at a price that was met. */
  tradeAt(order: Order, price: number, at: number): void {
    order.placedAt = at;
    order.state = 'working';
    order.status = 'open';
    this.#books.openOrders.push(order);
    this.#fillAtMarket(order, price, at);
  }

  #sendAtOnce(order: Order, at: number): void {
    const { market } = order;
    const traded = order.request.type === 'market' ? this.#atMarket(order, market.price) : null;
    const price = traded === null ? market.prices.read(market.price) : traded.price;
    if (!this.#coversAt(order, price)) {
      this.#refuse(order, at, 'VENUE_INSUFFICIENT_BALANCE', 'the balance does not cover it');
      return;
    }
    if (traded !== null) this.#fillTraded(order, traded, at);
    else if (order.request.timeInForce !== 'fok' || this.#chance(order) === order.quantity) {
      this.#fill(order, price, false, at);
    }
  }

  #expireRest(order: Order, at: number): void {
    const { timeInForce } = order.request;
    const reason =
      order.filled === 0
        ? `${timeInForce ?? ''}: it could not trade ${timeInForce === 'fok' ? 'whole ' : ''}at once`
        : `${timeInForce ?? ''}: the rest could not trade at once`;
    // What it traded just now is told with its end.
    if (this.changes.at(-1) === order) this.changes.pop();
    this.#end(order, 'done', 'expired', at, null, reason);
  }

  #fillAtMarket(order: Order, price: number, at: number): void {
    this.#fillTraded(order, this.#atMarket(order, price), at);
  }

  #atMarket(order: Order, price: number): MarketPrice {
    return this.#costsOf(order.market).atMarket(order.side, price, this.#share(order));
  }

  #fillTraded(order: Order, traded: MarketPrice, at: number): void {
    const { market } = order;
    const quantity = this.#fill(order, traded.price, false, at);
    if (traded.price === traded.plain) return;
    const paid = times(magnitude(minus(traded.price, traded.plain)), quantity);
    this.slippagePaid = plus(this.slippagePaid, this.#money(market, paid));
  }

  /** Share of the bar's volume that an order asks for, at most all of it. */
  #share(order: Order): number {
    if (this.#model.impact === 0) return 0;
    const quantity = Number(order.remaining) / 10 ** order.market.quantityPlaces;
    return Math.min(quantity / Math.max(order.market.bar.volume, quantity), 1);
  }

  /** Fills what the bar's volume allows; returns the quantity. */
  #fill(order: Order, price: Scaled, maker: boolean, at: number): Scaled {
    const quantity = this.#chance(order);
    if (quantity <= 0) return 0;
    const { market } = order;
    const fee = this.#costsOf(market).fee(order.side, price, quantity, maker ? 'maker' : 'taker');
    const books = this.#books;
    const booked = { side: order.side, price, quantity, fee: fee.amount, feeAsset: fee.asset };
    books.holding(market).apply(booked);
    books.recount();

    if (quantity !== order.remaining) {
      const released = divideDown(times(order.reserved, quantity), order.remaining);
      order.reserve(minus(order.reserved, released));
    }
    order.filled = plus(order.filled, quantity);
    order.filledQuote = plus(order.filledQuote, times(price, quantity));
    order.fee = plus(order.fee, fee.amount);
    order.feeAsset = fee.asset;
    if (order.remaining === 0) this.#end(order, 'done', 'filled', at);
    else {
      order.status = 'partially_filled';
      order.touch(at);
      this.tell(order);
    }
    this.fills.add(order, price, quantity, fee, maker, at);
    this.onFill(order, price);
    return quantity;
  }

  #chance(order: Order): Scaled {
    const { volumeShare } = this.#model;
    const { remaining, market } = order;
    if (volumeShare === null) return remaining;
    const most = new Decimal(market.bar.volume)
      .mul(volumeShare)
      .toDecimalPlaces(market.quantityPlaces, Decimal.ROUND_DOWN);
    const { step } = market.lots.market;
    const cut = times(divideDown(toFixedPoint(most.toFixed(), market.quantityPlaces), step), step);
    return cut < remaining ? cut : remaining;
  }

  /** The price at which an order that rests is reckoned: its limit, or its trigger. */
  #ownPrice(order: Order): string {
    return order.price ?? order.request.stopPrice ?? plainNumber(order.market.price);
  }

  #covers(order: Order, price: string, except?: Order): boolean {
    return this.#coversAt(order, toFixedPoint(price, order.market.prices.places), except);
  }

  /**
   * Whether the account can pay for the order at this price, with what its other resting orders lock; fees are
   * not counted, as at the venue.
   */
  #coversAt(order: Order, price: Scaled, except: Order = order): boolean {
    const { market, side } = order;
    const books = this.#books;
    const others =
      books.openOrders.length === 1 && books.openOrders[0] === except
        ? NONE
        : books.openOrders.filter((other) => other !== except && other.rests);
    if (market.isContract) return this.#coversContract(order, price, others);
    if (side === 'sell') {
      let free = books.holding(market).quantity;
      for (const other of others) {
        if (other.market === market && other.side === 'sell') free = minus(free, other.remaining);
      }
      return free >= order.remaining;
    }
    const notional = times(price, order.remaining);
    if (others.length === 0 && books.surelyPays(market.notionalNumber(notional))) return true;
    let free = books.balance();
    for (const other of others) {
      if (other.side === 'buy' && !other.market.isContract) free = minus(free, this.#lock(other));
    }
    return free >= this.#money(market, notional);
  }

  #lock(order: Order): Scaled {
    const { market } = order;
    const price = toFixedPoint(this.#ownPrice(order), market.prices.places);
    return this.#money(market, times(price, order.remaining));
  }

  /** A notional of the market as money. */
  #money(market: Market, notional: Scaled): Scaled {
    return times(notional, unitOf(this.#books.moneyPlaces - market.notionalPlaces));
  }

  /** Margin for what the order adds must be free: wallet and profit less the margins of what is held and ordered. */
  #coversContract(order: Order, price: Scaled, others: readonly Order[]): boolean {
    const { market } = order;
    const needed = this.#margin(order, fromFixedPoint(price, market.prices.places));
    if (needed.isZero()) return true;
    const books = this.#books;
    let free = new Decimal(books.toText(books.balance()));
    for (const holding of books.holdings) {
      if (!holding.market.isContract || holding.quantity === 0) continue;
      const { mark, instrument } = holding.market;
      const notional = new Decimal(plainNumber(mark)).mul(holding.view().quantity);
      free = free
        .plus(notional)
        .minus(books.toText(holding.cost))
        .minus(initialMargin(notional, instrument.leverage ?? '1'));
    }
    for (const other of others) free = free.minus(this.#margin(other, this.#ownPrice(other)));
    return free.gte(needed);
  }

  #margin(order: Order, price: string): Decimal {
    const { market, side } = order;
    const remaining = fromFixedPoint(order.remaining, market.quantityPlaces);
    const grown = growth(this.#books.position(market.symbol).quantity, side, remaining);
    const margin = initialMargin(new Decimal(price).mul(grown), market.instrument.leverage ?? '1');
    return new Decimal(margin);
  }

  #refuse(order: Order, at: number, code: ErrorCode, reason: string): void {
    this.#end(order, 'failed', 'rejected', at, code, reason);
  }

  #end(
    order: Order,
    state: Order['state'],
    status: Order['status'],
    at: number,
    code: ErrorCode | null = null,
    reason: string | null = null,
  ): void {
    this.#books.release(order);
    order.end(state, status, at, code, reason);
    this.tell(order);
  }

  #costsOf(market: Market): Costs {
    const costs = this.#costs[market.index];
    if (costs === undefined) throw new Error(`no costs of ${market.symbol}`);
    return costs;
  }
}

/** Whether the limit of an order lets it trade at a price. */
function isWithinLimit({ side, price: limit }: Order, price: number): boolean {
  return side === 'buy' ? Number(limit) >= price : Number(limit) <= price;
}

/** It works only at the moment it is sent. */
function worksOnce({ request: { timeInForce } }: Order): boolean {
  return timeInForce === 'ioc' || timeInForce === 'fok';
}

/** The side on which an order that closes such a quantity trades. */
export function closingSide(quantity: Scaled): Side {
  return quantity < 0 ? 'buy' : 'sell';
}
