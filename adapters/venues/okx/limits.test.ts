import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../../../core/errors.ts';
import { createOkxLimits, type Counted } from './limits.ts';

const MAIN = createOkxLimits({ restUrl: 'https://www.okx.com', accountId: 'main' });
const ACCOUNT = 'okx:www.okx.com:account:main';
const PLACE: Counted = {
  method: 'POST',
  path: 'trade/order',
  access: 'private',
  instId: 'BTC-USDT',
};

const keysOf = (request: Counted) => MAIN.buckets(request).map(({ key }) => key);

function refused(code: 'VENUE_RATE_LIMITED' | 'VENUE_BANNED', venueCode: string): KeelError {
  return new KeelError(code, 'no', { details: { venueCode } });
}

describe('OKX’s limits', () => {
  it('count an order for its account and instrument, and for its account over all instruments', () => {
    expect(MAIN.buckets(PLACE)).toMatchObject([
      {
        key: `${ACCOUNT}:POST trade/order:BTC-USDT`,
        limit: 60,
        windowMs: 2_000,
        window: 'rolling',
      },
      { key: `${ACCOUNT}:orders`, limit: 1_000, windowMs: 2_000, window: 'rolling' },
    ]);
    const [own, shared] = keysOf({ ...PLACE, instId: 'ETH-USDT-SWAP' });
    expect(own).toBe(`${ACCOUNT}:POST trade/order:ETH-USDT-SWAP`);
    expect(shared).toBe(`${ACCOUNT}:orders`);
  });

  it('count a stop among the orders of its account', () => {
    expect(keysOf({ ...PLACE, path: 'trade/order-algo' })).toContain(`${ACCOUNT}:orders`);
  });

  it('count a cancel for its instrument, beside the orders', () => {
    expect(keysOf({ ...PLACE, path: 'trade/cancel-order' })).toEqual([
      `${ACCOUNT}:POST trade/cancel-order:BTC-USDT`,
    ]);
  });

  it('count public reads by address, whoever reads, and private ones by account', () => {
    const read = { method: 'GET', path: 'market/books', instId: 'BTC-USDT' } as const;
    const other = createOkxLimits({ restUrl: 'https://www.okx.com', accountId: 'other' });
    const shared = { ...read, access: 'public' } as const;
    expect(other.buckets(shared)).toEqual(MAIN.buckets(shared));
    const [own] = MAIN.buckets({ method: 'GET', path: 'account/balance', access: 'private' });
    expect(own).toMatchObject({ key: `${ACCOUNT}:GET account/balance`, limit: 10 });
  });

  it('take a path that is not listed for the slowest', () => {
    const [own] = MAIN.buckets({ method: 'GET', path: 'account/new-thing', access: 'private' });
    expect(own?.limit).toBe(5);
  });

  it.each([
    [
      '50011',
      refused('VENUE_RATE_LIMITED', '50011'),
      `${ACCOUNT}:POST trade/order:BTC-USDT`,
      false,
    ],
    ['50061', refused('VENUE_RATE_LIMITED', '50061'), `${ACCOUNT}:orders`, false],
    ['418', refused('VENUE_BANNED', 'null'), `${ACCOUNT}:POST trade/order:BTC-USDT`, true],
  ])('are silent for a window after %s, where it was meant', (_what, error, key, banned) => {
    expect(MAIN.newsOf(PLACE, error)).toEqual({ silence: { key, forMs: 2_000, banned } });
  });

  it('learn nothing where a request passed, or failed for something else', () => {
    expect(MAIN.newsOf(PLACE, null)).toEqual({});
    expect(MAIN.newsOf(PLACE, new KeelError('VENUE_UNAVAILABLE', 'no'))).toEqual({});
  });
});
