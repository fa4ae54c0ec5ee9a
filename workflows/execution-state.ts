/** What the workflow of an order of several legs knows of them; carried from run to run, shown to people. */
import type { FinalState } from '../activities/order-activities.ts';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import type { Route } from '../core/execution/route.ts';
import type { LegFact, LegPlan, OrderTerms } from '../core/execution/strategy.ts';
import type { LegView } from '../core/order.ts';
import { finalStateOf } from './order-outcome.ts';

export interface ExecutionLeg extends LegPlan {
  readonly legNumber: number;
  /** Limit price in quote, where it is not the order's own. */
  readonly price?: string;
  /** Wall-clock milliseconds. */
  readonly begunAt: number;
  /** Null before the first word about it. */
  readonly view: LegView | null;
  /** Final, and all its fills are booked. */
  readonly finished: boolean;
}

export interface ExecutionState {
  readonly route: Route;
  readonly terms: OrderTerms;
  /** Wall-clock milliseconds, from which slots are reckoned. */
  readonly startedAt: number;
  /** For people. */
  readonly schedule: readonly string[];
  readonly legs: readonly ExecutionLeg[];
}

export function newLeg(plan: LegPlan, legNumber: number, price?: string): ExecutionLeg {
  const priced = price === undefined ? {} : { price };
  return { ...plan, ...priced, legNumber, begunAt: Date.now(), view: null, finished: false };
}

/** The leg as the strategies see it. */
export function factOf({ finished, view, ...plan }: ExecutionLeg): LegFact {
  const code = view?.errorCode ?? null;
  return {
    ...plan,
    live: !finished,
    state: view?.state ?? 'submitting',
    filled: view?.filledQuantity ?? '0',
    errorCode: code !== null && code in ERROR_CODES ? (code as ErrorCode) : null,
  };
}

/**
 * The end of an order whose legs are all finished.
 * @param reason why something is left unfilled; null when nothing is
 */
export function finalStateOfAll(legs: readonly ExecutionLeg[], reason: string | null): FinalState {
  if (reason === null) return { state: 'done' };
  const last = legs.at(-1)?.view;
  // Nothing was ever sent: no account takes it, or a halt or an expiry came first.
  if (last === undefined) return { state: 'denied', reasonCode: 'NO_ROUTE', reason };
  const refused = legs.findLast(({ view }) => (view?.errorCode ?? null) !== null)?.view ?? last;
  const sent = legs.some(({ view }) => (view?.venueOrderId ?? null) !== null);
  const { reasonCode, state } = finalStateOf(refused, null);
  return {
    state: sent ? 'done' : state,
    ...(reasonCode === undefined ? {} : { reasonCode }),
    reason,
  };
}

const SHOWN_LINES = 12;

/** Markdown: where it is worked and why, the schedule, the newest legs. */
export function executionLines(execution: ExecutionState): string[] {
  const { legs, route, schedule } = execution;
  const lines = legs.map(({ accountId, legNumber, note, quantity, view }) => {
    const filled = view === null ? '' : `, filled ${view.filledQuantity}`;
    return `  - leg ${String(legNumber)}, ${note}: ${quantity} on ${accountId}, ${view?.state ?? 'starting'}${filled}`;
  });
  return [
    `- worked as ${route.kind}: ${route.why.join('; ')}`,
    ...shortened(
      'schedule',
      schedule.map((line) => `  - ${line}`),
    ),
    ...shortened('legs', lines.toReversed()),
  ];
}

function shortened(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - SHOWN_LINES;
  const rest = more > 0 ? [`  - and ${String(more)} more`] : [];
  return [`- ${title}:`, ...lines.slice(0, SHOWN_LINES), ...rest];
}
