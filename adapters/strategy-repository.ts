/**
 * The door to strategies and their runs. Each method is a transaction of its own; errors as in repositories.ts.
 *
 * Glossary
 * - run: from one start of a strategy to its stop. epoch: the fence of the instance that runs it; a commit
 *   with an older epoch is refused.
 */
import type { FailurePolicy } from '../core/failure-policy.ts';
import type { Json } from '../core/json.ts';
import type { OrderView } from '../core/order.ts';
import type { Position } from '../core/position.ts';
import type { Signal } from '../core/signal.ts';

export type StrategyStatus =
  | 'created'
  | 'running'
  /** Its bars go on and its exits are sent; its entries are denied. */
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'failed';

export interface StrategyQuota {
  /** Quote the strategy may work with. */
  readonly allocation: string;
  readonly maxPosition: string | null;
  readonly maxOrderNotional: string | null;
  readonly maxOrdersPerDay: number | null;
  /** Quote an order may be worth without a person's approval; null: the configured limit. */
  readonly approvalNotional: string | null;
}

export interface StrategyRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly config: { readonly [key: string]: Json };
  readonly status: StrategyStatus;
  readonly statusReason: string | null;
  readonly runId: string | null;
  readonly failurePolicy: FailurePolicy;
  readonly quota: StrategyQuota;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type NewStrategy = Pick<
  StrategyRecord,
  'id' | 'name' | 'type' | 'accountId' | 'exchange' | 'config' | 'quota' | 'createdBy'
> & {
  /** Default `stop`. */
  readonly failurePolicy?: FailurePolicy;
  /** The perpetuals it trades; default none. Each account's contract has one strategy. */
  readonly contracts?: readonly string[];
};

/** A runner's memory between bars. */
export interface Checkpoint {
  readonly strategyId: string;
  readonly runId: string;
  readonly epoch: number;
  /** `closeAt` up to which bars only warm up; null until the run's first claim fixed it. */
  readonly anchorAt: number | null;
  /** Feed key → `closeAt` of the last bar handled. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Symbol → last sequence number given out. */
  readonly sequences: Readonly<Record<string, number>>;
  /** Null until the first bar was handled. */
  readonly state: Json;
  readonly snapshot: Json;
}

/** What a strategy is told of its own standing. */
export interface StrategySnapshot {
  readonly positions: Readonly<Record<string, Position>>;
  readonly openOrders: readonly OrderView[];
  /** Quote not bound in positions or reservations. */
  readonly freeFunds: string;
  readonly allocation: string;
}

export interface StrategyRepository {
  /** Throws CONFLICT when the id is taken, and when another strategy has one of its contracts on the account. */
  create(strategy: NewStrategy): Promise<StrategyRecord>;
  get(id: string): Promise<StrategyRecord>;
  list(): Promise<readonly StrategyRecord[]>;
  /** Marks running under a new run id and clears the checkpoint. CONFLICT while another run is on; same run: no-op. */
  beginRun(id: string, runId: string): Promise<StrategyRecord>;
  /** Between `running` and `paused`; any other status, and a newer run, is left alone. */
  setPaused(id: string, runId: string, paused: boolean, reason: string): Promise<void>;
  /** Leaves a newer run alone. */
  endRun(
    id: string,
    runId: string,
    status: 'stopping' | 'stopped' | 'failed',
    reason?: string,
  ): Promise<void>;
  /** Takes the instance: epoch + 1. The first claim of a run fixes `anchorAt`. FENCED if the run is over. */
  claim(strategyId: string, runId: string, anchorAt: number): Promise<Checkpoint>;
  /** One transaction, fenced: checkpoint and outbox. Throws FENCED when the epoch is not the newest. */
  commit(checkpoint: Checkpoint, signals: readonly Signal[]): Promise<void>;
  unpublished(strategyId?: string): Promise<readonly Signal[]>;
  /** All signals that a run committed, oldest first. */
  signalIds(runId: string): Promise<readonly string[]>;
  markPublished(signalIds: readonly string[]): Promise<void>;
  snapshot(strategyId: string): Promise<StrategySnapshot>;
  /**
   * True when every running strategy has handled its bars up to `marketTime` and each of its signals has an
   * order that rests at the venue or is final: the moment a replay may go on to its next bar.
   */
  isQuiet(marketTime: number): Promise<boolean>;
}
