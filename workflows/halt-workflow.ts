/**
 * Cleaning up after a halt: workflow id `halt:<halt id>`, task queue `orders`. The halt itself is its row in
 * PostgreSQL, which every send reads; this cancels what was open when it was set, and closes positions where
 * it says so, until nothing is left or a person lifts it.
 */
import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { HaltRound } from '../activities/close-down.ts';
import { closeDown, closing, remainderOf } from './close-down.ts';
import { continueOnNewestBuild, handoverDue } from './long-lived.ts';

export interface HaltInput {
  readonly haltId: number;
}

export interface HaltResult {
  readonly outcome: 'cleaned' | 'lifted';
  /** What was too small to be closed. */
  readonly dust: HaltRound['held'];
}

/** The newest round; null before the first. */
const stateQuery = defineQuery<HaltRound | null>('state');

export async function haltWorkflow({ haltId }: HaltInput): Promise<HaltResult> {
  let newest: HaltRound | null = null;
  setHandler(stateQuery, () => newest);
  const round = await closeDown(() => closing.sweepHalt({ haltId }), {
    reason: ({ setBy, reason }) => `halt ${String(haltId)} by ${setBy}: ${reason}`,
    show: (next) => {
      newest = next;
      setCurrentDetails(detailsOf(haltId, next));
    },
    enough: handoverDue,
  });
  if (!round.done) return continueOnNewestBuild<typeof haltWorkflow>({ haltId });
  return { outcome: round.inForce ? 'cleaned' : 'lifted', dust: round.held };
}

function detailsOf(haltId: number, round: HaltRound): string {
  const { scope, target, reason, setBy, flatten, inForce, done } = round;
  const covers = scope === 'all' ? 'everything' : `${scope} ${target}`;
  const head = `**Halt ${String(haltId)}** of ${covers}, set by ${setBy}: ${reason}`;
  if (!inForce) return `${head}\n\nLifted.`;
  const wish = flatten ? 'orders are cancelled, positions closed' : 'orders are cancelled';
  return done
    ? `${head}\n\nCleaned up (${wish}). In force until a person lifts it.\n\n${remainderOf(round)}`
    : `${head}\n\nCleaning up: ${wish}.\n\n${remainderOf(round)}`;
}
