/**
 * Decisions again: what admission and the risk rules said of an order, and what today's code, or proposed
 * limits and rules, would say of the same inputs. Pure. Each decision stands alone: position, funds, open
 * orders and the day's count are as recorded, whatever the orders before it would have become.
 */
import { decideAdmission, type AdmissionDecision, type AdmissionInput } from './admission.ts';
import { decimal, toDecimalString } from './money.ts';
import type { RiskContext, RiskReport } from './risk/rule.ts';
import { evaluateRisk, RISK_RULES } from './risk/rules.ts';
import type { Signal } from './signal.ts';

type Decided = Exclude<AdmissionDecision, { verdict: 'blocked' }>;
type Admitted = Extract<AdmissionDecision, { verdict: 'admitted' }>;

/** Stored with the order row that it made. The signal is in the row too. */
export interface RecordedAdmission {
  readonly input: Omit<AdmissionInput, 'signal'>;
  readonly decision: Decided;
}

export interface RecordedDecision {
  readonly orderId: string;
  readonly strategyId: string;
  readonly symbol: string;
  /** Wall clock of the admission, ms UTC. */
  readonly decidedAt: number;
  readonly signal: Signal;
  /** Null for orders from before it was recorded. */
  readonly admission: RecordedAdmission | null;
  /** Null where the order ended before the rules were asked. */
  readonly risk: RiskReport | null;
}

type Limits = RiskContext['limits'];

/** What to decide by in place of what was in force. Empty: today's code with the recorded limits. */
export interface Proposal {
  /** As a fraction: `"0.01"` is 1 %. */
  readonly marketBuyBuffer?: string | undefined;
  /** Names of rules that are not asked. */
  readonly rulesOff?: readonly string[] | undefined;
  /** A strategy's own go before those of all; null lifts a limit. */
  readonly limits?:
    | {
        readonly all?: Overrides | undefined;
        readonly strategies?: Readonly<Record<string, Overrides>> | undefined;
      }
    | undefined;
}
type Overrides = { readonly [K in keyof Limits]?: Limits[K] | undefined };

export interface Outcome {
  /**
   * `approved` by the rules; `admitted` where the rules were not asked, or cannot be for want of inputs;
   * `blocked` where orders at the venue would have to be cancelled first.
   */
  readonly verdict:
    'approved' | 'admitted' | 'denied' | 'expired' | 'superseded' | 'unneeded' | 'blocked';
  /** In base. */
  readonly quantity: string;
  readonly reason: string | null;
}

/** What was said. Null where nothing of it was recorded. */
export function recordedOutcome({ admission, risk }: RecordedDecision): Outcome | null {
  if (risk !== null) return outcomeOf(risk);
  return admission === null ? null : outcomeOfAdmission(admission.decision);
}

/** What would be said; for a decision of which nothing was recorded, null. */
export function decideAgain(recorded: RecordedDecision, proposal: Proposal): Outcome | null {
  const { admission, risk, signal } = recorded;
  if (admission === null) return risk === null ? null : riskAgain(recorded, risk.context, proposal);
  const decision = decideAdmission({
    ...admission.input,
    signal,
    buffer: proposal.marketBuyBuffer ?? admission.input.buffer,
  });
  if (decision.verdict !== 'admitted') return outcomeOfAdmission(decision);
  if (risk === null) return outcomeOfAdmission(decision);
  if (sameOrder(decision, admission.decision)) return riskAgain(recorded, risk.context, proposal);
  if (decision.side !== risk.context.order.side) {
    return {
      verdict: 'admitted',
      quantity: decision.quantity,
      reason: `it would ${decision.side}; the funds that were recorded are those to ${risk.context.order.side}`,
    };
  }
  return riskAgain(recorded, contextFor(decision, risk.context, signal), proposal);
}

export function differ(one: Outcome, other: Outcome): boolean {
  return one.verdict !== other.verdict || !decimal(one.quantity).eq(other.quantity);
}

/** An amended order was checked again at its new size: while admission agrees, that check is the one to repeat. */
function sameOrder(decision: Admitted, before: Decided): boolean {
  return (
    before.verdict === 'admitted' &&
    decision.side === before.side &&
    decision.quantity === before.quantity &&
    decision.price === before.price &&
    decision.reservePrice === before.reservePrice &&
    decision.reducing === before.reducing
  );
}

function contextFor(decision: Admitted, context: RiskContext, signal: Signal): RiskContext {
  const { side, quantity, price, reducing, reservePrice } = decision;
  const paysQuote = side === 'buy' || context.instrument.contract !== undefined;
  return {
    ...context,
    order: { ...context.order, side, quantity, reducing, price: price ?? signal.referencePrice },
    funds: {
      ...context.funds,
      required: paysQuote ? toDecimalString(decimal(quantity).mul(reservePrice)) : quantity,
    },
  };
}

function riskAgain(
  { strategyId }: RecordedDecision,
  context: RiskContext,
  { rulesOff = [], limits }: Proposal,
): Outcome {
  const proposed = { ...given(limits?.all), ...given(limits?.strategies?.[strategyId]) };
  return outcomeOf(
    evaluateRisk(
      { ...context, limits: { ...context.limits, ...proposed } },
      RISK_RULES.filter(({ name }) => !rulesOff.includes(name)),
    ),
  );
}

/** A limit that is left out stays as it is; one that is null is lifted. */
function given(overrides: Overrides = {}): Partial<Limits> {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

function outcomeOf({ approved, results, context }: RiskReport): Outcome {
  const reasons = results.flatMap(({ verdict }) => (verdict.passed ? [] : [verdict.reason]));
  return {
    verdict: approved ? 'approved' : 'denied',
    quantity: context.order.quantity,
    reason: reasons.length === 0 ? null : reasons.join('; '),
  };
}

function outcomeOfAdmission(decision: AdmissionDecision): Outcome {
  switch (decision.verdict) {
    case 'admitted':
      return { verdict: 'admitted', quantity: decision.quantity, reason: null };
    case 'blocked':
      return {
        verdict: 'blocked',
        quantity: '0',
        reason: `cancels first: ${decision.cancelFirst.join(', ') || "the guard's stop"}`,
      };
    case 'ended':
      return {
        verdict: decision.state === 'done' ? 'unneeded' : decision.state,
        quantity: decision.quantity,
        reason: decision.reason,
      };
  }
}
