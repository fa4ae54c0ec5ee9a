/** The result of a run; what takes work is reckoned when it is asked for, once. */
import { tradesOf } from './round-trips.ts';
import type { BacktestInput } from './input.ts';
import type { Books } from './books.ts';
import type { Contracts } from './contracts.ts';
import { Curves } from './curves.ts';
import type { VenueFill } from './fill-log.ts';
import { fromFixedPoint } from './fixed-point.ts';
import { FEE_PLACES } from './market.ts';
import type { MarketDay } from './market-day.ts';
import type { OrderLog } from './order-log.ts';
import type {
  BacktestFill,
  BacktestOrder,
  BacktestResult,
  BacktestRun,
  EquityCurve,
  MarketSpan,
} from './result.ts';
import type { Interval } from '../core/time.ts';
import type { Trade } from '../core/trade.ts';
import { Decimal } from '../core/money.ts';
import { firstBarFrom } from '../core/bar-series.ts';
import type { Venue } from './venue.ts';

export interface OutcomeParts {
  readonly input: BacktestInput;
  readonly books: Books;
  readonly venue: Venue;
  readonly contracts: Contracts;
  /** Of the books, at each tick. */
  readonly worth: Float64Array;
  readonly orders: OrderLog;
  readonly days: readonly MarketDay[];
  readonly from: number;
  readonly to: number;
  readonly interval: Interval;
}

export class Outcome implements BacktestResult {
  readonly equity: EquityCurve;
  readonly run: BacktestRun;
  readonly #parts: OutcomeParts;
  #orders: readonly BacktestOrder[] | undefined;
  #venueFills: readonly VenueFill[] | undefined;
  #fills: readonly BacktestFill[] | undefined;
  #trades: readonly Trade[] | undefined;

  constructor(parts: OutcomeParts) {
    this.#parts = parts;
    const { input, days, interval } = parts;
    const markets = days.map(({ market }) => market);
    const curves = new Curves(parts.worth, markets, parts.from, () => this.#listed());
    this.equity = curves;
    const [first] = markets;
    const [from = 0] = curves.opens;
    const lastOpen = curves.opens.at(-1);
    this.run = {
      strategyType: input.strategyType,
      config: input.strategy.config,
      exchange: input.exchange,
      symbols: markets.map(({ symbol }) => symbol),
      interval,
      from,
      to: lastOpen === undefined ? from : lastOpen + (first?.lengthMs ?? 0),
      quote: first?.instrument.quote ?? '',
      wallet: parts.books.toText(parts.books.wallet),
      finalEquity: parts.books.finalEquity(),
    };
  }

  get orders(): readonly BacktestOrder[] {
    this.#orders ??= this.#parts.orders.list();
    return this.#orders;
  }

  get fills(): readonly BacktestFill[] {
    this.#fills ??= this.#listed().map((fill, index) => fillOf(fill, index, this.run.exchange));
    return this.#fills;
  }

  get trades(): readonly Trade[] {
    this.#trades ??= tradesOf(
      this.#listed(),
      this.#parts.books.moneyPlaces,
      this.#parts.days.map(({ market }) => market),
    );
    return this.#trades;
  }

  #listed(): readonly VenueFill[] {
    this.#venueFills ??= this.#parts.venue.fills.list(this.#parts.orders);
    return this.#venueFills;
  }

  get markets(): readonly MarketSpan[] {
    const { days, from, to } = this.#parts;
    return days.map(({ market: { series, symbol } }) => {
      const begin = from === -Infinity ? 0 : firstBarFrom(series, from);
      const end = to === Infinity ? series.length : firstBarFrom(series, to);
      return {
        symbol,
        bars: end - begin,
        firstPrice: series.open[begin] ?? Number.NaN,
        lastPrice: series.close[end - 1] ?? Number.NaN,
      };
    });
  }

  get ambiguousBars(): number {
    return this.#parts.days.reduce((sum, day) => sum + day.ambiguousBars, 0);
  }

  get bounds(): { readonly best: string; readonly worst: string } | null {
    if (this.ambiguousBars === 0) return null;
    const { days } = this.#parts;
    const gain = days.reduce((sum, day) => sum + day.couldGain, 0);
    const loss = days.reduce((sum, day) => sum + day.couldLose, 0);
    const final = new Decimal(this.run.finalEquity);
    const cut = (value: Decimal): string => value.toDecimalPlaces(FEE_PLACES).toFixed();
    return { best: cut(final.plus(gain)), worst: cut(final.minus(loss)) };
  }

  get slippagePaid(): string {
    return this.#parts.books.toText(this.#parts.venue.slippagePaid);
  }

  get funding(): string {
    return this.#parts.books.toText(this.#parts.contracts.funding);
  }

  get notices(): readonly string[] {
    const { input, orders } = this.#parts;
    const notices: string[] = [...(input.notices ?? [])];
    if (input.strategy.onMarketData !== undefined) {
      notices.push(
        'the strategy listens to ticks, of which bars have none: onMarketData was never called',
      );
    }
    if (orders.planned > 0) {
      notices.push(
        `${String(orders.planned)} orders had an execution plan (TWAP, chase …); each was sent whole`,
      );
    }
    return [...notices, ...denials(this.orders)];
  }
}

/** Orders that were not let through are counted by reason, with the first's own words. */
function denials(orders: readonly BacktestOrder[]): string[] {
  const denied = orders.filter(({ state }) => state === 'denied');
  return [...Map.groupBy(denied, ({ reasonCode }) => reasonCode)].map(
    ([code, those]) =>
      `${String(those.length)} ${those.length === 1 ? 'order was' : 'orders were'} denied by ${code ?? 'no stated reason'}; the first: ${those[0]?.reason ?? 'no more is known'}`,
  );
}

function fillOf(fill: VenueFill, index: number, exchange: string): BacktestFill {
  const { market, orderId } = fill;
  return {
    exchange,
    symbol: market.symbol,
    venueTradeId: String(index + 1),
    venueOrderId: orderId,
    clientOrderId: orderId,
    side: fill.side,
    price: fromFixedPoint(fill.price, market.prices.places),
    quantity: fromFixedPoint(fill.quantity, market.quantityPlaces),
    feeAmount: fromFixedPoint(fill.fee, FEE_PLACES),
    feeAsset: fill.feeAsset,
    liquidity: fill.maker ? 'maker' : 'taker',
    executedAt: fill.at,
    tag: fill.tag,
  };
}
