/**
 * The matching engine of one account: takes orders, locks and moves money, fills against the recorded
 * market. It knows no clock, wire or fault; prices and times are given to it.
 *
 * A market order fills at once at the price of the moment with the fill model's slippage. A limit order
 * fills at once as taker, at the price of the moment, where it is marketable; else it rests and is matched
 * against each closing minute. A stop rests until the market reaches its trigger, and then fills as a market
 * order at the price that reached it. Liquidity has no bottom, so an order fills whole unless its `fillPlan` says
 * otherwise. A fee is taken from what is received, or from a third asset while there is enough of it.
 */
import { barPath, feeOf, marketFillPrice } from '../core/fill-model.ts';
import { type Decimal, decimal } from '../core/money.ts';
import { type AssetBalance, Balances } from './balances.ts';
import type { Candle } from './candles.ts';
import {
  distanceTo,
  holdsLock,
  isMarketableNow,
  lockOf,
  newOrder,
  nextPiece,
  reachedPrice,
  Refusal,
  restingPrice,
  wouldTrigger,
} from './order-terms.ts';
import type { EngineEvent, EngineOrder, EngineTrade, NewOrder } from './orders.ts';

export interface EngineOptions {
  readonly openingBalances: Readonly<Record<string, string>>;
  /** `received`, or an asset such as `BNB` that pays all fees while there is enough of it. */
  readonly feeIn: string;
  /** Price of the fee asset in a quote asset; undefined where it has none. */
  readonly feeAssetPrice: (asset: string, quote: string) => string | undefined;
  readonly slippageBps: number;
  /** Order and trade ids count up from here. */
  readonly idBase: number;
}

export class MatchingEngine {
  readonly balances: Balances;
  readonly #options: EngineOptions;
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
    this.#nextOrderId = options.idBase;
    this.#nextTradeId = options.idBase;
  }

  /** Takes over an earlier engine's books, in place of the opening balances; new ids follow theirs. */
  restore(books: {
    readonly orders: readonly EngineOrder[];
    readonly trades: readonly EngineTrade[];
    readonly balances: readonly AssetBalance[];
  }): void {
    this.balances.replace(books.balances);
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
    const marketable = isMarketableNow(request, price);
    if (request.kind === 'LIMIT_MAKER' && marketable) {
      throw new Refusal('WOULD_MATCH');
    }
    if (wouldTrigger(request, price)) {
      throw new Refusal('WOULD_TRIGGER');
    }
    const fillPrice = request.kind === 'MARKET' ? this.#slipped(request, price) : price;
    const order = newOrder(this.#nextOrderId, request, fillPrice, at);
    this.#lockFor(order, fillPrice);
    this.#nextOrderId += 1;
    this.#orders.set(order.orderId, order);
    this.#newestByClientId.set(key, order);
    this.#open.add(order);
    this.#tell({ kind: 'new', order, at });
    if (marketable) {
      this.#fillChance(order, decimal(fillPrice), false, at);
    }
    if (order.kind === 'MARKET' || order.timeInForce !== 'GTC') {
      this.#expireRest(order, at);
    }
    this.#tellBalances(order, at);
    return order;
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
    const reached = [...this.#open]
      .filter((order) => order.instrument.symbol === symbol)
      .flatMap((order) => {
        const price = reachedPrice(order, bar);
        return price === null ? [] : [{ order, price, distance: distanceTo(path, Number(price)) }];
      })
      .sort((a, b) => a.distance - b.distance || a.order.orderId - b.order.orderId);
    for (const { order, price } of reached) {
      if (order.stopPrice === undefined) {
        this.#fillChance(order, decimal(price), true, at);
      } else {
        this.#trigger(order, price, at);
      }
      this.#tellBalances(order, at);
    }
  }

  /** From here on a market order; what its money does not cover any more expires. */
  #trigger(order: EngineOrder, price: string, at: number): void {
    this.#unlock(order);
    order.triggeredAt = at;
    order.updatedAt = at;
    this.#tell({ kind: 'triggered', order, at });
    const fillPrice = decimal(this.#slipped(order, price));
    const { asset, amount } = lockOf(order, order.quantity, fillPrice);
    if (this.balances.get(asset).free.gte(amount)) {
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

  /** Locks what an order may cost: base for a sale, price × quantity for a purchase, no fee. */
  #lockFor(order: EngineOrder, fillPrice: string): void {
    const price = holdsLock(order) ? restingPrice(order) : decimal(fillPrice);
    const { asset, amount } = lockOf(order, order.quantity, price);
    if (this.balances.get(asset).free.lt(amount)) {
      throw new Refusal('INSUFFICIENT_BALANCE');
    }
    if (holdsLock(order)) {
      this.balances.lock(asset, amount);
    }
  }

  /** Frees what is locked for the part that is not filled. */
  #unlock(order: EngineOrder): void {
    if (holdsLock(order)) {
      const rest = lockOf(order, order.quantity.sub(order.filled), restingPrice(order));
      this.balances.lock(rest.asset, rest.amount.neg());
    }
  }

  #fillChance(order: EngineOrder, price: Decimal, maker: boolean, at: number): void {
    const atOnce = !holdsLock(order) || order.timeInForce === 'IOC';
    do {
      const quantity = nextPiece(order);
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
    const { base, quote } = order.instrument;
    const cost = price.mul(quantity);
    if (holdsLock(order)) {
      const locked = lockOf(order, quantity, order.price);
      this.balances.lock(locked.asset, locked.amount.neg());
    }
    const buys = order.side === 'buy';
    this.balances.addFree(buys ? quote : base, buys ? cost.neg() : quantity.neg());
    this.balances.addFree(buys ? base : quote, buys ? quantity : cost);
    const fee = this.#takeFee(order, price, quantity, maker);
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
      ...fee,
      maker,
      at,
    };
    this.#nextTradeId += 1;
    this.#trades.push(trade);
    this.#tell({ kind: 'trade', order, trade, at });
  }

  /** Takes the fee from the received asset, or from the fee asset while there is enough of it. */
  #takeFee(
    order: EngineOrder,
    price: Decimal,
    quantity: Decimal,
    maker: boolean,
  ): { feeAmount: Decimal; feeAsset: string } {
    const { feeIn, feeAssetPrice } = this.#options;
    const asked = {
      side: order.side,
      price: price.toFixed(),
      quantity: quantity.toFixed(),
      liquidity: maker ? ('maker' as const) : ('taker' as const),
      instrument: order.instrument,
    };
    let fee = feeOf({ ...asked, feeIn: 'received' });
    const assetPrice =
      feeIn === 'received' ? undefined : feeAssetPrice(feeIn, order.instrument.quote);
    if (assetPrice !== undefined) {
      const inAsset = feeOf({ ...asked, feeIn, feeAssetPrice: assetPrice });
      if (this.balances.get(feeIn).free.gte(inAsset.feeAmount)) {
        fee = inAsset;
      }
    }
    const feeAmount = decimal(fee.feeAmount);
    this.balances.addFree(fee.feeAsset, feeAmount.neg());
    return { feeAmount, feeAsset: fee.feeAsset };
  }

  #expireRest(order: EngineOrder, at: number): void {
    if (this.#open.has(order)) {
      this.#close(order, 'EXPIRED', at);
      this.#tell({ kind: 'expired', order, at });
    }
  }

  #close(order: EngineOrder, state: 'CANCELED' | 'EXPIRED', at: number): void {
    this.#unlock(order);
    order.state = state;
    order.updatedAt = at;
    this.#open.delete(order);
  }

  #tellBalances(order: EngineOrder, at: number): void {
    const assets = new Set([order.instrument.base, order.instrument.quote]);
    if (this.#options.feeIn !== 'received') {
      assets.add(this.#options.feeIn);
    }
    this.#tell({ kind: 'balances', assets: [...assets], at });
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }
}
