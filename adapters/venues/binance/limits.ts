/**
 * Binance's limits as buckets of the rate budget: request weight per address, new orders per account. The
 * limits are those exchangeInfo states; until it is read, those of the documentation. RAW_REQUESTS is left
 * out: every request weighs at least one, so the weight ends first.
 *
 * Source: developers.binance.com, Spot API, "Limits".
 */
import { z } from 'zod';
import type { KeelError } from '../../../core/errors.ts';
import type { Bucket, Purpose, RateNews } from '../../rate-budget.ts';

const UNIT_MS = { SECOND: 1_000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const;
const unit = z.enum(['SECOND', 'MINUTE', 'HOUR', 'DAY']);

export const rateLimitsSchema = z.array(
  z.object({
    rateLimitType: z.string(),
    interval: unit,
    intervalNum: z.int().positive(),
    limit: z.int().positive(),
  }),
);
type StatedLimits = z.infer<typeof rateLimitsSchema>;

const DOCUMENTED: StatedLimits = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6_000 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
  { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
];

/** "from 2 minutes to 3 days": where a ban does not say how long it is. */
const SHORTEST_BAN_MS = 120_000;

export interface BinanceLimits {
  /** What a request takes: its weight, and one order where it places one. */
  buckets(purpose: Purpose, weight: number): readonly Bucket[];
  /** What the venue's answer says of the counts. */
  newsOf(headers: Headers, error: KeelError | null): RateNews;
  /** Takes exchangeInfo's word. */
  learn(stated: StatedLimits): void;
}

export function createBinanceLimits(options: {
  readonly restUrl: string;
  /** Absent where no orders are placed. */
  readonly accountId?: string | undefined;
  /** Keel's part of the address's weight where others use it too; never more than the venue states. */
  readonly weightPerMinute?: number | undefined;
}): BinanceLimits {
  const { host } = new URL(options.restUrl);
  const { accountId = '', weightPerMinute = Infinity } = options;
  let stated = DOCUMENTED;

  const of = (type: string): readonly (Omit<Bucket, 'cost'> & { readonly header: string })[] =>
    stated
      .filter(({ rateLimitType }) => rateLimitType === type)
      .map(({ interval, intervalNum, limit }) => {
        const span = `${String(intervalNum)}${interval.charAt(0).toLowerCase()}`;
        const whose = type === 'ORDERS' ? `account:${accountId}:orders` : 'ip:weight';
        return {
          key: `binance:${host}:${whose}:${span}`,
          limit: type === 'ORDERS' ? limit : Math.min(limit, weightPerMinute),
          windowMs: UNIT_MS[interval] * intervalNum,
          window: 'aligned',
          header: type === 'ORDERS' ? `x-mbx-order-count-${span}` : `x-mbx-used-weight-${span}`,
        };
      });

  return {
    buckets(purpose, weight) {
      const orders = purpose === 'send' ? of('ORDERS') : [];
      return [
        ...of('REQUEST_WEIGHT').map((bucket) => ({ ...bucket, cost: weight })),
        ...orders.map((bucket) => ({ ...bucket, cost: 1 })),
      ];
    },
    newsOf(headers, error) {
      const used: Record<string, number> = {};
      for (const { key, header } of [...of('REQUEST_WEIGHT'), ...of('ORDERS')]) {
        const count = Number(headers.get(header) ?? Number.NaN);
        if (Number.isFinite(count)) used[key] = count;
      }
      const banned = error?.code === 'VENUE_BANNED';
      if (error === null || (error.code !== 'VENUE_RATE_LIMITED' && !banned)) return { used };
      // −1015 is of the account's orders: cancels and reads may go on. All else is of the address.
      const refused = error.details?.venueCode === '-1015' ? spent(of('ORDERS'), error) : undefined;
      const bucket = refused ?? of('REQUEST_WEIGHT')[0];
      if (bucket === undefined) return { used };
      const windowLeftMs = bucket.windowMs - (Date.now() % bucket.windowMs);
      const forMs = error.retryAfterMs ?? (banned ? SHORTEST_BAN_MS : windowLeftMs);
      return { used, silence: { key: bucket.key, forMs, banned } };
    },
    learn(limits) {
      const known = limits.filter(({ rateLimitType }) =>
        DOCUMENTED.some((one) => one.rateLimitType === rateLimitType),
      );
      if (known.length > 0) stated = known;
    },
  };
}

/** "current limit is 100 orders per 10 SECOND": which of the counts is used up; the shortest where it says none. */
function spent<B extends { readonly windowMs: number }>(
  buckets: readonly B[],
  error: KeelError,
): B | undefined {
  const [, count, word] =
    /per (?:(\d+) )?(SECOND|MINUTE|HOUR|DAY)/i.exec(String(error.details?.venueMessage)) ?? [];
  const named = unit.safeParse(word?.toUpperCase());
  const windowMs = named.success ? UNIT_MS[named.data] * Number(count ?? '1') : undefined;
  return buckets.find((bucket) => bucket.windowMs === windowMs) ?? buckets[0];
}
