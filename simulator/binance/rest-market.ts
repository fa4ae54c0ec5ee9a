/** Public endpoints: time, rules, prices, book, klines. Each returns what the venue's JSON body holds. */
import type { Instrument } from '../../core/instrument.ts';
import { decimal } from '../../core/money.ts';
import { type BuiltKline, dayStatistics, INTERVALS } from '../klines.ts';
import { invalidInterval, VenueError } from './errors.ts';
import { exchangeInfo } from './exchange-info.ts';
import { fixed8 } from './format.ts';
import {
  listLimit,
  mandatoryText,
  onlyKnown,
  optionalInteger,
  optionalSymbolName,
  symbolName,
} from './parameters.ts';
import { instrumentNamed, type Venue, type VenueRequest } from './venue.ts';

type Handler = (venue: Venue, request: VenueRequest) => unknown;

/** Keyed by path; all are GET and need no key. */
export const MARKET_ENDPOINTS: Readonly<Record<string, Handler>> = {
  '/api/v3/ping': () => ({}),
  '/api/v3/time': (venue) => ({ serverTime: venue.wallTime() }),
  '/api/v3/exchangeInfo': getExchangeInfo,
  '/api/v3/depth': getDepth,
  '/api/v3/klines': getKlines,
  '/api/v3/avgPrice': getAveragePrice,
  '/api/v3/ticker/24hr': (venue, request) =>
    eachSymbol(venue, request, (instrument) => dayTicker(venue, instrument)),
  '/api/v3/ticker/price': (venue, request) =>
    eachSymbol(venue, request, ({ symbol, venueSymbol }) => ({
      symbol: venueSymbol,
      price: fixed8(venue.replay.price(symbol)),
    })),
  '/api/v3/ticker/bookTicker': (venue, request) =>
    eachSymbol(venue, request, (instrument) => {
      const { bid, ask } = topOfBook(venue, instrument);
      return {
        symbol: instrument.venueSymbol,
        bidPrice: bid,
        bidQty: LEVEL_QUANTITY,
        askPrice: ask,
        askQty: LEVEL_QUANTITY,
      };
    }),
};

/** Every level of the made-up book holds this much; the recording has no book. */
export const LEVEL_QUANTITY = '1.00000000';
const DEPTHS_MAX = 5_000;

function getExchangeInfo(venue: Venue, { params }: VenueRequest): object {
  onlyKnown(params, ['symbol', 'symbols', 'permissions', 'showPermissionSets', 'symbolStatus']);
  if (params.has('symbol') && params.has('symbols')) {
    throw new VenueError(-1128, 'Combination of optional parameters invalid.');
  }
  const names = requestedSymbols(params);
  const instruments =
    names === undefined ? venue.instruments : names.map((name) => instrumentNamed(venue, name));
  return exchangeInfo(instruments, venue.limits, venue.wallTime());
}

function requestedSymbols(params: URLSearchParams): string[] | undefined {
  const one = optionalSymbolName(params);
  if (one !== undefined) {
    return [one];
  }
  const many = params.get('symbols');
  if (many === null) {
    return undefined;
  }
  const range = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$';
  if (!new RegExp(range).test(many)) {
    throw new VenueError(
      -1100,
      `Illegal characters found in parameter 'symbols'; legal range is '${range}'.`,
    );
  }
  return many.slice(2, -2).split('","');
}

/** One object where one symbol is asked for, else a list. */
function eachSymbol(
  venue: Venue,
  { params }: VenueRequest,
  answer: (instrument: Instrument) => object,
): object {
  onlyKnown(params, ['symbol', 'symbols', 'type', 'symbolStatus']);
  const names = requestedSymbols(params);
  if (params.has('symbol') && names?.[0] !== undefined) {
    return answer(instrumentNamed(venue, names[0]));
  }
  return (names?.map((name) => instrumentNamed(venue, name)) ?? venue.instruments).map(answer);
}

/** One tick either side of the price of the moment. */
export function topOfBook(venue: Venue, instrument: Instrument): { bid: string; ask: string } {
  const price = decimal(venue.replay.price(instrument.symbol));
  return {
    bid: fixed8(price.sub(instrument.priceTick)),
    ask: fixed8(price.add(instrument.priceTick)),
  };
}

/** `levels` prices a side, a tick apart, best first. */
export function book(
  venue: Venue,
  instrument: Instrument,
  levels: number,
): { lastUpdateId: number; bids: string[][]; asks: string[][] } {
  const price = decimal(venue.replay.price(instrument.symbol));
  const tick = decimal(instrument.priceTick);
  const numbers = Array.from({ length: levels }, (_, index) => index + 1);
  return {
    lastUpdateId: venue.replay.bar + 1,
    bids: numbers.map((n) => [fixed8(price.sub(tick.mul(n))), LEVEL_QUANTITY]),
    asks: numbers.map((n) => [fixed8(price.add(tick.mul(n))), LEVEL_QUANTITY]),
  };
}

function getDepth(venue: Venue, { params }: VenueRequest): object {
  onlyKnown(params, ['symbol', 'limit', 'symbolStatus']);
  const instrument = instrumentNamed(venue, symbolName(params));
  return book(venue, instrument, listLimit(params, 100, DEPTHS_MAX));
}

function getAveragePrice(venue: Venue, { params }: VenueRequest): object {
  onlyKnown(params, ['symbol']);
  const { symbol } = instrumentNamed(venue, symbolName(params));
  return { mins: 5, price: fixed8(venue.replay.price(symbol)), closeTime: venue.replay.marketTime };
}

function getKlines(venue: Venue, { params }: VenueRequest): unknown[] {
  onlyKnown(params, ['symbol', 'interval', 'startTime', 'endTime', 'timeZone', 'limit']);
  const { symbol } = instrumentNamed(venue, symbolName(params));
  const interval = mandatoryText(params, 'interval', '^[0-9a-zA-Z]{1,4}$');
  if (INTERVALS[interval] === undefined) {
    throw invalidInterval();
  }
  const from = optionalInteger(params, 'startTime');
  const to = optionalInteger(params, 'endTime');
  const limit = listLimit(params, 500, 1_000);
  const range = {
    limit,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  return venue.klines.query(symbol, interval, range).map(klineRow);
}

function klineRow(kline: BuiltKline): unknown[] {
  const half = kline.volume.div(2);
  return [
    kline.openAt,
    fixed8(kline.open),
    fixed8(kline.high),
    fixed8(kline.low),
    fixed8(kline.close),
    fixed8(kline.volume),
    kline.closeAt - 1,
    fixed8(kline.quoteVolume),
    kline.volume.isZero() ? 0 : 1,
    fixed8(half),
    fixed8(kline.quoteVolume.div(2)),
    '0',
  ];
}

function dayTicker(venue: Venue, instrument: Instrument): object {
  const day = dayStatistics(venue.replay, instrument.symbol);
  const { bid, ask } = topOfBook(venue, instrument);
  const change = decimal(day.last).sub(day.open);
  return {
    symbol: instrument.venueSymbol,
    priceChange: fixed8(change),
    priceChangePercent: change.div(day.open).mul(100).toFixed(3),
    weightedAvgPrice: fixed8(day.volume.isZero() ? day.last : day.quoteVolume.div(day.volume)),
    prevClosePrice: fixed8(day.open),
    lastPrice: fixed8(day.last),
    lastQty: LEVEL_QUANTITY,
    bidPrice: bid,
    bidQty: LEVEL_QUANTITY,
    askPrice: ask,
    askQty: LEVEL_QUANTITY,
    openPrice: fixed8(day.open),
    highPrice: fixed8(day.high),
    lowPrice: fixed8(day.low),
    volume: fixed8(day.volume),
    quoteVolume: fixed8(day.quoteVolume),
    openTime: day.openAt,
    closeTime: day.closeAt,
    firstId: 0,
    lastId: day.minutes,
    count: day.minutes,
  };
}
