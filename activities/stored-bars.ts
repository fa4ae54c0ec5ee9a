/** What a strategy instance reads of the stored one-minute bars. */
import type { KlineRepository } from '../adapters/repositories.ts';
import type { Kline } from '../core/kline.ts';
import { feedKey } from '../strategies/base-strategy.ts';

interface Market {
  readonly exchange: string;
  readonly symbol: string;
}

/**
 * The anchor of a run: the newest `closeAt` up to which every market that has bars has them; 0 where none
 * has any. Bars after it are live, so that a market whose store lags loses none of its own.
 */
export async function newestCommon(
  klines: KlineRepository,
  markets: readonly Market[],
): Promise<number> {
  const newest = await Promise.all(
    markets.map(({ exchange, symbol }) => klines.newest(exchange, symbol, '1m')),
  );
  const times = newest.flatMap((bar) => (bar === null ? [] : [bar.closeAt]));
  return times.length === 0 ? 0 : Math.min(...times);
}

/** Bars after each market's offset, in the order of `closeAt`, then exchange and symbol. */
export async function storedAfter(
  klines: KlineRepository,
  markets: readonly Market[],
  offsets: Readonly<Record<string, number>>,
): Promise<readonly Kline[]> {
  const found = await Promise.all(
    markets.map(({ exchange, symbol }) =>
      klines.range({
        exchange,
        symbol,
        interval: '1m',
        from: offsets[feedKey({ exchange, symbol, interval: '1m' })] ?? 0,
        to: Number.MAX_SAFE_INTEGER,
      }),
    ),
  );
  const name = (bar: Kline): string => `${bar.exchange}:${bar.symbol}`;
  return found.flat().sort((a, b) => a.closeAt - b.closeAt || (name(a) < name(b) ? -1 : 1));
}
