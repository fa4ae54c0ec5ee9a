/**
 * The door to the books of guards, and to the workflow that keeps each. Errors as in repositories.ts.
 */
import type { Guard, GuardMessage, GuardPlan, GuardSight } from '../core/guard.ts';
import type { Signal } from '../core/signal.ts';
import type { StopSpec } from '../core/stops.ts';

export interface GuardKey {
  readonly strategyId: string;
  readonly symbol: string;
}

/** A guard with what it guards. */
export interface GuardView extends Guard {
  /** `order:<id>` of the entry that brought the stops, or `person:<name>`. */
  readonly setBy: string;
  /** Signed, in base, as the books have it now. */
  readonly held: string;
  readonly averageCost: string | null;
  readonly updatedAt: number;
}

export interface GuardQuery {
  /** Only those that have not ended. */
  readonly live?: boolean;
  readonly strategyId?: string;
  /** Default all. */
  readonly limit?: number;
  /** Only those that come after this one. */
  readonly after?: GuardKey;
}

/** A guard and its position that disagree; true of no moment in which no order is under way. */
export interface BrokenPromise extends GuardKey {
  /** `left`: what an entry with stops bought is held, and its guard has ended as flat. */
  readonly kind: 'nothing-held' | 'left';
  /** For people. */
  readonly sentence: string;
}

export interface GuardRepository {
  /** By strategy and symbol. */
  listGuards(query?: GuardQuery): Promise<readonly GuardView[]>;
  /** Throws NOT_FOUND. */
  getGuard(key: GuardKey): Promise<GuardView>;
  isLive(key: GuardKey): Promise<boolean>;
  /**
   * Locks position and guard, lets `plan` decide on what it sees, and stores the guard it planned. Nothing but
   * this changes a guard that lives, save a new spec and the wish to clear it. Throws NOT_FOUND.
   */
  advance(key: GuardKey, plan: (sight: GuardSight) => GuardPlan): Promise<GuardPlan>;
  /** Sets or replaces the stops of a position that is held. Throws NOT_FOUND, CONFLICT where none is held. */
  setStops(
    key: GuardKey,
    stops: { readonly spec: StopSpec; readonly by: string; readonly marketTime: number },
  ): Promise<GuardView>;
  /** Asks the guard to take its stop away and end. Throws NOT_FOUND, CONFLICT where it has ended. */
  clear(key: GuardKey, wish: { readonly by: string; readonly reason: string }): Promise<GuardView>;
  /** Of the exits that asked for the way, those whose admission is still to come. */
  unanswered(orderIds: readonly string[]): Promise<readonly string[]>;
  /** Live guards without a position, and positions left by a guard that ended other than as dust or cleared. */
  unguarded(): Promise<readonly BrokenPromise[]>;
  /**
   * Lets the ended guard of a position that was left live again, with the stops of the newest entry since it
   * ended. False where there is no such position (any more): then nothing changed.
   */
  revive(key: GuardKey): Promise<boolean>;
}

/** Order workflows as a guard reaches them. Throws UNAVAILABLE. */
export interface OrderDoor {
  /** `over`: it ran, and has ended. */
  startOrder(signal: Signal): Promise<'on' | 'over'>;
  /** Throws NOT_FOUND when its workflow is over, or never was. */
  cancelOrder(
    orderId: string,
    request: { readonly by: string; readonly reason: string },
  ): Promise<void>;
}

export interface GuardDoor {
  /** Starts the guard's workflow unless it is on, and tells it. Throws UNAVAILABLE. */
  tellGuard(key: GuardKey, message: GuardMessage): Promise<void>;
  /** Whether the guard's workflow is on. Throws UNAVAILABLE. */
  isGuardOn(key: GuardKey): Promise<boolean>;
}
