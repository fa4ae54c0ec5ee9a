/** Decides recorded orders again and tells which would have come out otherwise. */
import { decimal } from '../core/money.ts';
import {
  decideAgain,
  differ,
  recordedOutcome,
  type Outcome,
  type Proposal,
  type RecordedDecision,
} from '../core/decision.ts';
import { table } from './tables.ts';

interface Told {
  readonly orderId: string;
  readonly strategyId: string;
  readonly symbol: string;
}

export interface DecisionDiff {
  /** All that were read. */
  readonly decisions: number;
  /** Orders from before decisions were recorded: nothing to decide again. */
  readonly unrecorded: number;
  readonly differ: readonly (Told & { readonly recorded: Outcome; readonly now: Outcome })[];
  /** Inputs that today's code cannot take. */
  readonly failed: readonly (Told & { readonly message: string })[];
  /** Strategies with limits in the rules file and no order in the time asked for. */
  readonly unused: readonly string[];
}

export function diffDecisions(
  decisions: readonly RecordedDecision[],
  proposal: Proposal,
): DecisionDiff {
  const different: DecisionDiff['differ'][number][] = [];
  const failed: DecisionDiff['failed'][number][] = [];
  let unrecorded = 0;
  for (const decision of decisions) {
    const { orderId, strategyId, symbol } = decision;
    const told = { orderId, strategyId, symbol };
    try {
      const recorded = recordedOutcome(decision);
      const now = decideAgain(decision, proposal);
      if (recorded === null || now === null) unrecorded += 1;
      else if (differ(recorded, now)) different.push({ ...told, recorded, now });
    } catch (error) {
      // Inputs of older code may lack what today's reads: told, and the rest goes on.
      failed.push({ ...told, message: error instanceof Error ? error.message : String(error) });
    }
  }
  const seen = new Set(decisions.map(({ strategyId }) => strategyId));
  const named = Object.keys(proposal.limits?.strategies ?? {});
  return {
    decisions: decisions.length,
    unrecorded,
    differ: different,
    failed,
    unused: named.filter((strategyId) => !seen.has(strategyId)),
  };
}

function size({ verdict, quantity }: Outcome): string {
  return decimal(quantity).isZero() ? verdict : `${verdict} ${quantity}`;
}

export function describeDiff(diff: DecisionDiff): string {
  const { decisions, unrecorded, failed, unused } = diff;
  const parts = [
    ...(diff.differ.length === 0
      ? []
      : [
          table(
            ['order', 'strategy', 'symbol', 'recorded', 'why', 'now', 'why'],
            diff.differ.map(({ orderId, strategyId, symbol, recorded, now }) => [
              orderId,
              strategyId,
              symbol,
              size(recorded),
              recorded.reason,
              size(now),
              now.reason,
            ]),
          ),
        ]),
    ...failed.map(({ orderId, message }) => `${orderId} cannot be decided again: ${message}`),
    ...unused.map((id) => `note: no order of strategy "${id}", which the rules file names`),
    `${String(decisions)} decisions: ${String(diff.differ.length)} would differ, ` +
      `${String(failed.length)} cannot be decided again, ${String(unrecorded)} have no recorded inputs`,
  ];
  return parts.join('\n\n');
}
