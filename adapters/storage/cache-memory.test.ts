import { describe, expect, it } from '@jest/globals';
import { cacheContract } from './cache.contract.ts';
import { createMemoryCache } from './cache-memory.ts';

describe('memory cache', () => {
  cacheContract(createMemoryCache);

  it('drops expired keys nobody reads', async () => {
    let now = 0;
    const cache = createMemoryCache(() => now);
    await cache.set('old', 'x', 10);
    now = 20;
    for (let i = 0; i < 1_000; i += 1) await cache.set('other', 'y');
    now = 0;
    expect(await cache.get('old')).toBeNull();
  });
});
