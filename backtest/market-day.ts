/** One market's side of a bar: which orders reach the venue at its open, and what its inside meets. */
import type { Bar } from '../core/bar.ts';
import { KeelError } from '../core/errors.ts';
import { fitQuantity } from '../core/filters.ts';
import { intervalMs } from '../core/time.ts';
import { barAt, type BarSeries, firstBarFrom } from '../core/bar-series.ts';
import type { StrategySession } from '../strategies/session.ts';
import { type Distance, type Path, pathOf, type Touch } from './bar-walk.ts';
import type { Books } from './books.ts';
import type { Contracts } from './contracts.ts';
import type { Day } from './day.ts';
import type { Guards, GuardTouch } from './guards.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import type { OrderLog } from './order-log.ts';
import { closingSide, type Venue } from './venue.ts';

export interface House {
  readonly books: Books;
  readonly venue: Venue;
  readonly guards: Guards;
  readonly contracts: Contracts;
  /** All orders of the run; those of the house itself (guards, liquidations) are added here. */
  readonly orders: OrderLog;
}

/** What the path meets next. */
type Meeting = Touch &
  (
    | { readonly kind: 'order'; readonly order: Order }
    | { readonly kind: 'guard'; readonly exit: GuardTouch['exit'] }
    | { readonly kind: 'liquidation' }
  );

export class MarketDay implements Day {
  /** Bars in which more than one thing could be met. */
  ambiguousBars = 0;
  /** Quote that ambiguous guards' other level would have brought more, and less: at least zero. */
  couldGain = 0;
  couldLose = 0;
  readonly market: Market;
  readonly #house: House;
  readonly #detail: BarSeries | undefined;

  constructor(market: Market, house: House, detail: BarSeries | undefined) {
    this.market = market;
    this.#house = house;
    this.#detail = detail;
    if (detail !== undefined && intervalMs(detail.interval) >= market.lengthMs) {
      throw new KeelError(
        'INVALID_INPUT',
        `detail bars of ${detail.interval} are not shorter than the bars of ${market.symbol}; give shorter ones`,
      );
    }
  }

  get nextAt(): number {
    return this.market.nextAt;
  }

  get bar(): Bar {
    return this.market.bar;
  }

  open(): void {
    this.market.open();
  }

  close(): void {
    this.market.close();
  }

  call(session: StrategySession, warming: boolean): void {
    const { source, bar } = this.market;
    if (source !== undefined) session.onBar(source, bar, warming);
  }

  expire(now: number): void {
    const { books, venue } = this.#house;
    // By index: most bars with an order open have one without a time-out, and need no copy of the list.
    for (let index = 0; index < books.openOrders.length; index += 1) {
      const order = books.openOrders[index];
      const timeoutMs = order?.request.timeoutMs;
      if (order?.market !== this.market || timeoutMs === undefined) continue;
      if (order.placedAt === null || now < order.placedAt + timeoutMs) continue;
      // It leaves the list: the next one is at its place.
      if (venue.cancel(order, now, `timed out after ${String(timeoutMs)} ms`)) index -= 1;
    }
  }

  sendDue(now: number): void {
    const { openOrders } = this.#house.books;
    if (openOrders.length === 1) {
      const only = openOrders[0];
      if (only !== undefined) this.#sendIfDue(only, now);
      return;
    }
    for (const order of [...openOrders]) this.#sendIfDue(order, now);
  }

  #sendIfDue(order: Order, now: number): void {
    if (order.market !== this.market || order.isOver) return;
    if (order.placedAt === null) {
      if (order.dueAtBar <= this.market.cursor) this.#house.venue.send(order, now);
    } else if (order.request.type === 'market' && order.updatedAt < now) {
      this.#house.venue.goOn(order, now);
    }
  }

  /** Walks the bar's inside, or its detail bars where there are any. */
  walk(): void {
    if (!this.#mayMove()) return;
    const { bar } = this.market;
    const detail = this.#detail;
    if (detail === undefined) {
      this.#walkOne(bar, bar.closeAt - 1);
      return;
    }
    let index = firstBarFrom(detail, bar.openAt);
    if ((detail.openAt[index] ?? Infinity) >= bar.closeAt) this.#walkOne(bar, bar.closeAt - 1);
    for (; (detail.openAt[index] ?? Infinity) < bar.closeAt; index += 1) {
      const part = barAt(detail, index);
      this.#walkOne(part, part.closeAt - 1);
    }
  }

  /** Whether anything can be met inside the bar. */
  #mayMove(): boolean {
    const { books, guards } = this.#house;
    if (books.openOrders.length > 0 || guards.guards(this.market)) return true;
    return this.market.isContract && books.holding(this.market).quantity !== 0;
  }

  #walkOne(bar: Pick<Bar, 'open' | 'high' | 'low' | 'close'>, at: number): void {
    const path = pathOf(bar, this.market.prices.factor);
    const met = new Set<Order>();
    this.#countAmbiguity(path);
    let from: Distance = 0;
    for (;;) {
      const next = this.#next(path, from, met);
      if (next === null) return;
      from = next.distance;
      if (next.kind === 'order') {
        const { order } = next;
        const wasTriggered = order.triggered;
        this.#house.venue.meet(order, next.price, at);
        // A stop-limit that was only triggered may yet meet its limit.
        const onlyTriggered = !wasTriggered && order.triggered && order.filled === 0;
        if (!onlyTriggered) met.add(order);
      } else if (next.kind === 'guard') this.#closeAll(next.exit, next.price, at);
      else {
        const price = this.#house.contracts.closingPrice(this.market, next.price);
        this.#closeAll('liquidation', Number(price), at);
      }
    }
  }

  /** The nearest meeting from `from` on; of equally near ones liquidation, guard, then the older order. */
  #next(path: Path, from: Distance, met: ReadonlySet<Order>): Meeting | null {
    const { books, guards, contracts, venue } = this.#house;
    let nearest: Meeting | null = null;
    if (this.market.isContract && books.holding(this.market).quantity !== 0) {
      const touch = contracts.reached(this.market, path, from);
      if (touch !== null) nearest = { ...touch, kind: 'liquidation' };
    }
    const guard = guards.reached(this.market, path, from);
    if (guard !== null && (nearest === null || guard.distance < nearest.distance)) {
      nearest = { ...guard, kind: 'guard' };
    }
    for (const order of books.openOrders) {
      if (!this.#canMeet(order) || met.has(order)) continue;
      const touch = venue.reached(order, path, from);
      if (touch !== null && (nearest === null || touch.distance < nearest.distance)) {
        nearest = { ...touch, kind: 'order', order };
      }
    }
    return nearest;
  }

  /** Counts the bar if more than one exit or order could be met in it, and what another path had brought. */
  #countAmbiguity(path: Path): void {
    const { books, guards, venue } = this.#house;
    const reached = books.openOrders
      .filter((order) => this.#canMeet(order))
      .reduce((sum, order) => sum + venue.meetings(order, path), 0);
    const both = guards.bothReached(this.market, path);
    if (both !== null) {
      const quantity = Math.abs(books.holding(this.market).quantityNumber);
      const difference = Math.abs(both.profit - both.stop) * quantity;
      if (both.first === 'stop') this.couldGain += difference;
      else this.couldLose += difference;
    }
    const guarded = guards.anyReached(this.market, path) ? 1 : 0;
    if (both !== null || reached + guarded > 1) this.ambiguousBars += 1;
  }

  #canMeet(order: Order): boolean {
    return order.market === this.market && order.rests && order.request.type !== 'market';
  }

  /** Cancels what is open in the market and closes the position at the price that was met. */
  #closeAll(tag: string, price: number, at: number): void {
    const { books, venue, guards, orders } = this.#house;
    const { market } = this;
    for (const order of this.#own()) venue.cancel(order, at, `the position is closed: ${tag}`);
    guards.end(market);
    const held = books.holding(market);
    const { quantity } = held.view();
    const text = fitQuantity(market.instrument, 'market', quantity.replace('-', ''));
    if (text === '0') return;
    const side = closingSide(held.quantity);
    const order = orders.make(
      {
        id: `${tag}-${String(orders.made + 1)}`,
        symbol: market.symbol,
        sequence: 0,
        eventTime: at,
        validUntil: at,
        wanted: { kind: 'order', side, quantity: text },
        type: 'market',
        referencePrice: price,
        tag,
        limitPrice: undefined,
        stopPrice: undefined,
        timeInForce: undefined,
        timeoutMs: undefined,
        execution: undefined,
        stops: undefined,
      },
      market,
      side,
    );
    order.quantity = market.quantity(text);
    order.reducing = true;
    venue.tradeAt(order, price, at);
  }

  #own(): Order[] {
    return this.#house.books.openOrders.filter((order) => order.market === this.market);
  }
}
