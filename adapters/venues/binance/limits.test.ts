import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../../../core/errors.ts';
import { createBinanceLimits } from './limits.ts';

const ADDRESS = { restUrl: 'https://api.binance.com', accountId: 'main' };
const WEIGHT = 'binance:api.binance.com:ip:weight:1m';
const ORDERS_10S = 'binance:api.binance.com:account:main:orders:10s';
const ORDERS_1D = 'binance:api.binance.com:account:main:orders:1d';

function refused(
  code: 'VENUE_RATE_LIMITED' | 'VENUE_BANNED',
  venueCode: string,
  venueMessage = '',
  retryAfterMs?: number,
): KeelError {
  return new KeelError(code, 'no', {
    details: { venueCode, venueMessage },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

describe('Binance’s limits', () => {
  it('take weight from the address, and orders from the account where one is placed', () => {
    const limits = createBinanceLimits(ADDRESS);
    expect(limits.buckets('read', 20)).toMatchObject([
      { key: WEIGHT, limit: 6_000, windowMs: 60_000, window: 'aligned', cost: 20 },
    ]);
    expect(limits.buckets('send', 1)).toMatchObject([
      { key: WEIGHT, cost: 1 },
      { key: ORDERS_10S, limit: 100, windowMs: 10_000, cost: 1 },
      { key: ORDERS_1D, limit: 200_000, windowMs: 86_400_000, cost: 1 },
    ]);
    expect(limits.buckets('cancel', 1)).toHaveLength(1);
  });

  it('are those that exchangeInfo states, and never more than Keel may use', () => {
    const limits = createBinanceLimits({ ...ADDRESS, weightPerMinute: 1_000 });
    limits.learn([
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2_400 },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
    ]);
    expect(limits.buckets('send', 1).map(({ limit }) => limit)).toEqual([1_000, 300]);
    limits.learn([]);
    expect(limits.buckets('send', 1)).toHaveLength(2);
  });

  it('read the venue’s counts from its headers', () => {
    const headers = new Headers({
      'x-mbx-used-weight-1m': '79',
      'x-mbx-order-count-10s': '7',
      'x-mbx-order-count-1d': '70',
    });
    expect(createBinanceLimits(ADDRESS).newsOf(headers, null)).toEqual({
      used: { [WEIGHT]: 79, [ORDERS_10S]: 7, [ORDERS_1D]: 70 },
    });
  });

  it.each([
    ['429', refused('VENUE_RATE_LIMITED', '-1003', '', 3_000), WEIGHT, 3_000, false],
    ['418', refused('VENUE_BANNED', '-1003', '', 90_000), WEIGHT, 90_000, true],
    ['418 without a word on how long', refused('VENUE_BANNED', 'null'), WEIGHT, 120_000, true],
    [
      '-1015 of a day',
      refused('VENUE_RATE_LIMITED', '-1015', 'limit is 200000 orders per 1 DAY.', 5_000),
      ORDERS_1D,
      5_000,
      false,
    ],
  ])('silence what a %s is about', (_what, error, key, forMs, banned) => {
    const { silence } = createBinanceLimits(ADDRESS).newsOf(new Headers(), error);
    expect(silence).toEqual({ key, forMs, banned });
  });

  it('are silent to the end of the window where a refusal does not say how long', () => {
    const error = refused('VENUE_RATE_LIMITED', '-1015', 'limit is 100 orders per 10 SECOND.');
    const { silence } = createBinanceLimits(ADDRESS).newsOf(new Headers(), error);
    expect(silence).toMatchObject({ key: ORDERS_10S, banned: false });
    expect(silence?.forMs).toBeGreaterThan(0);
    expect(silence?.forMs).toBeLessThanOrEqual(10_000);
  });

  it('stay as they are where an error says nothing of limits', () => {
    const error = new KeelError('VENUE_UNAVAILABLE', 'no');
    expect(createBinanceLimits(ADDRESS).newsOf(new Headers(), error)).toEqual({ used: {} });
  });
});
