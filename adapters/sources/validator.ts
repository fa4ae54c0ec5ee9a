/**
 * Is this market data fit to trade on? One validator per source; it remembers each feed's last bars and asks
 * no clock but the data's own. What it refuses goes to quarantine with the rule's name and the reason.
 */
import { Decimal } from '../../core/money.ts';
import { klineSchema, type Kline } from '../../core/kline.ts';
import { marketDataSchema, type MarketData } from '../../core/market-data.ts';
import { intervalMs } from '../../core/time.ts';

export type ValidationRule =
  | 'malformed'
  | 'schema'
  | 'exchange'
  | 'alignment'
  | 'ohlc'
  | 'duplicate'
  | 'time-order'
  | 'stale'
  | 'crossed-book'
  | 'outlier';

export type Verdict =
  /** Pass it on. `gap` tells what is missing before it; the bar itself is right. */
  | { readonly ok: true; readonly gap?: string }
  | { readonly ok: false; readonly rule: ValidationRule; readonly reason: string };

/** Closes the median is taken over; with fewer than a quarter of them nothing is an outlier. */
const MEDIAN_OF = 20;
/** So many outliers in a row at one level are the new level, not a fault. */
const CONFIRMATIONS = 3;
/** A tick this much behind the symbol's newest data is stale. */
const STALE_MS = 60_000;

export interface ValidatorOptions {
  /** The exchange all data must name. */
  readonly exchange: string;
  /** Largest move against the median of the last closes, as a fraction. Default 0.5. */
  readonly maxJump?: number;
}

export interface Validator {
  /** Starts a feed from its newest stored bar, so that a gap or a repeat right after a start is seen. */
  seed(newest: Kline): void;
  kline(kline: Kline): Verdict;
  tick(tick: MarketData): Verdict;
  /** Newest time any accepted data told, ms; 0 before the first. */
  marketTime(): number;
}

interface Feed {
  last: Kline | undefined;
  readonly closes: number[];
  /** Outliers in a row. */
  suspects: number[];
}

const OK: Verdict = { ok: true };

export function createValidator(options: ValidatorOptions): Validator {
  const { exchange, maxJump = 0.5 } = options;
  const feeds = new Map<string, Feed>();
  const newestBySymbol = new Map<string, number>();
  const lastTickAt = new Map<string, number>();
  let newest = 0;

  const feedOf = (key: string): Feed => {
    const feed = feeds.get(key) ?? { last: undefined, closes: [], suspects: [] };
    feeds.set(key, feed);
    return feed;
  };
  const sawTime = (symbol: string, at: number): void => {
    newest = Math.max(newest, at);
    newestBySymbol.set(symbol, Math.max(newestBySymbol.get(symbol) ?? 0, at));
  };
  const remember = (feed: Feed, price: number): void => {
    feed.suspects = [];
    feed.closes.push(price);
    if (feed.closes.length > MEDIAN_OF) feed.closes.shift();
  };

  const outlier = (feed: Feed, text: string): Verdict => {
    const price = Number(text);
    if (feed.closes.length < MEDIAN_OF / 4) return OK;
    const median = medianOfNumbers(feed.closes);
    const jump = Math.abs(price / median - 1);
    if (jump <= maxJump) return OK;
    const level = feed.suspects.every((suspect) => Math.abs(price / suspect - 1) <= maxJump);
    feed.suspects = level ? [...feed.suspects, price] : [price];
    if (feed.suspects.length >= CONFIRMATIONS) {
      feed.closes.length = 0;
      return OK;
    }
    return refuse(
      'outlier',
      `price ${text} is ${(jump * 100).toFixed(1)} % off the median ${String(median)}, allowed ${String(maxJump * 100)} %`,
    );
  };

  const checkOrder = (last: Kline | undefined, kline: Kline): Verdict => {
    if (last === undefined || kline.openAt > last.openAt) return OK;
    if (kline.openAt < last.openAt) {
      return refuse(
        'time-order',
        `opens at ${iso(kline.openAt)}, before the last bar's ${iso(last.openAt)}`,
      );
    }
    const same = (['open', 'high', 'low', 'close', 'volume'] as const).every((name) =>
      new Decimal(kline[name]).eq(last[name]),
    );
    return refuse(
      'duplicate',
      same ? 'the bar came before' : 'the bar came before, with other values',
    );
  };

  return {
    seed(kline) {
      feedOf(feedKey(kline)).last = kline;
      sawTime(kline.symbol, kline.closeAt);
    },

    kline(kline) {
      const parsed = klineSchema.safeParse(kline);
      if (!parsed.success) return refuse('schema', faults(parsed.error));
      const feed = feedOf(feedKey(kline));
      const { last } = feed;
      const fault = firstFault(
        () => checkExchange(exchange, kline.exchange),
        () => checkAlignment(kline),
        () => checkOhlc(kline),
        () => checkOrder(last, kline),
        () => outlier(feed, kline.close),
      );
      if (fault !== undefined) return fault;
      feed.last = kline;
      remember(feed, Number(kline.close));
      sawTime(kline.symbol, kline.closeAt);
      if (last === undefined || kline.openAt === last.closeAt) return OK;
      const missing = (kline.openAt - last.closeAt) / intervalMs(kline.interval);
      return {
        ok: true,
        gap: `${String(missing)} bar(s) of ${kline.symbol} ${kline.interval} missing from ${iso(last.closeAt)} to ${iso(kline.openAt)}`,
      };
    },

    tick(tick) {
      const parsed = marketDataSchema.safeParse(tick);
      if (!parsed.success) return refuse('schema', faults(parsed.error));
      const feed = feedOf(`${tick.symbol} tick`);
      const lastAt = lastTickAt.get(tick.symbol) ?? 0;
      const behindMs = (newestBySymbol.get(tick.symbol) ?? 0) - tick.timestamp;
      const fault = firstFault(
        () => checkExchange(exchange, tick.exchange),
        () =>
          new Decimal(tick.bid).gt(tick.ask)
            ? refuse('crossed-book', `bid ${tick.bid} is above ask ${tick.ask}`)
            : OK,
        () =>
          behindMs > STALE_MS
            ? refuse(
                'stale',
                `${String(behindMs)} ms behind the newest data, allowed ${String(STALE_MS)}`,
              )
            : OK,
        () =>
          tick.timestamp < lastAt
            ? refuse(
                'time-order',
                `of ${iso(tick.timestamp)}, before the last tick's ${iso(lastAt)}`,
              )
            : OK,
        () => outlier(feed, tick.price),
      );
      if (fault !== undefined) return fault;
      remember(feed, Number(tick.price));
      lastTickAt.set(tick.symbol, tick.timestamp);
      sawTime(tick.symbol, tick.timestamp);
      return OK;
    },

    marketTime: () => newest,
  };
}

function feedKey(kline: Pick<Kline, 'symbol' | 'interval'>): string {
  return `${kline.symbol} ${kline.interval}`;
}

function refuse(rule: ValidationRule, reason: string): Verdict {
  return { ok: false, rule, reason };
}

function firstFault(...checks: readonly (() => Verdict)[]): Verdict | undefined {
  for (const check of checks) {
    const verdict = check();
    if (!verdict.ok) return verdict;
  }
  return undefined;
}

function checkExchange(expected: string, given: string): Verdict {
  if (given === expected) return OK;
  return refuse('exchange', `names the exchange "${given}", this source is "${expected}"`);
}

function checkAlignment({ openAt, closeAt, interval }: Kline): Verdict {
  const length = intervalMs(interval);
  if (openAt % length === 0 && closeAt === openAt + length) return OK;
  return refuse(
    'alignment',
    `a ${interval} bar from ${iso(openAt)} to ${iso(closeAt)} does not lie on the ${interval} grid`,
  );
}

function checkOhlc({ open, high, low, close }: Kline): Verdict {
  if (new Decimal(low).gt(Decimal.min(open, close))) {
    return refuse('ohlc', `low ${low} is above open ${open} or close ${close}`);
  }
  if (new Decimal(high).lt(Decimal.max(open, close))) {
    return refuse('ohlc', `high ${high} is below open ${open} or close ${close}`);
  }
  return OK;
}

function medianOfNumbers(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function faults(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
