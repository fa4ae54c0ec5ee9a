/** A chaos run as a person reads it: what was thrown at the house, what became of the orders, the verdict. */
import { table } from '../../cli/tables.ts';
import type { ChaosResult } from './chaos-run.ts';

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

/** The share of the venue's calls that a fault was injected into, in per cent. */
export function faultedPercent({ faults: { calls } }: ChaosResult): number {
  return calls.all === 0 ? 0 : (100 * calls.faulted) / calls.all;
}

export function formatChaos(result: ChaosResult): string {
  const { calls, injected, total } = result.faults;
  const byCount = Object.entries(injected).sort(([, left], [, right]) => right - left);
  return [
    `\nFaults injected: ${String(total)}, in ${String(calls.faulted)} of ${String(calls.all)} calls to the venue ` +
      `(${faultedPercent(result).toFixed(1)} %) and in its streams`,
    table(['fault', 'times'], byCount),
    '\nKilled and survived',
    table(
      ['process', 'kills', 'longest away (s)'],
      Object.entries(result.kills).map(([target, count]) => [
        target,
        count,
        seconds(result.longestAwayMs[target] ?? 0),
      ]),
    ),
    ...(result.ended.length === 0
      ? []
      : [`Ended by themselves and started anew: ${result.ended.join('; ')}`]),
    '\nOrders',
    table(
      ['kind', 'orders', 'how they ended'],
      Object.entries(result.outcomes).map(([kind, ended]) => [
        kind,
        Object.values(ended).reduce((sum, count) => sum + count, 0),
        Object.entries(ended)
          .map(([status, count]) => `${String(count)} ${status}`)
          .join(', '),
      ]),
    ),
    `\n${String(result.orders)} signals, ${String(result.venueOrders)} venue orders, ${String(result.trades)} trades; ` +
      `sent in ${seconds(result.tookMs)} s, at rest ${seconds(result.quietAfterMs)} s later`,
    `${String(result.guards.standing)} guards stand, ${String(result.guards.ended)} have ended; the halt turned ${String(result.halted)} orders away`,
    ...result.wrong.map((sentence) => `  ✘ ${sentence}`),
    result.wrong.length === 0
      ? '  ✔ exactly one venue order a leg, none unexplained; the ledger agrees with the venue to the last digit;\n' +
        '    every signal has its order and its end; no workflow is stuck; all is read and published;\n' +
        '    every position with stops has its guard, whose stop rests at the venue for what is held, and no other has;\n' +
        '    every contract is held as the venue holds it, for the margin it needs, with its funding booked;\n' +
        '    nothing over the limit was sent unless a person approved it, and no amend made more of an order than was asked;\n' +
        '    nothing was sent while trading was halted'
      : `\n${String(result.wrong.length)} thing(s) are wrong`,
  ].join('\n');
}
