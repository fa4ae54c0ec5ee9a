/** What every cache must do. `cacheContract(create)` inside a `describe`. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '../cache.ts';

export function cacheContract(create: () => Cache): void {
  let cache: Cache;
  beforeAll(() => {
    cache = create();
  });
  afterAll(() => cache.close());

  it('gives back what was set, and null for what was not', async () => {
    await cache.set('a', 'one');
    expect(await cache.get('a')).toBe('one');
    expect(await cache.get('b')).toBeNull();
    await cache.set('empty', '');
    expect(await cache.get('empty')).toBe('');
  });

  it('replaces and deletes', async () => {
    await cache.set('c', '1');
    await cache.set('c', '2');
    expect(await cache.get('c')).toBe('2');
    await cache.delete('c');
    await cache.delete('c');
    expect(await cache.get('c')).toBeNull();
  });

  it('forgets after the time to live', async () => {
    await cache.set('d', 'x', 80);
    await cache.set('e', 'y', 60_000);
    expect(await cache.get('d')).toBe('x');
    await sleep(120);
    expect(await cache.get('d')).toBeNull();
    expect(await cache.get('e')).toBe('y');
  });

  it('takes the time to live of the last set', async () => {
    await cache.set('f', 'short', 50);
    await cache.set('f', 'kept');
    await sleep(90);
    expect(await cache.get('f')).toBe('kept');
  });
}
