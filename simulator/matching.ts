/**
 * The matching engine of one account: takes orders, locks and moves money, fills against the recorded
 * market. It knows no clock, wire or fault; prices and times are given to it. Contracts' money is in
 * contract-book.ts.
 *
 * A market order fills at once at the price of the moment with the fill model's slippage. A limit order
 * fills at once as taker, at the price of the moment, where it is marketable; else it rests and is matched
 * against each closing minute. A stop rests until the market reaches its trigger, and then fills as a market
 * order at the price that reached it. Liquidity has no bottom, so an order fills whole unless its `fillPlan` says
 * otherwise. A fee is taken from what is received, or from a third asset while there is enough of it.
 */
import { barPath, marketFillPrice, stopReachedPrice } from '../core/fill-model.ts';
import type { Instrument } from '../core/instrument.ts';
import { Decimal, decimal } from '../core/money.ts';
import { type AssetBalance, Balances } from './balances.ts';
import type { Candle } from './candles.ts';
import {
  ContractBook,
  type ContractSettings,
  type ContractTerms,
  settleOf,
} from './contract-book.ts';
import {
  distanceTo,
  isMarketableNow,
  newOrder,
  nextPiece,
  reachedPrice,
  Refusal,
  rests,
  wouldTrigger,
} from './order-terms.ts';
import type {
  EngineEvent,
  EngineOrder,
  EngineTrade,
  FundingRecord,
  NewOrder,
  VenueCause,
} from './orders.ts';
import type { Position } from '../core/position.ts';
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
  readonly #orders = new Map<number, EngineOrder>();
  readonly #newestByClientId = new Map<string, EngineOrder>();
  readonly #open = new Set<EngineOrder>();
  readonly #trades: EngineTrade[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #nextOrderId: number;
  #nextTradeId: number;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.balances = new Balances(options.openingBalances);
    this.contracts = new ContractBook(this.balances, options.contracts);
    this.#till = new Till(this.balances, this.contracts, options);
    this.#nextOrderId = options.idBase;
    this.#nextTradeId = options.idBase;
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
    for (const order of books.orders) {
      this.#orders.set(order.orderId, order);
      this.#newestByClientId.set(`${order.instrument.venueSymbol} ${order.clientOrderId}`, order);
      if (order.state === 'NEW' || order.state === 'PARTIALLY_FILLED') {
        this.#open.add(order);
      }
      this.#nextOrderId = Math.max(this.#nextOrderId, order.orderId + 1);
    }
    for (const trade of books.trades) {
      this.#trades.push(trade);
      this.#nextTradeId = Math.max(this.#nextTradeId, trade.tradeId + 1);
    }
    for (const { fundingId } of books.contracts.funding) {
      this.#nextTradeId = Math.max(this.#nextTradeId, fundingId + 1);
    }
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Oldest first. */
  orders(): EngineOrder[] {
    return [...this.#orders.values()];
  }

  openOrders(): EngineOrder[] {
    return [...this.#open];
  }

  /** Oldest first. */
  trades(): readonly EngineTrade[] {
    return this.#trades;
  }

  /** One order's trades, oldest first. */
  tradesOf(order: EngineOrder): EngineTrade[] {
    return this.#trades.filter((trade) => trade.order === order);
  }

  order(orderId: number): EngineOrder | undefined {
    return this.#orders.get(orderId);
  }

  /** The newest order of that client order id. */
  orderByClientId(venueSymbol: string, clientOrderId: string): EngineOrder | undefined {
    return this.#newestByClientId.get(`${venueSymbol} ${clientOrderId}`);
  }

  /** Takes an order at the price of the moment. Throws `Refusal`. */
  place(request: NewOrder, price: string, at: number): EngineOrder {
    const key = `${request.instrument.venueSymbol} ${request.clientOrderId}`;
    const earlier = this.#newestByClientId.get(key);
    if (earlier !== undefined && this.#open.has(earlier)) {
      throw new Refusal('DUPLICATE');
    }
    if (request.instrument.contract !== undefined) {
      const moment = { open: price, high: price, low: price, close: price };
      this.#liquidateWithin(request.instrument.symbol, moment, { from: 0, to: Infinity }, at);
    }
    const marketable = isMarketableNow(request, price);
    if (request.kind === 'LIMIT_MAKER' && marketable) {
      throw new Refusal('WOULD_MATCH');
    }
    if (wouldTrigger(request, price)) {
      throw new Refusal('WOULD_TRIGGER');
    }
    const fillPrice = request.kind === 'MARKET' ? this.#slipped(request, price) : price;
    const order = newOrder(this.#nextOrderId, request, fillPrice, at);
    this.#till.check(order, fillPrice, this.openOrders());
    this.#enter(order, at);
    if (marketable) {
      this.#fillChance(order, decimal(fillPrice), false, at);
    }
    if (order.kind === 'MARKET' || order.timeInForce !== 'GTC') {
      this.#expireRest(order, at);
    }
    this.#tellBalances(order, at);
    return order;
  }

  #enter(order: EngineOrder, at: number): void {
    this.#nextOrderId += 1;
    this.#orders.set(order.orderId, order);
    this.#newestByClientId.set(`${order.instrument.venueSymbol} ${order.clientOrderId}`, order);
    this.#open.add(order);
    this.#tell({ kind: 'new', order, at });
  }

  /** Cancels an open order; undefined where nothing of that order is open. */
  cancel(order: EngineOrder, cancelId: string, at: number): EngineOrder | undefined {
    if (!this.#open.has(order)) {
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
    const reached = [...this.#open]
      .filter((order) => order.instrument.symbol === symbol)
      .flatMap((order) => {
        const price = reachedPrice(order, bar);
        return price === null ? [] : [{ order, price, distance: distanceTo(path, Number(price)) }];
      })
      .sort((a, b) => a.distance - b.distance || a.order.orderId - b.order.orderId);
    for (const { order, price, distance } of reached) {
      this.#liquidateWithin(symbol, bar, { from: walked, to: distance }, at);
      walked = distance;
      if (!this.#open.has(order)) {
        continue;
      }
      if (order.stopPrice === undefined) {
        this.#fillChance(order, decimal(price), true, at);
      } else {
        this.#trigger(order, price, at);
      }
      this.#tellBalances(order, at);
    }
    this.#liquidateWithin(symbol, bar, { from: walked, to: Infinity }, at);
  }

  /** Liquidates what is held where this stretch of the minute's path reaches its liquidation price. */
  #liquidateWithin(
    symbol: string,
    bar: Pick<Candle, 'open' | 'high' | 'low' | 'close'>,
    stretch: { readonly from: number; readonly to: number },
    at: number,
  ): void {
    const stopPrice = this.contracts.liquidationPrice(symbol);
    if (stopPrice === null) {
      return;
    }
    const side = this.contracts.position(symbol).quantity.startsWith('-') ? 'buy' : 'sell';
    const price = stopReachedPrice({ side, stopPrice, bar });
    if (price === null) {
      return;
    }
    const distance = distanceTo(barPath(bar).map(Number), Number(price));
    if (distance >= stretch.from && distance <= stretch.to) {
      this.closeByVenue(symbol, { cause: 'liquidation', price }, at);
    }
  }

  /**
   * The venue closes a position, or so much of it, by an order of its own; a liquidation first takes the
   * account's orders on the contract off the book. Undefined where nothing is held.
   */
  closeByVenue(
    symbol: string,
    how: { readonly cause: VenueCause; readonly price: string; readonly quantity?: string },
    at: number,
  ): EngineOrder | undefined {
    const instrument = this.#instrumentHeld(symbol);
    const held = decimal(this.contracts.position(symbol).quantity);
    if (instrument === undefined || held.isZero()) {
      return undefined;
    }
    const { cause } = how;
    if (cause === 'liquidation') {
      for (const order of this.openOrders().filter((one) => one.instrument.symbol === symbol)) {
        this.#expireRest(order, at);
      }
    }
    const side = held.isNegative() ? 'buy' : 'sell';
    const bankrupt = this.contracts.bankruptcyPrice(instrument);
    const tick = instrument.priceTick;
    // On the tick, and never so that the account ends in debt: the venue's own fund pays what is missing.
    const price =
      side === 'sell'
        ? Decimal.max(how.price, bankrupt).toNearest(tick, Decimal.ROUND_UP)
        : Decimal.min(how.price, bankrupt).toNearest(tick, Decimal.ROUND_DOWN);
    const request: NewOrder = {
      clientOrderId:
        cause === 'liquidation' ? `autoclose-${String(this.#nextOrderId)}` : 'adl_autoclose',
      instrument,
      side,
      kind: 'LIMIT',
      timeInForce: 'IOC',
      quantity: Decimal.min(held.abs(), how.quantity ?? held.abs()).toFixed(),
      price: price.toFixed(),
      reduceOnly: true,
    };
    const order: EngineOrder = { ...newOrder(this.#nextOrderId, request, how.price, at), cause };
    this.#enter(order, at);
    this.#fillChance(order, price, false, at);
    this.#tellBalances(order, at);
    return order;
  }

  #instrumentHeld(symbol: string): Instrument | undefined {
    return this.orders().findLast(({ instrument }) => instrument.symbol === symbol)?.instrument;
  }

  /** Books funding at the mark of the moment on what is held. */
  fund(symbol: string, rate: string, at: number): FundingRecord | undefined {
    const record = this.contracts.fund(symbol, rate, at, this.#nextTradeId);
    if (record !== undefined) {
      this.#nextTradeId += 1;
      this.#tell({ kind: 'balances', assets: [record.asset], symbol, reason: 'funding', at });
    }
    return record;
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
    const atOnce = !rests(order) || order.timeInForce === 'IOC';
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
      this.#open.delete(order);
    }
    const trade: EngineTrade = {
      tradeId: this.#nextTradeId,
      order,
      price,
      quantity,
      quote: cost,
      ...moved,
      maker,
      at,
    };
    this.#nextTradeId += 1;
    this.#trades.push(trade);
    this.#tell({ kind: 'trade', order, trade, at });
  }

  #expireRest(order: EngineOrder, at: number): void {
    if (this.#open.has(order)) {
      this.#close(order, 'EXPIRED', at);
      this.#tell({ kind: 'expired', order, at });
    }
  }

  #close(order: EngineOrder, state: 'CANCELED' | 'EXPIRED', at: number): void {
    this.#till.unlock(order);
    order.state = state;
    order.updatedAt = at;
    this.#open.delete(order);
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
