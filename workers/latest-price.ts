/** The newest price of a symbol: from the cache, and when that is silent the newest kline's close. */
import { priceKey, type Cache } from '../adapters/cache.ts';
import type { KlineRepository } from '../adapters/repositories.ts';
import { KeelError } from '../core/errors.ts';

/** Throws NOT_FOUND where no bar of the symbol was ever stored. A cache that does not answer counts as empty. */
export async function latestPrice(
  cache: Pick<Cache, 'get'>,
  klines: Pick<KlineRepository, 'newest'>,
  exchange: string,
  symbol: string,
): Promise<string> {
  const cached = await cache.get(priceKey(exchange, symbol)).catch(() => null);
  if (cached !== null) return cached;
  const newest = await klines.newest(exchange, symbol, '1m');
  if (newest !== null) return newest.close;
  throw new KeelError(
    'NOT_FOUND',
    `no price of ${symbol} on ${exchange} is known yet; is its collector running?`,
  );
}
