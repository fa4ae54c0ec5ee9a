/**
 * The door to PostgreSQL: what the rest of the house asks of it, each a transaction of its own.
 *
 * Implemented by `createRepositories(db)` in adapters/storage. Failures are KeelError: NOT_FOUND, CONFLICT,
 * FENCED, or UNAVAILABLE when PostgreSQL does not answer.
 */
import type { DecisionRepository } from './decision-repository.ts';
import type { ContractRepository } from './contract-repository.ts';
import type { Json } from '../core/json.ts';
import type { Kline } from '../core/kline.ts';
import type { Position } from '../core/position.ts';
import type { Interval } from '../core/time.ts';
import type { GuardRepository } from './guard-repository.ts';
import type { OrderRepository } from './order-repository.ts';
import type { ReconciliationRepository } from './reconciliation-repository.ts';
import type { StrategyRepository } from './strategy-repository.ts';
import type { StudyRepository } from './study-repository.ts';

export interface KlineRepository {
  upsert(klines: readonly Kline[]): Promise<void>;
  newest(exchange: string, symbol: string, interval: Interval): Promise<Kline | null>;
  /** Bars with `from < closeAt <= to`, oldest first. */
  range(q: {
    readonly exchange: string;
    readonly symbol: string;
    readonly interval: Interval;
    readonly from: number;
    readonly to: number;
  }): Promise<readonly Kline[]>;
  /** The last `count` bars with `closeAt <= to`, oldest first. */
  last(q: {
    readonly exchange: string;
    readonly symbol: string;
    readonly interval: Interval;
    readonly to: number;
    readonly count: number;
  }): Promise<readonly Kline[]>;
}

/** A value of auxiliary data (strategies/aux-names.ts names them), as a decimal string. */
export interface AuxRecord {
  readonly name: string;
  readonly publishedAt: number;
  readonly value: string;
}

export interface AuxRepository {
  /** Stores values; of a name and a time the first one stands. */
  add(values: readonly AuxRecord[]): Promise<void>;
  /** The values of a name published after that time, oldest first. */
  after(name: string, publishedAt: number): Promise<readonly AuxRecord[]>;
  /** When the newest value of a name was published; null where there is none. */
  newestAt(name: string): Promise<number | null>;
}

export interface AccountRecord {
  readonly id: string;
  readonly exchange: string;
  readonly mode: 'paper' | 'sandbox' | 'live';
  readonly feeIn: string;
}

export interface AccountBalance {
  readonly accountId: string;
  readonly asset: string;
  readonly total: string;
  readonly reserved: string;
  readonly updatedAt: number;
}

export interface AccountRepository {
  /**
   * Inserts the account and its opening balances once; later calls change nothing. `openedAt`: market time at
   * which they were read; trades from then on are reconciliation's.
   */
  ensure(
    account: AccountRecord,
    opening: Readonly<Record<string, string>>,
    openedAt?: number,
  ): Promise<void>;
  list(): Promise<readonly AccountRecord[]>;
  balances(accountId?: string): Promise<readonly AccountBalance[]>;
}

export interface PositionRecord extends Position {
  readonly strategyId: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly updatedAt: number;
}

export interface EquityPoint {
  readonly strategyId: string;
  readonly at: number;
  readonly equity: string;
  readonly cash: string;
  readonly positionValue: string;
  readonly realisedPnl: string;
  readonly unrealisedPnl: string;
  /** Position value / equity. */
  readonly utilisation: string;
}

export interface TradeRecord {
  readonly strategyId: string;
  readonly symbol: string;
  readonly tradeNumber: number;
  readonly side: 'long' | 'short';
  readonly entryAt: number;
  readonly exitAt: number | null;
  readonly entryTag: string;
  readonly exitTag: string | null;
  readonly quantity: string;
  readonly entryPrice: string;
  readonly exitPrice: string | null;
  readonly pnl: string | null;
  readonly fees: string;
  readonly mae: string | null;
  readonly mfe: string | null;
}

/** What the manager derives. Every method is idempotent and does not care in which order it is called. */
export interface PortfolioRepository {
  /** False when this version, or a newer one, was taken in already. */
  takeOrderVersion(orderId: string, version: number): Promise<boolean>;
  /** Recomputes balances and reservations of an account from opening balances, ledger and open orders. */
  rebuildBalances(accountId: string, at: number): Promise<readonly AccountBalance[]>;
  /** Recomputes the round trips of a strategy and symbol from its fills and the stored bars. */
  rebuildTrades(strategyId: string, symbol: string): Promise<void>;
  /** Writes equity at market time `at`, marking at the prices given (symbol → price). */
  recordEquity(
    strategyId: string,
    at: number,
    prices: Readonly<Record<string, string>>,
  ): Promise<EquityPoint>;
  positions(strategyId?: string): Promise<readonly PositionRecord[]>;
  trades(strategyId?: string): Promise<readonly TradeRecord[]>;
  /** Newest point of each strategy. */
  latestEquity(): Promise<readonly EquityPoint[]>;
  equityCurve(strategyId: string, from: number, to: number): Promise<readonly EquityPoint[]>;
}

/** What a halt, or a strategy's stop, covers. */
export interface Scope {
  readonly scope: 'all' | 'strategy' | 'exchange' | 'symbol';
  /** Which one; empty for `all`. */
  readonly target: string;
}

export interface Halt extends Scope {
  readonly id: number;
  readonly reason: string;
  readonly setBy: string;
  /** Wall milliseconds, as the other times here. */
  readonly setAt: number;
  /** Positions it covers are to be closed. */
  readonly flatten: boolean;
  /** No order it stops was open any more, and what it flattens was flat. Null before. */
  readonly cleanedAt: number | null;
  readonly liftedBy: string | null;
  readonly liftedAt: number | null;
  readonly liftReason: string | null;
}

export interface HaltRepository {
  /**
   * In force from the moment this resolves. One that is in force for the scope and target comes back, with
   * its own reason; `flatten` is added to it.
   */
  set(halt: Scope & Pick<Halt, 'reason' | 'setBy' | 'flatten'>): Promise<Halt>;
  /** Throws NOT_FOUND. */
  get(id: number): Promise<Halt>;
  /** One that is lifted stays as it is. Throws NOT_FOUND. */
  lift(id: number, by: string, reason: string): Promise<Halt>;
  active(): Promise<readonly Halt[]>;
  /** Newest first, lifted ones too; `after`: only those older than this one. */
  list(query: {
    readonly limit: number;
    readonly after?: number | undefined;
  }): Promise<readonly Halt[]>;
  /** Stamps `cleanedAt`, unless `flatten` was added to it since it was read without. */
  markCleaned(halt: Pick<Halt, 'id' | 'flatten'>): Promise<void>;
}

export type Role = 'viewer' | 'trader' | 'risk' | 'admin';

export interface UserRecord {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  readonly createdAt: number;
}

export interface UserRepository {
  count(): Promise<number>;
  /** False when the name is taken. */
  add(user: UserRecord): Promise<boolean>;
  find(name: string): Promise<UserRecord | null>;
}

export interface AuditRepository {
  write(entry: {
    readonly actor: string;
    readonly action: string;
    readonly target: string;
    readonly detail?: Json;
  }): Promise<void>;
}

export interface SettingRepository {
  /** Stores the value unless there is one; returns the one that is there. */
  getOrCreate(key: string, value: () => string): Promise<string>;
}

/** A duty that this process has. */
export interface Duty {
  /** False once the connection that holds it is lost: another process may have it by then. Never throws. */
  isOurs(): Promise<boolean>;
  giveUp(): Promise<void>;
}

export interface DutyRepository {
  /** Null where another process has it. PostgreSQL takes it from one that dies or is cut off. */
  take(name: string): Promise<Duty | null>;
}

/** The paper venue's books. */
export interface PaperStore {
  load(accountId: string, clientOrderId: string): Promise<Json | null>;
  list(accountId: string): Promise<readonly Json[]>;
  /**
   * Runs `change` on the account under a lock and stores what it returns, all or nothing: orders by client
   * order id, balances by asset.
   */
  transact<T>(
    accountId: string,
    change: (books: {
      readonly orders: Map<string, Json>;
      readonly balances: Map<string, string>;
    }) => T,
  ): Promise<T>;
}

export interface Repositories {
  readonly orders: OrderRepository;
  readonly decisions: DecisionRepository;
  readonly strategies: StrategyRepository;
  readonly klines: KlineRepository;
  readonly aux: AuxRepository;
  readonly accounts: AccountRepository;
  readonly portfolio: PortfolioRepository;
  readonly reconciliation: ReconciliationRepository;
  readonly halts: HaltRepository;
  readonly guards: GuardRepository;
  readonly users: UserRepository;
  readonly audit: AuditRepository;
  readonly settings: SettingRepository;
  readonly duties: DutyRepository;
  readonly paper: PaperStore;
  readonly contracts: ContractRepository;
  readonly studies: StudyRepository;
  /** Resolves when PostgreSQL answers; throws UNAVAILABLE with the reason. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
