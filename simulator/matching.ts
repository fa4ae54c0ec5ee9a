/**
 * The matching engine of one account: takes orders, locks and moves money, fills against the recorded
 * market. It knows no clock, wire or fault; prices and times are given to it. Contracts' money is in
 * contract-book.ts.
 *
 * A market order fills at once at the price of the moment with the fill model's slippage. A limit order
 * fills at once as taker, at the price of the moment, where it is marketable; else it rests and is matched
 * against each closing minute. A stop rests until the market reaches its trigger, and then fills as a market
 * order at the price that reached it; a stop-limit goes on as a limit order from there. Liquidity has no bottom, so
 * an order fills whole unless its `fillPlan` says otherwise. A fee is taken from what is received, or from a third
 * asset while there is enough of it.
 */
import { barPath, isMarketable, marketFillPrice } from '../core/fill-model.ts';
import { Decimal, decimal } from '../core/money.ts';
import type { Position } from '../core/position.ts';
import { type AssetBalance, Balances } from './balances.ts';
import type { Candle } from './candles.ts';
import {
  ContractBook,
  type ContractSettings,
  type ContractTerms,
  type Ohlc,
  settleOf,
  type Stretch,
  type VenueClose,
} from './contract-book.ts';
import { OrderLog } from './order-log.ts';
import {
  distanceTo,
  fillsWhole,
  isMarketableNow,
  newOrder,
  nextPiece,
  reachedPrice,
  Refusal,
  rests,
  wouldTrigger,
} from './order-terms.ts';
import type { EngineEvent, EngineOrder, EngineTrade, FundingRecord, NewOrder } from './orders.ts';
import { type FeeTerms, Till } from './till.ts';

export interface EngineOptions extends FeeTerms {
  readonly openingBalances: Readonly<Record<string, string>>;
  readonly slippageBps: number;
  readonly contracts: ContractTerms;
  /** Order and trade ids count up from here. */
  readonly idBase: number;
}

export class MatchingEngine {
  readonly balances: Balances;
  readonly contracts: ContractBook;
  readonly #options: EngineOptions;
  readonly #till: Till;
  readonly #log: OrderLog;
  readonly #listeners = new Set<(event: EngineEvent) => void>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.balances = new Balances(options.openingBalances);
    this.contracts = new ContractBook(this.balances, options.contracts);
    this.#till = new Till(this.balances, this.contracts, options);
    this.#log = new OrderLog(options.idBase);
  }

  /** Takes over an earlier engine's books, in place of the opening balances; new ids follow theirs. */
  restore(books: {
    readonly orders: readonly EngineOrder[];
    readonly trades: readonly EngineTrade[];
    readonly balances: readonly AssetBalance[];
    readonly contracts: {
      readonly positions: readonly Position[];
      readonly settings: readonly (ContractSettings & { readonly symbol: string })[];
      readonly funding: readonly FundingRecord[];
    };
  }): void {
    this.balances.replace(books.balances);
    this.contracts.restore(books.contracts);
    const fundingIds = books.contracts.funding.map(({ fundingId }) => fundingId);
    this.#log.restore(books.orders, books.trades, fundingIds);
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Oldest first. */
  orders(): EngineOrder[] {
    return this.#log.orders();
  }

  openOrders(): EngineOrder[] {
    return this.#log.openOrders();
  }

  /** Oldest first. */
  trades(): readonly EngineTrade[] {
    return this.#log.trades();
  }

  /** One order's trades, oldest first. */
  tradesOf(order: EngineOrder): EngineTrade[] {
    return this.#log.trades().filter((trade) => trade.order === order);
  }

  order(orderId: number): EngineOrder | undefined {
    return this.#log.order(orderId);
  }

  /** The newest order of that client order id. */
  orderByClientId(venueSymbol: string, clientOrderId: string): EngineOrder | undefined {
    return this.#log.orderByClientId(venueSymbol, clientOrderId);
  }

  /** Takes an order at the price of the moment. Throws `Refusal`. */
  place(request: NewOrder, price: string, at: number): EngineOrder {
    const { instrument, clientOrderId } = request;
    const earlier = this.#log.orderByClientId(instrument.venueSymbol, clientOrderId);
    if (earlier !== undefined && this.#log.isOpen(earlier)) {
      throw new Refusal('DUPLICATE');
    }
    if (request.instrument.contract !== undefined) {
      const moment = { open: price, high: price, low: price, close: price };
      this.#liquidateWithin(request.instrument.symbol, moment, { from: 0, to: Infinity }, at);
    }
    const marketable = isMarketableNow(request, price);
    const wouldMatch = request.kind === 'LIMIT_MAKER' && marketable;
    if (wouldMatch && request.endsIfMatched !== true) {
      throw new Refusal('WOULD_MATCH');
    }
    if (wouldTrigger(request, price)) {
      throw new Refusal('WOULD_TRIGGER');
    }
    const fillPrice = request.kind === 'MARKET' ? this.#slipped(request, price) : price;
    const order = newOrder(this.#log.nextOrderId, request, fillPrice, at);
    this.#till.check(order, fillPrice, this.openOrders());
    this.#enter(order, at);
    if (marketable && !wouldMatch && (order.timeInForce !== 'FOK' || fillsWhole(order))) {
      this.#fillChance(order, decimal(fillPrice), false, at);
    }
    if (order.kind === 'MARKET' || order.timeInForce !== 'GTC' || wouldMatch) {
      this.#expireRest(order, at);
    }
    this.#tellBalances(order, at);
    return order;
  }

  #enter(order: EngineOrder, at: number): void {
    this.#log.enter(order);
    this.#tell({ kind: 'new', order, at });
  }

  /** Cancels an open order; undefined where nothing of that order is open. */
  cancel(order: EngineOrder, cancelId: string, at: number): EngineOrder | undefined {
    if (!this.#log.isOpen(order)) {
      return undefined;
    }
    this.#close(order, 'CANCELED', at);
    this.#tell({ kind: 'cancelled', order, cancelId, at });
    this.#tellBalances(order, at);
    return order;
  }

  /** Matches resting orders against a closing minute, in the order in which its path reaches them. */
  matchBar(symbol: string, bar: Candle, at: number): void {
    const path = barPath(bar).map(Number);
    let walked = 0;
    const meetings = this.#log
      .openOrders()
      .filter((order) => order.instrument.symbol === symbol)
      .flatMap((order) => {
        const price = reachedPrice(order, bar);
        return price === null ? [] : [{ order, price, distance: distanceTo(path, Number(price)) }];
      })
      .sort(byDistance);
    for (let next = meetings.shift(); next !== undefined; next = meetings.shift()) {
      const { order, price, distance } = next;
      this.#liquidateWithin(symbol, bar, { from: walked, to: distance }, at);
      walked = distance;
      if (!this.#log.isOpen(order)) {
        continue;
      }
      if (order.stopPrice === undefined || order.triggeredAt !== undefined) {
        this.#fillChance(order, decimal(price), true, at);
      } else if (order.kind === 'STOP_LIMIT') {
        const limit = this.#triggerLimit(order, price, at) ? null : order.price.toFixed();
        const later = limit === null ? Infinity : distanceTo(path, Number(limit), distance);
        if (limit !== null && later !== Infinity) {
          meetings.push({ order, price: limit, distance: later });
          meetings.sort(byDistance);
        }
      } else {
        this.#trigger(order, price, at);
      }
      this.#tellBalances(order, at);
    }
    this.#liquidateWithin(symbol, bar, { from: walked, to: Infinity }, at);
  }

  /** Liquidates what is held where this stretch of the minute's path reaches its liquidation price. */
  #liquidateWithin(symbol: string, bar: Ohlc, stretch: Stretch, at: number): void {
    const price = this.contracts.liquidationWithin(symbol, bar, stretch);
    if (price !== null) {
      this.closeByVenue(symbol, { cause: 'liquidation', price }, at);
    }
  }

  /**
   * The venue closes a position, or so much of it, by an order of its own; a liquidation first takes the
   * account's orders on the contract off the book. Undefined where nothing is held.
   */
  closeByVenue(symbol: string, how: VenueClose, at: number): EngineOrder | undefined {
    const orderId = this.#log.nextOrderId;
    const known = this.orders().findLast((one) => one.instrument.symbol === symbol);
    const request = known && this.contracts.closingOrder(known.instrument, how, orderId);
    if (request === undefined) {
      return undefined;
    }
    const { cause } = how;
    if (cause === 'liquidation') {
      for (const order of this.openOrders().filter((one) => one.instrument.symbol === symbol)) {
        this.#expireRest(order, at);
      }
    }
    const order: EngineOrder = { ...newOrder(orderId, request, how.price, at), cause };
    this.#enter(order, at);
    this.#fillChance(order, order.price, false, at);
    this.#tellBalances(order, at);
    return order;
  }

  /** Books funding at the mark of the moment on what is held. */
  fund(symbol: string, rate: string, at: number): FundingRecord | undefined {
    const record = this.contracts.fund(symbol, rate, at, () => this.#log.takeTradeId());
    if (record !== undefined) {
      this.#tell({ kind: 'balances', assets: [record.asset], symbol, reason: 'funding', at });
    }
    return record;
  }

  /** From here on a limit order; true where the price that triggered it is within its limit, and it took. */
  #triggerLimit(order: EngineOrder, price: string, at: number): boolean {
    order.triggeredAt = at;
    order.updatedAt = at;
    this.#tell({ kind: 'triggered', order, at });
    const takes = isMarketable({ side: order.side, limitPrice: order.price.toFixed(), price });
    if (takes) this.#fillChance(order, decimal(price), false, at);
    return takes;
  }

  /** From here on a market order; what its money does not cover any more expires. */
  #trigger(order: EngineOrder, price: string, at: number): void {
    this.#till.unlock(order);
    order.triggeredAt = at;
    order.updatedAt = at;
    this.#tell({ kind: 'triggered', order, at });
    const fillPrice = decimal(this.#slipped(order, price));
    if (this.#till.covers(order, fillPrice, this.openOrders())) {
      this.#fillChance(order, fillPrice, false, at);
    }
    this.#expireRest(order, at);
  }

  #slipped(request: Pick<NewOrder, 'side' | 'instrument'>, price: string): string {
    return marketFillPrice({
      side: request.side,
      price,
      slippageBps: this.#options.slippageBps,
      priceTick: request.instrument.priceTick,
    });
  }

  #fillChance(order: EngineOrder, price: Decimal, maker: boolean, at: number): void {
    const atOnce = !rests(order) || order.timeInForce !== 'GTC';
    do {
      const closable = order.reduceOnly ? this.contracts.closable(order) : undefined;
      if (closable?.isZero() === true) {
        this.#expireRest(order, at);
        return;
      }
      const piece = nextPiece(order);
      const quantity = closable === undefined ? piece : Decimal.min(piece, closable);
      if (quantity.isZero()) {
        return;
      }
      this.#execute(order, price, quantity, maker, at);
    } while (atOnce && order.filled.lt(order.quantity));
  }

  #execute(
    order: EngineOrder,
    price: Decimal,
    quantity: Decimal,
    maker: boolean,
    at: number,
  ): void {
    const cost = price.mul(quantity);
    const moved = this.#till.pay(order, price, quantity, maker);
    order.filled = order.filled.add(quantity);
    order.filledQuote = order.filledQuote.add(cost);
    order.updatedAt = at;
    order.state = order.filled.eq(order.quantity) ? 'FILLED' : 'PARTIALLY_FILLED';
    if (order.state === 'FILLED') {
      this.#log.close(order);
    }
    const trade: EngineTrade = {
      tradeId: this.#log.takeTradeId(),
      order,
      price,
      quantity,
      quote: cost,
      ...moved,
      maker,
      at,
    };
    this.#log.record(trade);
    this.#tell({ kind: 'trade', order, trade, at });
  }

  #expireRest(order: EngineOrder, at: number): void {
    if (this.#log.isOpen(order)) {
      this.#close(order, 'EXPIRED', at);
      this.#tell({ kind: 'expired', order, at });
    }
  }

  #close(order: EngineOrder, state: 'CANCELED' | 'EXPIRED', at: number): void {
    this.#till.unlock(order);
    order.state = state;
    order.updatedAt = at;
    this.#log.close(order);
  }

  #tellBalances(order: EngineOrder, at: number): void {
    const { symbol, base, quote, contract } = order.instrument;
    const assets = new Set(contract === undefined ? [base, quote] : [settleOf(symbol)]);
    if (contract === undefined && this.#options.feeIn !== 'received') {
      assets.add(this.#options.feeIn);
    }
    this.#tell({ kind: 'balances', assets: [...assets], symbol, reason: 'order', at });
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }
}

/** In the order in which the path meets them, of equally near ones the older. */
function byDistance(
  a: { readonly order: EngineOrder; readonly distance: number },
  b: { readonly order: EngineOrder; readonly distance: number },
): number {
  return a.distance - b.distance || a.order.orderId - b.order.orderId;
}
