/** What a person at the Temporal UI reads of a guard: plain markdown, rewritten at each look. */
import type { GuardOutcome, GuardStep } from '../activities/guard-activities.ts';

/** One line for a look: why it looks. */
export function guardSummary({ trigger, ratchet, asking }: GuardStep): string {
  if (trigger !== undefined) return `${trigger.level} reached at ${trigger.price}`;
  if (asking.length > 0) return `asked to stand aside by ${asking.join(', ')}`;
  if (ratchet !== undefined) return `trail ${ratchet.price}`;
  return 'look';
}

export function guardDetails(
  { strategyId, symbol }: { readonly strategyId: string; readonly symbol: string },
  { state, ending, quantity, side, levels, order, exit, reason }: GuardOutcome,
): string {
  const lines = [
    `**${symbol}** of ${strategyId} is **${ending === null ? state : `ended: ${ending}`}**`,
    `- guards: ${quantity} ${side ?? ''}`,
  ];
  if (levels.stop !== null) lines.push(`- stop: ${levels.stop} (${levels.stopKind ?? ''})`);
  if (levels.takeProfit !== null) lines.push(`- take-profit: ${levels.takeProfit}`);
  if (order !== null) lines.push(`- its order: ${order.kind} ${order.id}`);
  else if (ending === null) lines.push('- no order of it is at the venue: its levels are watched');
  if (exit !== null) lines.push(`- closes because of: ${exit}`);
  if (reason !== null) lines.push(`- ${reason}`);
  return lines.join('\n');
}
