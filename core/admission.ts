/**
 * Admission: from what a strategy wants to the one order that is due now. Pure; storage calls it inside the
 * transaction that holds the locks of the strategy's and the position's row, and does as it says.
 *
 * For a target position the order is target − position − what is still open at the venue, so signals that
 * overtake each other or come twice are harmless: held + open always leads to the newest target.
 */
import { due, reduces } from './admission-due.ts';
import { size } from './admission-size.ts';
import {
  ending,
  type AdmissionDecision,
  type AdmissionInput,
  type Ending,
  type OpenOrder,
} from './admission-verdict.ts';
import { decimal, type Decimal } from './money.ts';
import type { Signal } from './signal.ts';

export type { AdmissionDecision, AdmissionInput, OpenOrder };

/**
 * Whether the stop of the position's guard is in the way: it is of whatever sells what is held (or buys back
 * what is short), for it may have locked the asset. An entry does not touch it.
 */
function meetsGuard(position: Decimal, change: Decimal, stops: readonly OpenOrder[]): boolean {
  const leaves = !position.isZero() && !change.isZero();
  return stops.length > 0 && leaves && position.isNegative() !== change.isNegative();
}

/** The guard's own orders take its older stop away themselves. */
function blockedByGuard(
  signal: Signal,
  stops: readonly OpenOrder[],
  cancelFirst: readonly string[],
): AdmissionDecision {
  return signal.source.kind === 'guard'
    ? { verdict: 'blocked', cancelFirst: [...cancelFirst, ...stops.map((stop) => stop.orderId)] }
    : { verdict: 'blocked', cancelFirst, standAside: true };
}

/** Whether the run, the sequence or the strategy's status end the signal before any arithmetic. */
function endedByStanding(input: AdmissionInput): Ending | null {
  const { signal } = input;
  if (signal.source.kind === 'strategy' && signal.runId !== input.currentRunId) {
    return ending(
      input,
      'superseded',
      'SIGNAL_SUPERSEDED',
      `run ${signal.runId} is over; the strategy's run is now ${input.currentRunId ?? 'none'}`,
    );
  }
  if (signal.wanted.kind === 'target' && signal.sequence <= input.newestSequence) {
    return ending(
      input,
      'superseded',
      'SIGNAL_SUPERSEDED',
      `signal ${String(signal.sequence)} is older than signal ${String(input.newestSequence)} of the same run`,
    );
  }
  const { contractOwner } = input;
  if (contractOwner !== undefined && contractOwner !== signal.strategyId) {
    return ending(
      input,
      'denied',
      'CONFLICT',
      `${signal.symbol} of account ${signal.accountId} belongs to strategy "${contractOwner}": one strategy a contract`,
    );
  }
  const spot = input.instrument.contract === undefined;
  if (spot && signal.wanted.kind === 'target' && signal.wanted.quantity.startsWith('-')) {
    if (!decimal(signal.wanted.quantity).isZero()) {
      return ending(
        input,
        'denied',
        'SHORT_NOT_SUPPORTED',
        `a target of ${signal.wanted.quantity} ${input.instrument.base} is short; on spot the least is 0`,
      );
    }
  }
  return null;
}

/**
 * Decides on a signal, in this order:
 * 1. A strategy's signal of another run, or a target not newer than the run's newest, is superseded.
 * 2. A spot target below zero is denied, and a contract that belongs to another strategy.
 * 3. An entry past `validUntil` is expired. What reduces the position never expires.
 * 4. A target for which orders at the venue are in the way is blocked until they are cancelled, and so is a
 *    close at market while limit orders rest. Orders not yet sent do not count: a target supersedes them.
 *    What leaves the position is blocked by the stop of its guard too, until the guard has stood aside.
 * 5. An entry of a strategy that does not run is denied; an exit is not.
 * 6. A met target is unneeded. The rest is floored to the step; dust ends with the reason told.
 *
 * Plain orders neither supersede nor block, and a plain order that closes is cut to what is held and not
 * spoken for. Never throws on valid input.
 */
export function decideAdmission(asked: AdmissionInput): AdmissionDecision {
  const standing = endedByStanding(asked);
  if (standing !== null) return standing;

  const stops = asked.openOrders.filter((order) => order.guardStop);
  const input = { ...asked, openOrders: asked.openOrders.filter((order) => !order.guardStop) };
  const { signal, marketTime } = input;
  const isTarget = signal.wanted.kind === 'target';
  const position = decimal(input.position);
  const supersede = isTarget
    ? input.openOrders.filter((order) => !order.sent).map((order) => order.orderId)
    : [];
  const found = due(
    input,
    input.openOrders.filter((order) => order.sent),
  );

  const late = marketTime > signal.validUntil;
  const expired = (): Ending =>
    ending(
      input,
      'expired',
      'SIGNAL_EXPIRED',
      `market time ${String(marketTime)} is past validUntil ${String(signal.validUntil)}`,
    );
  if ('block' in found) {
    const without = decimal(signal.wanted.quantity).minus(position);
    if (late && !without.isZero() && !reduces(position, without)) return expired();
    return meetsGuard(position, without, stops)
      ? blockedByGuard(signal, stops, found.block)
      : { verdict: 'blocked', cancelFirst: found.block };
  }

  const { delta, reducing } = found;
  if (isTarget && delta.isZero()) {
    return ending(input, 'done', null, 'the target is met by what is held and open', { supersede });
  }
  if (delta.isZero()) {
    return ending(
      input,
      'denied',
      'NOTHING_TO_SELL',
      `all of the ${input.position} ${input.instrument.base} held is spoken for by open orders`,
      { reducing },
    );
  }
  if (!reducing && late) return expired();
  if (!reducing && input.strategyStatus !== 'running') {
    return ending(
      input,
      'denied',
      'STRATEGY_NOT_RUNNING',
      `the strategy is ${input.strategyStatus}; start it, or ask only for what closes its position`,
      { supersede },
    );
  }
  if (meetsGuard(position, delta, stops)) return blockedByGuard(signal, stops, []);
  const spotShort = input.instrument.contract === undefined && delta.isNegative() && !reducing;
  if (spotShort) {
    return ending(
      input,
      'denied',
      'NOTHING_TO_SELL',
      `no ${input.instrument.base} is held to sell (position ${input.position})`,
    );
  }
  return size(input, delta, reducing, supersede);
}
