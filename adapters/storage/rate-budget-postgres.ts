/**
 * Rate budgets in PostgreSQL: one row a bucket, one statement a request (migrations/0005-rate-budget.sql), so
 * that all processes together keep the limit and all are silent when one is told to be.
 *
 * While PostgreSQL does not answer, a cancel goes by what this process counted and heard itself; everything
 * else is held back: a send needs PostgreSQL anyway, and a read can wait.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import {
  type Bucket,
  checkBuckets,
  type Purpose,
  type RateBudget,
  type RateNews,
  refusalError,
  SHARE,
  type Ticket,
} from '../rate-budget.ts';
import type { Queryable } from './database.ts';
import { toKeelError } from './postgres-errors.ts';
import { RateCounts } from './rate-budget-memory.ts';

/** A cancel must not wait for a database that hangs. */
const ANSWER_WITHIN_MS = 2_000;
/** How long what is held back waits before it tries again. */
const RETRY_MS = 1_000;

const verdictSchema = z.object({
  at: z.int(),
  used: z.record(z.string(), z.number()).optional(),
  refusal: z
    .object({
      why: z.enum(['silent', 'spent']),
      key: z.string(),
      waitMs: z.int(),
      banned: z.boolean(),
      used: z.number(),
    })
    .optional(),
});
type Verdict = z.infer<typeof verdictSchema>;

export interface PostgresRateBudgetOptions {
  readonly logger: Logger;
  /** The clock of windows and silences, ms; default PostgreSQL's own, which is one for all hosts. */
  readonly now?: () => number;
}

export function createPostgresRateBudget(
  db: Queryable,
  { logger, now }: PostgresRateBudgetOptions,
): RateBudget {
  const local = new RateCounts();
  const localTime = now ?? Date.now;

  const ask = async (purpose: Purpose, buckets: readonly Bucket[]): Promise<Verdict> => {
    const wanted = buckets.map(({ key, limit, windowMs, window, cost }) => ({
      ...{ key, limit, windowMs, cost },
      rolling: window === 'rolling',
    }));
    const { rows } = await sql<{ verdict: unknown }>`
      select take_rate_budget(${JSON.stringify(wanted)}::jsonb, ${SHARE[purpose]}::numeric,
        ${now?.() ?? null}::bigint) as verdict`.execute(db);
    return verdictSchema.parse(rows[0]?.verdict);
  };

  /** Tells what the venue counted above what PostgreSQL did, and every silence. */
  const tell = async (
    buckets: readonly Bucket[],
    counted: Verdict,
    { used, silence }: RateNews,
  ): Promise<void> => {
    const news = buckets.flatMap(({ key, windowMs }) => {
      const told = used?.[key] ?? 0;
      const higher = told > (counted.used?.[key] ?? 0) ? told : null;
      const silentMs = silence?.key === key ? silence.forMs : null;
      if (higher === null && silentMs === null) return [];
      return [{ key, windowMs, used: higher, silentMs, banned: silence?.banned ?? false }];
    });
    if (news.length === 0) return;
    await sql`select hear_rate_budget(${JSON.stringify(news)}::jsonb, ${counted.at}::bigint,
      ${now?.() ?? null}::bigint)`.execute(db);
  };

  const ticket = (
    buckets: readonly Bucket[],
    takenAt: number,
    counted: Verdict | null,
  ): Ticket => ({
    async heard(news) {
      local.hear(buckets, news, { at: localTime(), takenAt });
      if (counted === null) return;
      try {
        await within(ANSWER_WITHIN_MS, tell(buckets, counted, news));
      } catch (error) {
        // This process keeps to it; the others hear it from the venue themselves.
        logger.warn({ err: toKeelError(error) }, 'rate_news_not_shared');
      }
    },
  });

  return {
    async take(purpose, buckets) {
      checkBuckets(purpose, buckets);
      const at = localTime();
      const known = local.refusal(purpose, buckets, at);
      if (known?.why === 'silent') throw refusalError(purpose, buckets, known);
      let verdict: Verdict | null;
      try {
        verdict = await within(ANSWER_WITHIN_MS, ask(purpose, buckets));
      } catch (error) {
        const away = toKeelError(error);
        if (purpose !== 'cancel') throw heldBack(purpose, away);
        if (known !== null) throw refusalError(purpose, buckets, known);
        logger.warn({ err: away }, 'rate_budget_local');
        verdict = null;
      }
      const refusal = verdict?.refusal;
      if (refusal !== undefined) {
        if (refusal.why === 'silent') {
          const { key, waitMs: forMs, banned } = refusal;
          local.hear(buckets, { silence: { key, forMs, banned } }, { at, takenAt: at });
        }
        throw refusalError(purpose, buckets, refusal);
      }
      local.count(buckets, at);
      return ticket(buckets, at, verdict);
    },
  };
}

function heldBack(purpose: Purpose, cause: KeelError): KeelError {
  return new KeelError(
    'VENUE_RATE_LIMITED',
    `a ${purpose} was held back, the shared rate budget cannot be read: ${cause.message}`,
    { cause, retryAfterMs: RETRY_MS },
  );
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late: PromiseWithResolvers<never> = Promise.withResolvers();
  const timer = setTimeout(() => {
    late.reject(new KeelError('UNAVAILABLE', `PostgreSQL did not answer within ${String(ms)} ms`));
  }, ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
