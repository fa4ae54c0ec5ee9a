/**
 * OKX's limits as buckets of the rate budget, all over two seconds: public reads per endpoint and address,
 * private ones per endpoint and account, orders and cancels per account and instrument, and new orders of the
 * account together.
 *
 * Source: www.okx.com/docs-v5, "Rate Limits" and each endpoint's own line.
 */
import type { KeelError } from '../../../core/errors.ts';
import type { Bucket, RateNews } from '../../rate-budget.ts';

const WINDOW_MS = 2_000;
/** How long to be silent where the venue refused and does not say for how long. */
const SILENCE_MS = WINDOW_MS;

/** Requests in two seconds, by path below `/api/v5/`; deeds are listed with their method. */
const LIMITS: Readonly<Record<string, number>> = {
  'public/time': 10,
  'public/instruments': 20,
  'market/ticker': 20,
  'market/books': 40,
  'market/candles': 40,
  'market/history-candles': 20,
  'account/balance': 10,
  'account/bills': 10,
  'account/config': 5,
  'account/leverage-info': 20,
  'account/positions': 10,
  'account/set-leverage': 20,
  'account/set-position-mode': 5,
  'account/trade-fee': 5,
  'trade/order': 60,
  'trade/cancel-order': 60,
  'trade/order-algo': 20,
  'trade/cancel-algos': 20,
  'trade/orders-pending': 60,
  'trade/orders-history': 40,
  'trade/orders-history-archive': 20,
  'trade/orders-algo-pending': 20,
  'trade/orders-algo-history': 20,
  'trade/fills': 60,
  'trade/fills-history': 10,
};

/** New orders of one account, all instruments together. */
const ORDERS_AN_ACCOUNT = 1_000;
/** Counted per instrument as well. */
const BY_INSTRUMENT = ['POST trade/order', 'POST trade/cancel-order'];

export interface Counted {
  readonly method: 'GET' | 'POST';
  /** Below `/api/v5/`. */
  readonly path: string;
  readonly access: 'public' | 'private';
  readonly instId?: string | undefined;
}

export interface OkxLimits {
  buckets(request: Counted): readonly Bucket[];
  /** What the venue's refusal says of the counts. */
  newsOf(request: Counted, error: KeelError | null): RateNews;
}

export function createOkxLimits(options: {
  readonly restUrl: string;
  /** Absent where no account is used. */
  readonly accountId?: string | undefined;
}): OkxLimits {
  const { host } = new URL(options.restUrl);
  const account = `okx:${host}:account:${options.accountId ?? ''}`;

  const bucket = (key: string, limit: number): Bucket => ({
    key,
    limit,
    windowMs: WINDOW_MS,
    window: 'rolling',
    cost: 1,
  });

  const buckets = ({ method, path, access, instId }: Counted): readonly Bucket[] => {
    const deed = `${method} ${path}`;
    const whose = access === 'public' ? `okx:${host}:ip` : account;
    const where = BY_INSTRUMENT.includes(deed) ? `:${instId ?? ''}` : '';
    const own = bucket(`${whose}:${deed}${where}`, LIMITS[path] ?? SLOWEST);
    const places = deed === 'POST trade/order' || deed === 'POST trade/order-algo';
    return places ? [own, bucket(`${account}:orders`, ORDERS_AN_ACCOUNT)] : [own];
  };

  return {
    buckets,
    newsOf(request, error) {
      if (error === null) return {};
      const banned = error.code === 'VENUE_BANNED';
      if (!banned && error.code !== 'VENUE_RATE_LIMITED') return {};
      const [own, ofAccount] = buckets(request);
      const full = error.details?.venueCode === '50061' ? (ofAccount ?? own) : own;
      if (full === undefined) return {};
      return { silence: { key: full.key, forMs: error.retryAfterMs ?? SILENCE_MS, banned } };
    },
  };
}

/** For a path that is not listed. */
const SLOWEST = 5;
