/** The engine's orders and trades: which there are, which are open, and the numbers they get. */
import type { EngineOrder, EngineTrade } from './orders.ts';

export class OrderLog {
  readonly #orders = new Map<number, EngineOrder>();
  readonly #newestByClientId = new Map<string, EngineOrder>();
  readonly #open = new Set<EngineOrder>();
  readonly #trades: EngineTrade[] = [];
  #nextOrderId: number;
  #nextTradeId: number;

  /** Order and trade ids count up from here. */
  constructor(idBase: number) {
    this.#nextOrderId = idBase;
    this.#nextTradeId = idBase;
  }

  /** Takes over earlier orders and trades; new ids follow theirs, and those of funding. */
  restore(
    orders: readonly EngineOrder[],
    trades: readonly EngineTrade[],
    fundingIds: readonly number[],
  ): void {
    for (const order of orders) {
      this.#keep(order);
      if (order.state === 'NEW' || order.state === 'PARTIALLY_FILLED') {
        this.#open.add(order);
      }
    }
    this.#trades.push(...trades);
    for (const id of [...trades.map(({ tradeId }) => tradeId), ...fundingIds]) {
      this.#nextTradeId = Math.max(this.#nextTradeId, id + 1);
    }
  }

  /** Oldest first. */
  orders(): EngineOrder[] {
    return [...this.#orders.values()];
  }

  openOrders(): EngineOrder[] {
    return [...this.#open];
  }

  isOpen(order: EngineOrder): boolean {
    return this.#open.has(order);
  }

  /** Oldest first. */
  trades(): readonly EngineTrade[] {
    return this.#trades;
  }

  order(orderId: number): EngineOrder | undefined {
    return this.#orders.get(orderId);
  }

  /** The newest order of that client order id. */
  orderByClientId(venueSymbol: string, clientOrderId: string): EngineOrder | undefined {
    return this.#newestByClientId.get(`${venueSymbol} ${clientOrderId}`);
  }

  /** The id of the next order that is entered. */
  get nextOrderId(): number {
    return this.#nextOrderId;
  }

  /** Trades and funding payments share a counter. */
  takeTradeId(): number {
    this.#nextTradeId += 1;
    return this.#nextTradeId - 1;
  }

  enter(order: EngineOrder): void {
    this.#keep(order);
    this.#open.add(order);
  }

  close(order: EngineOrder): void {
    this.#open.delete(order);
  }

  record(trade: EngineTrade): void {
    this.#trades.push(trade);
  }

  #keep(order: EngineOrder): void {
    this.#orders.set(order.orderId, order);
    this.#newestByClientId.set(`${order.instrument.venueSymbol} ${order.clientOrderId}`, order);
    this.#nextOrderId = Math.max(this.#nextOrderId, order.orderId + 1);
  }
}
