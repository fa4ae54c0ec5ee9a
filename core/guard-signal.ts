/** The orders a guard makes: a stop that rests at the venue, and the close at the market. */
import type { Guard, GuardWorld } from './guard.ts';
import { exitSide } from './guard-levels.ts';
import { lotLimits } from './filters.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import { signalId, type Signal } from './signal.ts';
import { intervalMs } from './time.ts';

/** The workflow's id, one a position. */
export function guardWorkflowId(strategyId: string, symbol: string): string {
  return `guard:${strategyId}:${symbol}`;
}

/**
 * The guard's next order. Its id follows from the guard and the number of its order alone, so a plan that is
 * carried out twice makes one order.
 */
export function guardSignal(
  guard: Guard,
  world: Pick<GuardWorld, 'instrument' | 'price' | 'marketTime'>,
  wanted: { readonly kind: 'stop'; readonly quantity: string } | { readonly kind: 'close' },
): Signal {
  const { strategyId, symbol, levels, side } = guard;
  const runId = guardWorkflowId(strategyId, symbol);
  const sequence = guard.ordersMade + 1;
  const shared = {
    id: signalId({ runId, symbol, eventTime: 0, sequence }),
    strategyId,
    strategyType: guard.strategyType,
    runId,
    source: { kind: 'guard', name: strategyId },
    accountId: guard.accountId,
    exchange: guard.exchange,
    symbol,
    sequence,
    eventTime: world.marketTime,
    validUntil: world.marketTime + intervalMs('1m'),
    referencePrice: world.price ?? guard.bestPrice,
    tag: (wanted.kind === 'stop' ? levels.stopKind : guard.exit) ?? 'guard',
  } as const;
  if (wanted.kind === 'stop' && side !== null && levels.stop !== null) {
    return {
      ...shared,
      type: 'stop',
      stopPrice: levels.stop,
      wanted: { kind: 'order', side: exitSide(side), quantity: wanted.quantity },
    };
  }
  return {
    ...shared,
    type: 'market',
    wanted: { kind: 'target', quantity: leftOver(guard, world) },
  };
}

/** Flat; or, where the position is more than one market order may sell, what remains after the largest. */
function leftOver(guard: Guard, { instrument }: Pick<GuardWorld, 'instrument'>): string {
  const rest = decimal(guard.quantity).minus(lotLimits(instrument, 'market').max);
  const unsigned = Decimal.max(rest, 0);
  return toDecimalString(guard.side === 'short' ? unsigned.neg() : unsigned);
}
