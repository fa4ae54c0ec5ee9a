import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../observability/logger.ts';
import { type TestDatabase, testDatabase } from '../../test/database.ts';
import { describeWith } from '../../test/servers.ts';
import type { Bucket, RateBudget } from '../rate-budget.ts';
import { openDatabase } from './database.ts';
import { rateBudgetContract } from './rate-budget.contract.ts';
import { createPostgresRateBudget } from './rate-budget-postgres.ts';

const logger = createLogger('test', 'silent');
const weight = (cost: number): Bucket => ({
  ...{ key: 'venue:ip:weight', limit: 100, windowMs: 60_000, window: 'aligned' },
  cost,
});

describeWith('postgres', 'the rate budget of all processes', () => {
  let first: TestDatabase;
  let second: ReturnType<typeof openDatabase>;
  beforeAll(async () => {
    first = await testDatabase({ poolSize: 4 });
    second = openDatabase(first.url, { poolSize: 4 });
  });
  afterAll(async () => {
    await second.destroy();
    await first.drop();
  });

  rateBudgetContract((now) =>
    Promise.resolve([first.db, second].map((db) => createPostgresRateBudget(db, { logger, now }))),
  );

  it('counts by the clock of PostgreSQL where none is given', async () => {
    const [one, other] = [first.db, second].map((db) => createPostgresRateBudget(db, { logger }));
    const bucket = { ...weight(100), windowMs: 365 * 86_400_000, key: 'by-its-own-clock' };
    await one?.take('cancel', [bucket]);
    await expect(other?.take('cancel', [bucket])).rejects.toMatchObject({
      code: 'VENUE_RATE_LIMITED',
    });
  });
});

describe('the rate budget while PostgreSQL is away', () => {
  const db = openDatabase('postgres://keel:keel@127.0.0.1:1/keel');
  let now = 0;
  let budget: RateBudget;
  beforeAll(() => {
    budget = createPostgresRateBudget(db, { logger, now: () => now });
  });
  afterAll(() => db.destroy());

  it.each(['read', 'send'] as const)('holds a %s back', async (purpose) => {
    await expect(budget.take(purpose, [weight(1)])).rejects.toMatchObject({
      code: 'VENUE_RATE_LIMITED',
      retryAfterMs: 1_000,
      message: expect.stringMatching(/nothing|held back/),
    });
  });

  it('lets cancels go by what this process counted and heard', async () => {
    const ticket = await budget.take('cancel', [weight(60)]);
    await ticket.heard({ used: { [weight(0).key]: 99 } });
    await budget.take('cancel', [weight(1)]);
    await expect(budget.take('cancel', [weight(1)])).rejects.toMatchObject({
      code: 'VENUE_RATE_LIMITED',
      retryAfterMs: 60_000,
    });
    now = 60_000;
    const banned = await budget.take('cancel', [weight(1)]);
    await banned.heard({ silence: { key: weight(0).key, forMs: 120_000, banned: true } });
    await expect(budget.take('cancel', [weight(1)])).rejects.toMatchObject({
      code: 'VENUE_BANNED',
      retryAfterMs: 120_000,
    });
  });
});
