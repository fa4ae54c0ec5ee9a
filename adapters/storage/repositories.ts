/**
 * All repositories over one pool: `createRepositories(openDatabase(url))`. Each method is a transaction of
 * its own and throws KeelError and nothing else.
 */
import { sql, type Kysely } from 'kysely';
import type { Repositories } from '../repositories.ts';
import { createAccountRepository } from './accounts.ts';
import { createAuditRepository } from './audit.ts';
import { createContractRepository } from './contracts.ts';
import type { Database } from './database.ts';
import { createDecisionRepository } from './decisions.ts';
import { createDutyRepository } from './duties.ts';
import { createGuardRepository } from './guards.ts';
import { createHaltRepository } from './halts.ts';
import { createAuxRepository } from './aux-values.ts';
import { createKlineRepository } from './klines.ts';
import { createOrderRepository } from './orders.ts';
import { createPaperStore } from './paper-store.ts';
import { createPortfolioRepository } from './portfolio.ts';
import { withKeelErrors } from './postgres-errors.ts';
import { createReconciliationRepository } from './reconciliation.ts';
import { createSettingRepository } from './settings.ts';
import { createStrategyRepository } from './strategies.ts';
import { createStudyRepository } from './studies.ts';
import { createUserRepository } from './users.ts';

export interface RepositoryOptions {
  /** Head room reserved over the reference price of a market buy, as a fraction: `"0.01"` is 1 %. */
  readonly marketBuyBuffer?: string;
  /** Quote an order may be worth without a person's approval, for strategies that do not say. Default: any. */
  readonly approvalNotional?: string;
  /** Wall clock for created, updated and booked times, ms. */
  readonly now?: () => number;
}

const DEFAULT_MARKET_BUY_BUFFER = '0.01';

export function createRepositories(
  db: Kysely<Database>,
  options: RepositoryOptions = {},
): Repositories {
  const now = options.now ?? Date.now;
  const marketBuyBuffer = options.marketBuyBuffer ?? DEFAULT_MARKET_BUY_BUFFER;
  const approvalNotional = options.approvalNotional ?? null;
  return {
    orders: withKeelErrors(createOrderRepository(db, { marketBuyBuffer, approvalNotional, now })),
    decisions: withKeelErrors(createDecisionRepository(db)),
    strategies: withKeelErrors(createStrategyRepository(db, now)),
    klines: withKeelErrors(createKlineRepository(db)),
    aux: withKeelErrors(createAuxRepository(db)),
    accounts: withKeelErrors(createAccountRepository(db, now)),
    portfolio: withKeelErrors(createPortfolioRepository(db)),
    reconciliation: withKeelErrors(createReconciliationRepository(db, now)),
    halts: withKeelErrors(createHaltRepository(db, now)),
    guards: withKeelErrors(createGuardRepository(db, now)),
    users: withKeelErrors(createUserRepository(db)),
    audit: withKeelErrors(createAuditRepository(db, now)),
    settings: withKeelErrors(createSettingRepository(db)),
    duties: withKeelErrors(createDutyRepository(db)),
    contracts: withKeelErrors(createContractRepository(db, now)),
    studies: withKeelErrors(createStudyRepository(db, now)),
    paper: withKeelErrors(createPaperStore(db, now)),
    ...withKeelErrors({
      ping: async () => {
        await sql`select 1`.execute(db);
      },
      close: () => db.destroy(),
    }),
  };
}
