/**
 * The backtest: the live strategy class on recorded bars, one clock for all symbols. Bar by bar:
 * 1. the bar opens: orders asked for at the last close reach the venue at its open;
 * 2. inside it resting orders, guards and liquidation meet the one path that core/fill-model.ts assumes;
 * 3. it closes: the curves take a point, and the strategy is called with every bar that closed by it.
 *
 *   const result = runBacktest({ strategy: registry.create(type, config), strategyType: type, series, … });
 */
import type { Bar } from '../core/bar.ts';
import { KeelError } from '../core/errors.ts';
import type { OrderView } from '../core/order.ts';
import { parseSymbol } from '../core/symbol.ts';
import type { Interval } from '../core/time.ts';
import { feedKey } from '../strategies/base-strategy.ts';
import type { Request, SignalOwner } from '../strategies/context.ts';
import { StrategySession } from '../strategies/session.ts';
import { NOTHING_HELD } from '../strategies/snapshot-account.ts';
import { Admission, NO_LIMITS } from './admission.ts';
import type { BarSeries } from '../core/bar-series.ts';
import { Books } from './books.ts';
import { Contracts } from './contracts.ts';
import { checkCosts, Costs, FREE_MARKET } from './costs.ts';
import { WorthLog } from './curves.ts';
import { type Day, Days } from './day.ts';
import { Guards } from './guards.ts';
import { Market } from './market.ts';
import { MarketDay } from './market-day.ts';
import type { Order } from './order.ts';
import { OrderLog } from './order-log.ts';
import { Outcome } from './outcome.ts';
import type { BacktestInput } from './input.ts';
import type { BacktestResult } from './result.ts';
import { SeriesBar, SeriesWindow } from './series-bar.ts';
import { Venue } from './venue.ts';

const DEFAULT_BUFFER = '0.01';
const DEFAULT_MAINTENANCE = '0.005';
/** A target may have to cancel what is in its way before it is admitted: once, and once more for what that freed. */
const ADMISSION_TRIES = 4;

/**
 * Runs a strategy over the bars. Throws INVALID_INPUT for input that does not fit together, and
 * STRATEGY_FAILED, naming the bar, when the strategy's own code throws.
 */
export function runBacktest(input: BacktestInput): BacktestResult {
  return new Backtest(input).run();
}

class Backtest {
  readonly #input: BacktestInput;
  readonly #markets: readonly Market[];
  readonly #bySymbol: ReadonlyMap<string, Market>;
  readonly #session: StrategySession;
  readonly #books: Books;
  readonly #admission: Admission;
  readonly #venue: Venue;
  readonly #guards: Guards;
  readonly #contracts: Contracts;
  readonly #days: readonly MarketDay[];
  readonly #worth: WorthLog;
  readonly #owner: SignalOwner;
  readonly #latencyBars: number;
  readonly #orders = new OrderLog();
  readonly #from: number;
  readonly #to: number;
  readonly #hasContracts: boolean;

  constructor(input: BacktestInput) {
    this.#input = input;
    const base = baseInterval(input.series);
    this.#owner = {
      strategyId: 'backtest',
      strategyType: input.strategyType,
      runId: 'backtest',
      accountId: 'backtest',
      exchange: input.exchange,
    };
    let named = 0;
    const bars = new Map(input.series.map((series) => [series.symbol, new SeriesBar(series)]));
    this.#session = new StrategySession(
      {
        strategy: input.strategy,
        strategyId: 'backtest',
        strategyType: input.strategyType,
        base,
        instruments: input.instruments,
        sequences: {},
        aux: input.aux,
        nameSignal: () => `backtest-${String((named += 1))}`,
        windowOf: ({ symbol, warmup }) => {
          const bar = bars.get(symbol);
          return bar === undefined ? undefined : new SeriesWindow(bar, warmup);
        },
      },
      NOTHING_HELD,
    );
    this.#markets = this.#open(input, bars);
    this.#bySymbol = new Map(this.#markets.map((market) => [market.symbol, market]));
    const buffer = input.marketBuyBuffer ?? DEFAULT_BUFFER;
    this.#books = new Books(this.#markets, input.wallet, buffer, this.#owner);
    this.#session.context.account = this.#books;
    const model = checkCosts({ ...FREE_MARKET, ...input.costs });
    this.#latencyBars = model.latencyBars;
    const costs = this.#markets.map((market) => new Costs(market, model));
    this.#admission = new Admission(
      this.#books,
      this.#owner,
      { ...NO_LIMITS, ...input.limits },
      buffer,
    );
    this.#venue = new Venue(this.#books, costs, model, input.strategy.onOrderUpdate !== undefined);
    this.#guards = new Guards(this.#books);
    this.#contracts = new Contracts(
      this.#books,
      input.maintenanceRate ?? DEFAULT_MAINTENANCE,
      input.funding ?? [],
    );
    this.#venue.onFill = (order, price) => {
      this.#guards.onFill(order, price);
    };
    const house = {
      books: this.#books,
      venue: this.#venue,
      guards: this.#guards,
      contracts: this.#contracts,
      orders: this.#orders,
    };
    this.#days = this.#markets.map(
      (market) => new MarketDay(market, house, this.#detailOf(market)),
    );
    this.#worth = new WorthLog(Math.max(...this.#markets.map(({ series }) => series.length)));
    this.#from = input.from ?? -Infinity;
    this.#to = input.to ?? Infinity;
    this.#hasContracts = this.#markets.some(({ isContract }) => isContract);
  }

  run(): BacktestResult {
    this.#skipToWarmUp();
    const days = this.#days;
    const [lone] = days;
    const day = lone !== undefined && days.length === 1 ? lone : new Days(days);
    while (day.nextAt < this.#to) this.#bar(day);
    for (const order of this.#books.openOrders) this.#orders.keep(order);
    return new Outcome({
      input: this.#input,
      books: this.#books,
      venue: this.#venue,
      contracts: this.#contracts,
      worth: this.#worth.values,
      orders: this.#orders,
      days,
      from: this.#from,
      to: this.#to,
      interval: baseInterval(this.#input.series),
    });
  }

  /** One tick of the clock: a bar from open to close. */
  #bar(day: Day): void {
    day.open();
    const { bar } = day;
    const traded = bar.openAt >= this.#from;
    if (traded) this.#trade(day, bar);
    day.close();
    if (traded) this.#worth.add(this.#books);
    day.call(this.#session, !traded);
    const { requests, cancels } = this.#session.context;
    if (traded && (requests.length > 0 || cancels.length > 0)) this.#ask(bar.closeAt);
  }

  /** Everything of the venue between a bar's open and its close. */
  #trade(day: Day, { openAt }: Bar): void {
    const { openOrders } = this.#books;
    if (this.#hasContracts) this.#fund(openAt);
    // What was refused or not needed at the last close is told before the bar moves, as what is filled.
    if (openOrders.length > 0 || this.#venue.changes.length > 0) {
      day.expire(openAt);
      do day.sendDue(openAt);
      while (this.#tellOrders(openAt));
    }
    day.walk();
    if (this.#venue.changes.length > 0) this.#tellOrders(openAt);
  }

  #fund(now: number): void {
    for (const market of this.#markets) if (market.isContract) this.#contracts.fund(market, now);
  }

  /** Calls the strategy for each order that changed; true where it asked for more. */
  #tellOrders(now: number): boolean {
    const { changes } = this.#venue;
    if (changes.length === 0) return false;
    this.#venue.changes = [];
    let latest = now;
    for (const order of changes) {
      const view: OrderView = order.view(this.#owner);
      latest = Math.max(latest, view.updatedAt);
      this.#session.onOrder(view, latest);
    }
    return this.#ask(latest);
  }

  /** Takes what the strategy asked for; true where there was anything. */
  #ask(now: number): boolean {
    const { context } = this.#session;
    const { cancels } = context;
    const requests = bySymbol(context.requests);
    if (requests.length === 0 && cancels.length === 0) return false;
    context.requests = [];
    if (cancels.length > 0) {
      context.cancels = [];
      for (const id of cancels) this.#cancel(id, now);
    }
    for (const request of requests) {
      const market = this.#bySymbol.get(request.symbol);
      if (market === undefined) {
        throw new KeelError(
          'NOT_FOUND',
          `the strategy asks for ${request.symbol}, of which there is no data; there is ${[...this.#bySymbol.keys()].join(', ')}`,
        );
      }
      this.#admit(this.#orders.make(request, market, 'buy'), now);
    }
    return true;
  }

  #admit(order: Order, now: number): void {
    for (let tried = 0; tried < ADMISSION_TRIES; tried += 1) {
      const admitted = this.#admission.admit(order, now);
      if (admitted === 'admitted') {
        order.dueAtBar = order.market.cursor + this.#latencyBars;
        this.#books.openOrders.push(order);
        return;
      }
      if (admitted === 'ended') {
        this.#venue.tell(order);
        return;
      }
      for (const id of admitted.cancelFirst) this.#cancel(id, now);
    }
    throw new KeelError(
      'INTERNAL',
      `order ${order.request.id} stays blocked whatever is cancelled`,
    );
  }

  #cancel(id: string, now: number): void {
    const order = this.#books.openOrders.find(({ request }) => request.id === id);
    if (order !== undefined) this.#venue.cancel(order, now, 'cancelled by the strategy');
  }

  #open({ series, instruments }: BacktestInput, bars: ReadonlyMap<string, SeriesBar>): Market[] {
    const names = series.map(({ symbol }) => symbol);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new KeelError('INVALID_INPUT', `there are two series of ${twice}; give one a symbol`);
    }
    for (const feed of this.#session.feeds) {
      if (names.includes(feed.symbol)) continue;
      throw new KeelError(
        'INVALID_INPUT',
        `the strategy wants bars of ${feedKey(feed)}; the data has ${names.join(', ')}: give its data, or configure another symbol`,
      );
    }
    return [...series]
      .sort((a, b) => compare(a.symbol, b.symbol))
      .map((one, index) => {
        const instrument = instruments[one.symbol];
        if (instrument === undefined) {
          throw new KeelError('INVALID_INPUT', `there is no instrument of ${one.symbol}`);
        }
        parseSymbol(one.symbol);
        const bar = bars.get(one.symbol) ?? new SeriesBar(one);
        return new Market(bar, instrument, this.#session.book.source(one), index);
      });
  }

  /** Bars before `from` warm the strategy: as many as live ones would, unless told otherwise. */
  #skipToWarmUp(): void {
    if (this.#from === -Infinity) return;
    const needs = new Map(
      this.#session.book.history().map(({ symbol, count }) => [symbol, count] as const),
    );
    const { warmupBars } = this.#input;
    for (const market of this.#markets) {
      market.skipTo(this.#from, warmupBars ?? needs.get(market.symbol) ?? 0);
    }
  }

  #detailOf(market: Market): BarSeries | undefined {
    return this.#input.detail?.find(({ symbol }) => symbol === market.symbol);
  }
}

function baseInterval(series: readonly BarSeries[]): Interval {
  const [first, ...rest] = series;
  if (first === undefined) {
    throw new KeelError('INVALID_INPUT', 'there is no data: give one series of bars or more');
  }
  const other = rest.find(({ interval }) => interval !== first.interval);
  if (other !== undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `${first.symbol} has bars of ${first.interval}, ${other.symbol} of ${other.interval}; give all of one interval, the strategy builds longer ones`,
    );
  }
  return first.interval;
}

function bySymbol(requests: readonly Request[]): readonly Request[] {
  return requests.length > 1 ? requests.toSorted((a, b) => compare(a.symbol, b.symbol)) : requests;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
