/** Public endpoints: time, instruments, candles, tickers, books. Each returns the rows of `data`. */
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import { type BuiltKline, dayStatistics, INTERVALS } from '../klines.ts';
import { badParameter } from './errors.ts';
import { instrumentRow, sizeOf } from './instruments.ts';
import { oneOf, wholeNumber } from './parameters.ts';
import { instrumentNamed, instTypeOf, type OkxVenue } from './venue.ts';

type Handler = (venue: OkxVenue, query: URLSearchParams) => unknown[];

/** Keyed by path; all are GET and need no key. */
export const MARKET_ENDPOINTS: Readonly<Record<string, Handler>> = {
  '/api/v5/public/time': (venue) => [{ ts: String(venue.wallTime()) }],
  '/api/v5/public/instruments': (venue, query) => ofType(venue, query).map(instrumentRow),
  '/api/v5/market/candles': (venue, query) =>
    candles(venue, query, { largest: 300, newest: 1_440 }),
  '/api/v5/market/history-candles': (venue, query) => candles(venue, query, { largest: 100 }),
  '/api/v5/market/ticker': (venue, query) => [tickerRow(venue, named(venue, query))],
  '/api/v5/market/tickers': (venue, query) =>
    ofType(venue, query).map((instrument) => tickerRow(venue, instrument)),
  '/api/v5/public/funding-rate-history': fundingRates,
  '/api/v5/market/books': (venue, query) => [
    bookRow(venue, named(venue, query), Math.min(wholeNumber(query, 'sz') ?? 1, 400)),
  ],
};

/** Every level of the made-up book holds this much; the recording has no book. */
const LEVEL_SIZE = '1';

function named(venue: OkxVenue, query: URLSearchParams): Instrument {
  return instrumentNamed(venue, query.get('instId') ?? '');
}

function ofType(venue: OkxVenue, query: URLSearchParams): Instrument[] {
  const instType = oneOf(query, 'instType', ['SPOT', 'SWAP']);
  const instId = query.get('instId');
  if (instId !== null) {
    instrumentNamed(venue, instId);
  }
  return venue.instruments.filter(
    (instrument) =>
      instTypeOf(instrument) === instType && (instId === null || instrument.venueSymbol === instId),
  );
}

/** The venue's names of bars that begin at whole UTC hours or days, in ours. */
const BARS: Readonly<Record<string, string>> = {
  '1m': '1m',
  '3m': '3m',
  '5m': '5m',
  '15m': '15m',
  '30m': '30m',
  '1H': '1h',
  '2H': '2h',
  '4H': '4h',
  '6Hutc': '6h',
  '12Hutc': '12h',
  '1Dutc': '1d',
};

/** Undefined for what is not served. */
export function intervalOf(bar: string): string | undefined {
  return BARS[bar];
}

/** Newest first: older than `after`, newer than `before`; the newest of them where there are too many. */
function candles(
  venue: OkxVenue,
  query: URLSearchParams,
  { largest, newest = Infinity }: { readonly largest: number; readonly newest?: number },
): string[][] {
  const instrument = named(venue, query);
  const interval = intervalOf(query.get('bar') ?? '1m');
  if (interval === undefined) {
    throw badParameter('bar');
  }
  const { marketTime } = venue.replay;
  const after = wholeNumber(query, 'after');
  const oldest = marketTime - newest * (INTERVALS[interval] ?? 0);
  const before = Math.max(wholeNumber(query, 'before') ?? 0, oldest);
  const limit = Math.min(wholeNumber(query, 'limit') ?? 100, largest);
  return venue.klines
    .query(instrument.symbol, interval, {
      limit,
      ...(after === undefined ? {} : { to: after - 1 }),
    })
    .filter(({ openAt }) => openAt > before)
    .reverse()
    .map((kline) => candleRow(kline, instrument, kline.closeAt <= marketTime));
}

/** Of payments already due, newest first: older than `after`, newer than `before`. */
function fundingRates(venue: OkxVenue, query: URLSearchParams): object[] {
  const instrument = named(venue, query);
  const { replay, funding } = venue;
  const before = wholeNumber(query, 'before') ?? 0;
  const after = wholeNumber(query, 'after') ?? Infinity;
  return replay
    .bars(instrument.symbol)
    .slice(0, replay.closedCount(instrument.symbol))
    .map(({ openAt }) => openAt + 60_000)
    .filter((at) => at > before && at < after)
    .reverse()
    .flatMap((at) => {
      const rate = funding.dueAt(at);
      if (rate === undefined) return [];
      const { venueSymbol: instId } = instrument;
      const row = { instType: 'SWAP', instId, formulaType: 'noRate', method: 'current_period' };
      return [{ ...row, fundingRate: rate, realizedRate: rate, fundingTime: String(at) }];
    })
    .slice(0, Math.min(wholeNumber(query, 'limit') ?? 100, 100));
}

/** `[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]`; vol is in contracts of a swap. */
export function candleRow(kline: BuiltKline, instrument: Instrument, closed: boolean): string[] {
  const volume = kline.volume.toFixed();
  return [
    String(kline.openAt),
    kline.open,
    kline.high,
    kline.low,
    kline.close,
    sizeOf(volume, instrument),
    toDecimalString(decimal(volume)),
    toDecimalString(kline.quoteVolume),
    closed ? '1' : '0',
  ];
}

/** One tick either side of the price of the moment. */
export function tickerRow(venue: OkxVenue, instrument: Instrument): Record<string, string> {
  const day = dayStatistics(venue.replay, instrument.symbol);
  const price = decimal(day.last);
  const base = toDecimalString(day.volume);
  return {
    instType: instTypeOf(instrument),
    instId: instrument.venueSymbol,
    last: day.last,
    lastSz: LEVEL_SIZE,
    askPx: toDecimalString(price.add(instrument.priceTick)),
    askSz: LEVEL_SIZE,
    bidPx: toDecimalString(price.sub(instrument.priceTick)),
    bidSz: LEVEL_SIZE,
    open24h: day.open,
    high24h: day.high,
    low24h: day.low,
    // Of a swap: in base; of spot: in quote.
    volCcy24h: instrument.contract === undefined ? toDecimalString(day.quoteVolume) : base,
    vol24h: sizeOf(base, instrument),
    sodUtc0: day.open,
    sodUtc8: day.open,
    ts: String(day.closeAt),
  };
}

/** `levels` prices a side, a tick apart, best first: `[price, size, "0", orders]`. */
export function bookRow(venue: OkxVenue, instrument: Instrument, levels: number): object {
  const price = decimal(venue.replay.price(instrument.symbol));
  const side = (sign: 1 | -1): string[][] =>
    Array.from({ length: levels }, (_, index) => [
      toDecimalString(price.add(decimal(instrument.priceTick).mul(sign * (index + 1)))),
      LEVEL_SIZE,
      '0',
      '1',
    ]);
  return { asks: side(1), bids: side(-1), ts: String(venue.replay.marketTime) };
}
