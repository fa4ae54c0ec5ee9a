import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { describeWith, testServers } from '../../test/servers.ts';
import { cacheContract } from './cache.contract.ts';
import { createRedisCache } from './cache-redis.ts';

describeWith('redis', 'redis cache', () => {
  const keyPrefix = `test:${randomUUID()}:`;
  cacheContract(() => createRedisCache(testServers().redisUrl ?? '', { keyPrefix }));
});

describe('redis cache without a server', () => {
  it('fails with UNAVAILABLE, soon, and does not end the process', async () => {
    const heard: Error[] = [];
    const cache = createRedisCache('redis://127.0.0.1:1', {
      onConnectionError: (error) => heard.push(error),
    });
    const started = Date.now();
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(cache.set('a', 'b', 5)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(cache.delete('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(Date.now() - started).toBeLessThan(8_000);
    expect(heard.length).toBeGreaterThan(0);
    await cache.close();
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
