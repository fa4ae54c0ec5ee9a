/**
 * What must be true of guards and halts once a chaos run is quiet: one sentence for each thing that is wrong.
 * Pure, as verdict.ts, which it belongs to.
 */
import type { GuardView } from '../../adapters/guard-repository.ts';
import type { VenueBooks } from '../../cli/demo/audit.ts';
import type { SignalSource } from '../../core/signal.ts';
import { guardWorkflowId } from '../../core/guard-signal.ts';
import { decimal } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { LOT_STEP } from './order-kinds.ts';

export type GuardSeen = Pick<
  GuardView,
  'strategyId' | 'symbol' | 'state' | 'ending' | 'held' | 'order'
>;

export interface GuardFacts {
  /** All there ever were, one per strategy and symbol. */
  readonly guards: readonly GuardSeen[];
  /** What the books themselves say breaks the promise (`GuardRepository.unguarded`). */
  readonly unguarded: readonly string[];
  /** What is held of positions for which an entry that stated stops was filled. */
  readonly stated: readonly {
    readonly strategyId: string;
    readonly symbol: string;
    readonly held: string;
  }[];
}

/** A halt of a symbol, and how often each of its legs had been claimed for sending as it came and went. */
export interface HaltFacts {
  readonly symbol: string;
  /** By client order id, read after the halt was set. */
  readonly sendsOnceSet: Readonly<Record<string, number>>;
  /** Read before it was lifted. */
  readonly sendsBeforeLift: readonly {
    readonly clientOrderId: string;
    readonly sends: number;
    readonly reducing: boolean;
    readonly sourceKind: SignalSource['kind'];
  }[];
}

export interface GuardWorld {
  readonly orders: readonly OrderView[];
  readonly venueOrders: VenueBooks['orders'];
  readonly running: ReadonlySet<string>;
}

const MAY_PASS_A_HALT: ReadonlySet<SignalSource['kind']> = new Set(['person', 'guard', 'flatten']);

export function isLive({ state }: Pick<GuardSeen, 'state'>): boolean {
  return state !== 'ended';
}

/** The order by which a live guard's stop rests at the venue; it stays when all others are final. */
export function standingStop({ state, order }: GuardSeen): string | undefined {
  return state === 'armed' && order?.kind === 'stop' && !order.withdrawn
    ? order.signal.id
    : undefined;
}

/** Why a live guard has not come to rest; undefined once its stop is for all that is held, to the lot. */
export function restless(guard: GuardSeen): string | undefined {
  const { state, held, order } = guard;
  const of = `the guard of ${guard.strategyId} in ${guard.symbol}`;
  if (decimal(held).isZero()) return `${of} is ${state} and nothing is held`;
  if (standingStop(guard) === undefined || order?.signal.wanted.kind !== 'order')
    return `${of} is ${state} and has no stop for the ${held} that is held`;
  const { quantity } = order.signal.wanted;
  const bare = decimal(held).minus(quantity);
  return bare.isNegative() || bare.gte(LOT_STEP)
    ? `${of} has a stop for ${quantity} and ${held} is held`
    : undefined;
}

export function judgeGuards(facts: GuardFacts, world: GuardWorld): string[] {
  const { guards, unguarded, stated } = facts;
  const live = guards.filter(isLive);
  const known = new Set(
    guards.map(({ strategyId, symbol }) => guardWorkflowId(strategyId, symbol)),
  );
  const on = new Set(live.map(({ strategyId, symbol }) => guardWorkflowId(strategyId, symbol)));
  return [
    ...unguarded,
    ...stated
      .filter(({ strategyId, symbol, held }) => {
        const guarded = known.has(guardWorkflowId(strategyId, symbol));
        return !guarded && !decimal(held).isZero();
      })
      .map(
        ({ strategyId, symbol, held }) =>
          `${strategyId} holds ${held} of ${symbol}, its entry stated stops, and it never had a guard`,
      ),
    ...live.flatMap((guard) => restless(guard) ?? atVenue(guard, world)),
    ...[...on]
      .filter((id) => !world.running.has(id))
      .map((id) => `${id} is live and its workflow is not on`),
    ...[...world.running]
      .filter((id) => id.startsWith('guard:') && !on.has(id))
      .map((id) => `${id} has ended and its workflow is still on`),
  ];
}

/** The stop that the books say rests must be open at the venue. */
function atVenue(guard: GuardSeen, { orders, venueOrders }: GuardWorld): string[] {
  const stopId = standingStop(guard);
  const leg = orders.find(({ orderId }) => orderId === stopId)?.legs.at(-1);
  const there = venueOrders.find(({ clientOrderId }) => clientOrderId === leg?.clientOrderId);
  return there?.status === 'NEW'
    ? []
    : [
        `the guard of ${guard.strategyId} in ${guard.symbol} is armed and its stop is ${there?.status ?? 'unknown'} at the venue`,
      ];
}

/** Between the two readings the halt was in force throughout: whoever was claimed there was let through. */
export function judgeHalt({ symbol, sendsOnceSet, sendsBeforeLift }: HaltFacts): string[] {
  return sendsBeforeLift
    .filter(({ clientOrderId, sends, reducing, sourceKind }) => {
      const mayPass = reducing && MAY_PASS_A_HALT.has(sourceKind);
      return !mayPass && sends > (sendsOnceSet[clientOrderId] ?? 0);
    })
    .map(({ clientOrderId }) => `leg ${clientOrderId} was sent while ${symbol} was halted`);
}
