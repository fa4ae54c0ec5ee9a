/** How far, and for how long, an equity curve lay below its highest point so far. */
import type { EquityCurve } from '../result.ts';

export interface Drawdown {
  /**
   * (peak − trough) / peak at its largest: 0.2 is twenty per cent, 0 where equity never fell. Above 1 only where
   * equity fell below zero.
   */
  readonly share: number;
  /** Of that one drawdown, in quote: peak − trough. */
  readonly amount: number;
  /** The largest peak − trough in quote, which may be another drawdown than the largest share. */
  readonly largestAmount: number;
  /** When the peak was left, when the trough came, when the peak was reached again (null: not yet). ms UTC. */
  readonly from: number | null;
  readonly to: number | null;
  readonly recoveredAt: number | null;
  /** Longest time from a peak until it was reached again or the run ended, ms. */
  readonly longestUnderwaterMs: number;
  /** Share of the run's time spent below the highest point so far, 0..1. */
  readonly underwaterShare: number;
}

/**
 * The maximum drawdown of a run: Magdon-Ismail & Atiya, "Maximum drawdown", Risk 17 (10), 2004; time under
 * water as in Bacon, Practical Portfolio Performance, 2nd ed., ch. 4. Marked at bar closes: what happened inside
 * a bar is not seen.
 * @param startAt and `startBalance`: the first point, before the first bar. The balance is above zero.
 */
export function maxDrawdown(
  curve: Pick<EquityCurve, 'at' | 'value'>,
  startAt: number,
  startBalance: number,
): Drawdown {
  let peak = startBalance;
  let peakAt = startAt;
  let share = 0;
  let amount = 0;
  let largestAmount = 0;
  let from: number | null = null;
  let to: number | null = null;
  let recoveredAt: number | null = null;
  let deepestIsOpen = false;
  let longestUnderwaterMs = 0;
  let underwaterMs = 0;
  let wasUnder = false;
  const { at, value } = curve;
  const surface = (time: number): void => {
    if (!wasUnder) return;
    longestUnderwaterMs = Math.max(longestUnderwaterMs, time - peakAt);
    underwaterMs += time - peakAt;
    wasUnder = false;
  };
  for (let bar = 0; bar < value.length; bar += 1) {
    const equity = value[bar] ?? Number.NaN;
    const now = at[bar] ?? Number.NaN;
    if (equity >= peak) {
      surface(now);
      if (deepestIsOpen) recoveredAt = now;
      deepestIsOpen = false;
      peak = equity;
      peakAt = now;
      continue;
    }
    wasUnder = true;
    const fall = peak - equity;
    largestAmount = Math.max(largestAmount, fall);
    if (fall / peak > share) {
      share = fall / peak;
      amount = fall;
      from = peakAt;
      to = now;
      recoveredAt = null;
      deepestIsOpen = true;
    }
  }
  const end = at.at(-1) ?? startAt;
  surface(end);
  return {
    share,
    amount,
    largestAmount,
    from,
    to,
    recoveredAt,
    longestUnderwaterMs,
    underwaterShare: end > startAt ? underwaterMs / (end - startAt) : 0,
  };
}

/** Below the highest point so far at each bar: 0 at a peak, −0.2 twenty per cent under it. */
export function drawdownCurve(value: Float64Array, startBalance: number): Float64Array {
  let peak = startBalance;
  return value.map((equity) => {
    peak = Math.max(peak, equity);
    return equity / peak - 1;
  });
}
