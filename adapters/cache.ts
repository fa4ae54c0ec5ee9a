/** The door to the cache. What is in it can vanish at any moment; PostgreSQL has the truth. */
export interface Cache {
  get(key: string): Promise<string | null>;
  /** `ttlMs` absent: until replaced. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Key of the latest price, TTL 5 s; on a miss the newest kline's close is the price. */
export function priceKey(exchange: string, symbol: string): string {
  return `price:${exchange}:${symbol}`;
}
export const PRICE_TTL_MS = 5_000;
