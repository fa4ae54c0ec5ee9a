import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../../core/errors.ts';
import type { Kline } from '../../core/kline.ts';
import type { SourceEvent } from '../data-source.ts';
import { KlineFeed, type KlineHistory } from './kline-feed.ts';

const MINUTE = 60_000;

function bar(number: number): Kline {
  const openAt = number * MINUTE;
  const price = { open: '1', high: '1', low: '1', close: '1', volume: '0' };
  const names = { exchange: 'binance', symbol: 'BTC/USDT', interval: '1m' } as const;
  return { ...names, openAt, closeAt: openAt + MINUTE, ...price };
}

/** A feed over a venue whose history reaches up to, not including, minute `known.end`, in pages of three. */
function setUp(known: { end: number; missing?: number[] }, since?: number) {
  const out: number[] = [];
  const asked: number[] = [];
  const history: KlineHistory = {
    page: (_query, from) => {
      asked.push(from / MINUTE);
      const all: Kline[] = [];
      for (let i = from / MINUTE; i < known.end; i += 1) {
        if (known.missing?.includes(i) !== true) all.push(bar(i));
      }
      const klines = all.slice(0, 3);
      const next = all.length > 3 ? (klines.at(-1)?.closeAt ?? null) : null;
      return Promise.resolve({ klines, malformed: [], next });
    },
  };
  const emit = (event: SourceEvent): Promise<void> => {
    if (event.kind === 'kline') out.push(event.kline.openAt / MINUTE);
    return Promise.resolve();
  };
  const query = { symbol: 'BTC/USDT', venueSymbol: 'BTCUSDT', interval: '1m' } as const;
  const feed = new KlineFeed({ query, history, emit, ...(since === undefined ? {} : { since }) });
  return { feed, out, asked, history };
}

const signal = new AbortController().signal;

describe('a kline feed', () => {
  it('hands on the back-fill first, then the live bars that waited, each once', async () => {
    const { feed, out } = setUp({ end: 8 }, 2 * MINUTE);
    feed.hold();
    await feed.live(bar(7));
    await feed.live(bar(8));
    await feed.fill(signal);
    await feed.live(bar(9));
    await feed.live(bar(9));
    expect(out).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('without a start begins with the first live bar and asks for no history', async () => {
    const { feed, out, asked } = setUp({ end: 8 });
    await feed.fill(signal);
    await feed.live(bar(7));
    expect(out).toEqual([7]);
    expect(asked).toEqual([]);
  });

  it('fills a gap between live bars before it goes on', async () => {
    const { feed, out } = setUp({ end: 100 });
    await feed.live(bar(10));
    await feed.live(bar(14));
    expect(out.slice(0, 5)).toEqual([10, 11, 12, 13, 14]);
    expect(new Set(out).size).toBe(out.length);
  });

  it('goes on over bars that the venue itself does not have', async () => {
    const { feed, out } = setUp({ end: 14, missing: [11, 12, 13] });
    await feed.live(bar(10));
    await feed.live(bar(14));
    expect(out).toEqual([10, 14]);
  });

  it('keeps its place when history fails, and catches up later', async () => {
    const { feed, out, history } = setUp({ end: 100 });
    const working = { ...history };
    await feed.live(bar(10));
    Object.assign(history, {
      page: () => Promise.reject(new KeelError('VENUE_UNAVAILABLE', 'down')),
    });
    await expect(feed.live(bar(12))).rejects.toMatchObject({ code: 'VENUE_UNAVAILABLE' });
    Object.assign(history, working);
    await feed.fill(signal);
    expect(out.slice(0, 3)).toEqual([10, 11, 12]);
  });

  it('keeps order when live bars and a back-fill come at once', async () => {
    const { feed, out } = setUp({ end: 30 }, 20 * MINUTE);
    await Promise.all([
      feed.fill(signal),
      feed.live(bar(30)),
      feed.fill(signal),
      feed.live(bar(31)),
    ]);
    expect(out).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
  });
});
