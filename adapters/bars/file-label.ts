/** What the name of a file of market data says about it. */
import { basename } from 'node:path';
import type { SeriesKey } from '../../core/bar-series.ts';
import { parseSymbol } from '../../core/symbol.ts';

/** Each part is absent where the name does not say it. */
export interface FileLabel {
  /** Unified, such as `BTC/USDT`. */
  readonly symbol?: string;
  /** As Keel names it: `binance-usdm` for Binance's perpetuals. */
  readonly exchange?: string;
  /** As written, such as `1m`; `8h` too, which Keel does not know. */
  readonly interval?: string;
}

const QUOTES = ['USDT', 'USDC', 'FDUSD', 'BUSD', 'TUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'USD'];
const EXCHANGES = [
  'binance',
  'okx',
  'bitstamp',
  'bitfinex',
  'bybit',
  'coinbase',
  'gate',
  'gemini',
  'kraken',
  'kucoin',
];
/** Exchanges whose perpetuals are a venue of their own here. */
const PERPETUALS: Readonly<Record<string, string>> = { binance: 'binance-usdm' };

/**
 * Reads names such as `BTCUSDT-binance-spot-1m-2024-12.csv.gz` or `Binance_ETHUSDT_1h.csv`: parts set apart by
 * `-`, `_` or `.`. The part `perp` makes the symbol the perpetual settled in its quote.
 */
export function labelOfFile(file: string): FileLabel {
  const parts = basename(file).split(/[-_.]/);
  const spot = parts.map(unified).find((symbol) => symbol !== undefined);
  const perpetual = parts.includes('perp');
  const exchange = parts.map((part) => part.toLowerCase()).find((part) => EXCHANGES.includes(part));
  const interval = parts.find((part) => /^\d+[mhdw]$/.test(part));
  const symbol = spot === undefined ? undefined : `${spot.base}/${spot.quote}`;
  return {
    ...(symbol === undefined
      ? {}
      : { symbol: perpetual ? `${symbol}:${spot?.quote ?? ''}` : symbol }),
    ...(exchange === undefined
      ? {}
      : { exchange: (perpetual ? PERPETUALS[exchange] : undefined) ?? exchange }),
    ...(interval === undefined ? {} : { interval }),
  };
}

/** A name without ending that `labelOfFile` reads back, such as `BTCUSDT-binance-usdm-perp-1m`. */
export function fileNameOf({ symbol, exchange, interval }: SeriesKey): string {
  const { base, quote, settle } = parseSymbol(symbol);
  return [`${base}${quote}`, exchange, ...(settle === undefined ? [] : ['perp']), interval].join(
    '-',
  );
}

/** `BTCUSDT` is BTC in USDT; undefined for what ends with no known quote. */
function unified(part: string): { readonly base: string; readonly quote: string } | undefined {
  const quote = QUOTES.find((end) => part.endsWith(end) && part.length > end.length);
  if (quote === undefined || !/^[A-Z0-9]+$/.test(part)) return undefined;
  return { base: part.slice(0, -quote.length), quote };
}
