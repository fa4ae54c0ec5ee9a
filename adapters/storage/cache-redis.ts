/**
 * The cache in Redis. It is a convenience: when Redis is away every call fails fast with UNAVAILABLE, and the
 * connection comes back by itself.
 */
import { Redis } from 'ioredis';
import { KeelError } from '../../core/errors.ts';
import type { Cache } from '../cache.ts';

export interface RedisCacheOptions {
  /** Put before every key; lets tests share a server. */
  readonly keyPrefix?: string;
  /** Told of connection errors; the calls that meet them fail by themselves. */
  readonly onConnectionError?: (error: Error) => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** A server that says nothing for so long after a command is taken for dead. */
const ANSWER_TIMEOUT_MS = 2_000;
const LONGEST_BACK_OFF_MS = 2_000;

/** `url` is `redis://[user:password@]host:port[/db]`. Never throws; calls do. */
export function createRedisCache(url: string, options: RedisCacheOptions = {}): Cache {
  const redis = new Redis(url, {
    keyPrefix: options.keyPrefix ?? '',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
    // After a lost connection `disconnect` waits so long for a socket that is gone already.
    disconnectTimeout: 100,
    // One try: a price that comes late is of no use, the caller falls back on PostgreSQL.
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, LONGEST_BACK_OFF_MS),
  });
  // While the connection is known to be down calls fail at once instead of waiting for the next attempt.
  let down = false;
  redis.on('close', () => (down = true));
  redis.on('ready', () => (down = false));
  // Without a listener ioredis writes to the console and, on some paths, ends the process.
  redis.on('error', (error: Error) => options.onConnectionError?.(error));

  async function run<T>(command: () => Promise<T>): Promise<T> {
    try {
      if (down) throw new Error('the connection is down');
      return await command();
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new KeelError(
        'UNAVAILABLE',
        `Redis does not answer: ${said}; check that it runs and that cache.url is right`,
        { cause: error },
      );
    }
  }

  return {
    get: (key) => run(() => redis.get(key)),
    set: (key, value, ttlMs) =>
      run(async () => {
        if (ttlMs === undefined) await redis.set(key, value);
        else await redis.set(key, value, 'PX', ttlMs);
      }),
    delete: (key) =>
      run(async () => {
        await redis.del(key);
      }),
    close() {
      // QUIT would wait for a server that is not there.
      redis.disconnect();
      return Promise.resolve();
    },
  };
}
