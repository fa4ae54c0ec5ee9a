/**
 * The guard's machine. It is level-triggered: it looks at what is, never at what happened, so a look too many
 * changes nothing and a missed one is healed by the next. Storage runs it in the transaction that holds the
 * position's and the guard's row; what it plans is done after the commit, and may be done twice.
 */
import { checkNotional, fitQuantity, lotLimits } from './filters.ts';
import type {
  Guard,
  GuardEnding,
  GuardNews,
  GuardOrder,
  GuardPlan,
  GuardSight,
  GuardWorld,
} from './guard.ts';
import {
  betterPrice,
  exitSide,
  guardLevels,
  reachesProfit,
  reachesStop,
  sideOf,
  type GuardLevels,
} from './guard-levels.ts';
import { guardSignal } from './guard-signal.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import type { OrderStatus } from './order.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 60_000;
const UNDER_WAY_MS = 5_000;
/** Most orders are where they belong by then. */
const JUST_SENT_MS = 750;
/** So many failures in a row are told to people; the first may be a race with a person's cancel. */
const FAILURES_TOLD = 2;

const ZERO = new Decimal(0);

/** Plans the guard's next step. Never throws on valid input; an ended guard stays as it is. */
export function planGuard(sight: GuardSight, world: GuardWorld, news: GuardNews): GuardPlan {
  if (sight.guard.state === 'ended') return rest(sight.guard, null);
  const heard = hear(relevel(absorb(sight, world, news), sight, world), sight, news);
  const guard = relevel(heard, sight, world);
  const plan = next(guard, sight, world, news.asked);
  const failed = guard.failures > sight.guard.failures && guard.failures >= FAILURES_TOLD;
  return failed && plan.alert === null ? { ...plan, alert: failureAlert(guard) } : plan;
}

function rest(guard: Guard, lookAgainMs: number | null): GuardPlan {
  return { guard, act: { kind: 'none' }, lookAgainMs, alert: null };
}

/** Takes in how the guard's order ended. A stop that traded anything at all has fired. */
function absorb({ guard, own }: GuardSight, world: GuardWorld, news: GuardNews): Guard {
  const { order } = guard;
  if (order === null) return guard;
  const lost = own === null && news.lostOrderId === order.signal.id;
  if (!lost && own?.final !== true) {
    const rests = own !== null && RESTING.has(own.status);
    return rests ? { ...guard, failures: 0, retryAt: null } : guard;
  }
  const free: Guard = { ...guard, order: null };
  if (own !== null && decimal(own.filledQuantity).gt(0)) {
    const fired = order.kind === 'stop' ? guard.levels.stopKind : null;
    return { ...free, exit: guard.exit ?? fired, failures: 0, retryAt: null };
  }
  if (order.withdrawn) return free;
  // Another exit of the strategy was first: that is no failure, but no reason to hurry either.
  if (own !== null && OVERTAKEN.has(own.status))
    return { ...free, retryAt: world.now + FIRST_RETRY_MS };
  const failures = guard.failures + 1;
  const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  const reason = own?.reason ?? own?.status ?? 'its workflow is over and left no trace';
  return { ...free, failures, retryAt: world.now + pauseMs, reason };
}

const OVERTAKEN: ReadonlySet<OrderStatus> = new Set<OrderStatus>(['unneeded', 'superseded']);
const RESTING: ReadonlySet<OrderStatus> = new Set<OrderStatus>(['open', 'partially_filled']);

/** Follows the position: its quantity, its average cost, and the other side when it turned. */
function relevel(guard: Guard, { position }: GuardSight, { instrument }: GuardWorld): Guard {
  const side = sideOf(position.quantity);
  const quantity = toDecimalString(decimal(position.quantity).abs());
  const { averageCost } = position;
  if (side === null || averageCost === null) return { ...guard, quantity };
  const turned = guard.side !== null && guard.side !== side;
  const best = turned ? averageCost : guard.bestPrice;
  const levels = guardLevels(guard.spec, { side, averageCost, best }, instrument);
  const moved = turned || !sameLevels(levels, guard.levels);
  return {
    ...guard,
    side,
    quantity,
    bestPrice: best,
    levels,
    generation: moved ? guard.generation + 1 : guard.generation,
    exit: turned ? null : guard.exit,
  };
}

function sameLevels(a: GuardLevels, b: GuardLevels): boolean {
  return a.stop === b.stop && a.stopKind === b.stopKind && a.takeProfit === b.takeProfit;
}

/** Takes in what the price did, if it was seen against the levels that stand. */
function hear(guard: Guard, { own }: GuardSight, { trigger, ratchet }: GuardNews): Guard {
  const { side, levels, bestPrice } = guard;
  if (side === null) return guard;
  if (trigger?.generation === guard.generation && guard.exit === null) {
    const { price, level } = trigger;
    if (level === 'takeProfit' && reachesProfit(levels, price, side)) {
      return { ...guard, exit: 'take-profit', reason: `the price reached ${price}` };
    }
    // A stop that rests at the venue triggers there.
    const rests = guard.order?.kind === 'stop' && own !== null && RESTING.has(own.status);
    if (level === 'stop' && !rests && reachesStop(levels, price, side)) {
      return { ...guard, exit: levels.stopKind, reason: `the price reached ${price}` };
    }
  }
  if (ratchet?.generation === guard.generation) {
    return { ...guard, bestPrice: betterPrice(ratchet.price, bestPrice, side) };
  }
  return guard;
}

/** What follows, the news taken in. */
function next(guard: Guard, sight: GuardSight, world: GuardWorld, asked: boolean): GuardPlan {
  const { order, side } = guard;
  const { own, others } = sight;
  // The books do not know it yet: whoever was to start it may have died.
  if (order !== null && own === null && !order.withdrawn)
    return { ...rest(guard, UNDER_WAY_MS), act: { kind: 'send', signal: order.signal } };
  if (order?.kind === 'close') return rest({ ...guard, state: 'closing' }, UNDER_WAY_MS);
  const stop = order;

  const { exit } = guard;
  // Entries of a position whose stop fired must not open it again: a close cancels them.
  const reopening =
    exit !== null && others.some((other) => side === null || other.side !== exitSide(side));
  if (side === null || decimal(guard.quantity).isZero()) {
    if (stop !== null) return withdraw(guard, stop, 'the position is flat');
    return reopening ? close(guard, world) : end(guard, 'flat');
  }
  const exits = others.filter((other) => other.side === exitSide(side));
  if (!isSellable(guard, world)) {
    if (stop !== null) return withdraw(guard, stop, 'what is left is too small to guard');
    if (exits.length > 0) return rest({ ...guard, state: 'standing_aside' }, null);
    if (reopening) return close(guard, world);
    return others.length > 0 ? rest({ ...guard, state: 'arming' }, null) : end(guard, 'dust');
  }
  if (exit !== null) {
    const closing: Guard = { ...guard, state: 'closing' };
    return stop === null ? close(closing, world) : withdraw(closing, stop, `closing: ${exit}`);
  }
  if (guard.clearing)
    return stop === null ? end(guard, 'cleared') : withdraw(guard, stop, 'the guard is cleared');
  return stand(guard, sight, world, { stop, exits, asked });
}

/** No level was reached: the stop stands for what no other exit has spoken for. */
function stand(
  guard: Guard,
  { own, position }: GuardSight,
  world: GuardWorld,
  by: {
    readonly stop: GuardOrder | null;
    readonly exits: GuardSight['others'];
    readonly asked: boolean;
  },
): GuardPlan {
  const { stop, exits, asked } = by;
  const wanted =
    world.venueStops && !position.spread && !asked ? stopQuantity(guard, exits, world) : ZERO;
  if (wanted.isZero()) {
    if (stop !== null) return withdraw({ ...guard, state: 'standing_aside' }, stop, 'another exit');
    const aside = asked || exits.length > 0;
    return rest({ ...guard, state: aside ? 'standing_aside' : 'armed' }, null);
  }
  if (stop === null) return place({ ...guard, state: 'arming' }, wanted, world);
  // One that traded a part has fired: what is left of it holds less than its quantity says.
  const whole = own !== null && decimal(own.filledQuantity).isZero() && wanted.eq(own.quantity);
  const fits = whole && stop.signal.stopPrice === guard.levels.stop;
  if (!fits) return withdraw({ ...guard, state: 'arming' }, stop, 'it is being replaced');
  const rests = RESTING.has(own.status);
  return rest({ ...guard, state: rests ? 'armed' : 'arming' }, rests ? null : UNDER_WAY_MS);
}

/** What a stop at the venue is to sell (or buy), or zero where none can rest there. */
function stopQuantity(guard: Guard, exits: GuardSight['others'], world: GuardWorld): Decimal {
  const { stop } = guard.levels;
  if (stop === null) return ZERO;
  const { instrument } = world;
  const spokenFor = exits.reduce((sum, exit) => sum.plus(exit.remaining), ZERO);
  const free = Decimal.max(decimal(guard.quantity).minus(spokenFor), ZERO);
  const limits = lotLimits(instrument, 'stop');
  const quantity = fitQuantity(instrument, 'stop', Decimal.min(free, limits.max).toFixed());
  const tooSmall =
    decimal(quantity).lt(limits.min) || !checkNotional(instrument, quantity, stop).ok;
  return tooSmall ? ZERO : decimal(quantity);
}

function isSellable({ quantity, bestPrice }: Guard, { instrument, price }: GuardWorld): boolean {
  const sold = fitQuantity(instrument, 'market', quantity);
  if (decimal(sold).isZero() || decimal(sold).lt(lotLimits(instrument, 'market').min)) return false;
  return checkNotional(instrument, sold, price ?? bestPrice).ok;
}

function withdraw(guard: Guard, order: GuardOrder, reason: string): GuardPlan {
  return {
    guard: { ...guard, order: { ...order, withdrawn: true }, reason },
    act: { kind: 'cancel', signal: order.signal, reason },
    lookAgainMs: UNDER_WAY_MS,
    alert: null,
  };
}

/** Makes the next order, unless the last one failed a moment ago. */
function make(
  guard: Guard,
  world: GuardWorld,
  wanted: Parameters<typeof guardSignal>[2],
): GuardPlan {
  const { retryAt } = guard;
  if (retryAt !== null && retryAt > world.now) return rest(guard, retryAt - world.now);
  const signal = guardSignal(guard, world, wanted);
  const order: GuardOrder = { kind: wanted.kind, signal, withdrawn: false };
  return {
    guard: { ...guard, order, ordersMade: signal.sequence, retryAt: null },
    act: { kind: 'send', signal },
    lookAgainMs: JUST_SENT_MS,
    alert: null,
  };
}

function place(guard: Guard, quantity: Decimal, world: GuardWorld): GuardPlan {
  return make(guard, world, { kind: 'stop', quantity: toDecimalString(quantity) });
}

function close(guard: Guard, world: GuardWorld): GuardPlan {
  return make({ ...guard, state: 'closing' }, world, { kind: 'close' });
}

function end(guard: Guard, ending: GuardEnding): GuardPlan {
  const { strategyId, symbol, quantity } = guard;
  const ended: Guard = { ...guard, state: 'ended', ending, failures: 0, retryAt: null };
  if (ending !== 'dust') return rest(ended, null);
  const message = `${quantity} of ${symbol} is left of ${strategyId}'s position: under the venue's smallest order, so it can be neither guarded nor sold`;
  return {
    ...rest({ ...ended, reason: message }, null),
    alert: { level: 'warning', rule: 'guard-dust', message },
  };
}

function failureAlert(guard: Guard): GuardPlan['alert'] {
  const { strategyId, symbol, failures, exit, reason } = guard;
  const what = exit === null ? 'put its stop at the venue' : 'close the position';
  const meanwhile =
    exit === null ? 'the stop is watched by the risk monitor meanwhile' : 'it goes on trying';
  return {
    level: exit === null ? 'warning' : 'critical',
    rule: exit === null ? 'guard-stop-refused' : 'guard-close-refused',
    message: `the guard of ${strategyId} in ${symbol} could not ${what} in ${String(failures)} attempts (${reason ?? 'no reason given'}); ${meanwhile}`,
  };
}
