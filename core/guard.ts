/**
 * A guard: what stands between a position and its losses, one per strategy and symbol. It owns closing: where
 * the venue takes stop orders one rests there, and whatever else is to leave the position waits until the
 * guard has cancelled and verified it, for a resting stop locks the asset. Take-profit and, without a stop at
 * the venue, the stop itself come as price triggers. So no two exits are ever at the venue at once.
 *
 * These are its shapes; guard-levels.ts has its prices, guard-plan.ts its decisions.
 */
import { z } from 'zod';
import type { Side } from './fill.ts';
import type { GuardExit, GuardLevels, PositionSide } from './guard-levels.ts';
import type { Instrument } from './instrument.ts';
import type { OrderStatus } from './order.ts';
import type { AlertLevel } from './risk/alert.ts';
import type { Signal } from './signal.ts';
import type { StopSpec } from './stops.ts';

/**
 * - arming: an order of it is on its way to rest, or the position is still too small and growing
 * - armed: its stop rests at the venue, or the risk monitor watches its levels
 * - standing_aside: another exit has the way; its levels are watched all the same
 * - closing: a level was reached; it closes the position at the market until it is flat
 */
export const guardState = z.enum(['arming', 'armed', 'standing_aside', 'closing', 'ended']);
export type GuardState = z.infer<typeof guardState>;

/** `dust`: what is left is under the venue's smallest order, so it can be neither guarded nor sold. */
export const guardEnding = z.enum(['flat', 'dust', 'cleared']);
export type GuardEnding = z.infer<typeof guardEnding>;

/** The order by which a guard acts now; at most one at a time. */
export interface GuardOrder {
  readonly kind: 'stop' | 'close';
  readonly signal: Signal;
  /** The guard asked to cancel it. */
  readonly withdrawn: boolean;
}

export interface Guard {
  readonly strategyId: string;
  readonly strategyType: string;
  readonly accountId: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly spec: StopSpec;
  readonly state: GuardState;
  readonly ending: GuardEnding | null;
  readonly side: PositionSide | null;
  /** What is held, unsigned, in base; once ended as dust, the dust. */
  readonly quantity: string;
  readonly levels: GuardLevels;
  /** Best price for the position since it opened, in quote; a trailing stop follows it. */
  readonly bestPrice: string;
  /** Counts the sets of levels; a trigger names the one it saw. */
  readonly generation: number;
  /** Orders it ever made; numbers the next one. */
  readonly ordersMade: number;
  readonly order: GuardOrder | null;
  readonly exit: GuardExit | null;
  /** A person wants it gone. */
  readonly clearing: boolean;
  /** Orders in a row that ended without a fill and unasked. */
  readonly failures: number;
  /** Wall milliseconds before which no further order is tried. */
  readonly retryAt: number | null;
  /** Why it is where it is, for people. */
  readonly reason: string | null;
  /** Market time from which prices count. */
  readonly openedAt: number;
}

/** What the books say, read in one transaction. */
export interface GuardSight {
  readonly guard: Guard;
  /** Signed, in base; `averageCost` in quote, null when flat. */
  readonly position: {
    readonly quantity: string;
    readonly averageCost: string | null;
    /** Some of it is held on another account than the guard's: no one stop can hold it. */
    readonly spread: boolean;
  };
  /** The guard's order; null when it has none, or its admission is still to come. */
  readonly own: {
    readonly status: OrderStatus;
    /** Settled: its venue order is final and every fill of it is booked. */
    readonly final: boolean;
    readonly quantity: string;
    readonly filledQuantity: string;
    readonly reason: string | null;
  } | null;
  /** The strategy's other unfinished orders in the symbol. */
  readonly others: readonly { readonly side: Side; readonly remaining: string }[];
}

export interface GuardWorld {
  readonly instrument: Instrument;
  /** The venue takes stop orders. */
  readonly venueStops: boolean;
  /** Newest known price; null where there is none. */
  readonly price: string | null;
  /** Market and wall milliseconds. */
  readonly marketTime: number;
  readonly now: number;
}

/** What the guard was told since its last look. */
export interface GuardNews {
  readonly trigger?: PriceNews & { readonly level: 'stop' | 'takeProfit' };
  readonly ratchet?: PriceNews;
  /** An exit waits for the way to be free. */
  readonly asked: boolean;
  /** An order whose workflow is over and never reached the books. */
  readonly lostOrderId?: string;
}

export interface PriceNews {
  readonly generation: number;
  readonly price: string;
}

export interface GuardPlan {
  readonly guard: Guard;
  /** Both may be done again: an order has one workflow for ever, and the first cancel counts. */
  readonly act:
    | { readonly kind: 'none' }
    | { readonly kind: 'send'; readonly signal: Signal }
    | { readonly kind: 'cancel'; readonly signal: Signal; readonly reason: string };
  /** Milliseconds after which to look again even if nothing is told; null: only when told. */
  readonly lookAgainMs: number | null;
  readonly alert: {
    readonly level: AlertLevel;
    readonly rule: string;
    readonly message: string;
  } | null;
}

/** What a guard's workflow is told; each is a signal of that name. */
export type GuardMessage =
  /** The position or an order of it changed: look. */
  | { readonly kind: 'positionChanged' }
  /** An exit is in the way of its stop. */
  | { readonly kind: 'standAside'; readonly orderId: string }
  /** The market reached a level; `generation` names the levels it was held against. */
  | {
      readonly kind: 'trigger';
      readonly generation: number;
      readonly level: 'stop' | 'takeProfit';
      readonly price: string;
    }
  /** A better price than any before: the trailing stop follows. */
  | { readonly kind: 'ratchet'; readonly generation: number; readonly price: string };
