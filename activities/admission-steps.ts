/**
 * The steps before anything is sent: admission, risk, a person's approval. Each is idempotent by the order and
 * touches PostgreSQL and the bus alone, but for the venue's time. `decide` is what new orders run, as a local
 * activity; orders begun before it run `admit` and `checkRisk`.
 */
import type { Admission, FinalState, OrderRepository } from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { approvalDue, type ApprovalDecision, type ApprovalLimit } from '../core/approval.ts';
import { KeelError } from '../core/errors.ts';
import type { Instrument } from '../core/instrument.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { OrderView } from '../core/order.ts';
import { evaluateRisk } from '../core/risk/rules.ts';
import { signalSchema, type Signal } from '../core/signal.ts';
import type { Logger } from '../observability/logger.ts';
import { factsOf, type Announce, type OrderFacts, type Versioned } from './order-facts.ts';
import { countFinished } from './order-metrics.ts';

/** How long an order may wait for people. Wall-clock milliseconds. */
export interface OrderPolicy {
  readonly approvalTimeoutMs: number;
}

export interface AdmissionDeps {
  readonly orders: OrderRepository;
  readonly logger: Logger;
  readonly policy: OrderPolicy;
  readonly announce: Announce;
  /** Throws UNAVAILABLE for an account this worker does not have. */
  readonly adapterOf: (accountId: string) => TradeAdapter;
}

export interface AdmitStep {
  readonly signal: Signal;
  readonly workflowRunId: string;
  readonly version: number;
}
type NotAdmitted =
  | { readonly verdict: 'ended'; readonly order: OrderFacts }
  | Extract<Admission, { verdict: 'blocked' }>
  | { readonly verdict: 'refused'; readonly ownerRunId: string };
export type AdmitResult =
  NotAdmitted | { readonly verdict: 'admitted'; readonly order: OrderFacts };

export interface AccountStep extends Versioned {
  readonly accountId: string;
  readonly symbol: string;
}

/** What the workflow needs later on, fixed at admission. */
export interface OrderTerms {
  readonly instrument: Instrument;
  /** The order can only make the position smaller. */
  readonly reducing: boolean;
  /** A part of the position it reduces is held on other accounts: it is closed where it is held. */
  readonly heldElsewhere?: true;
}

export interface ApprovalWait extends ApprovalLimit {
  /** Wall milliseconds until it is too late. */
  readonly expiresInMs: number;
}

export type DecideResult =
  | NotAdmitted
  | {
      /** `awaiting`: a person must approve it before anything is sent. */
      readonly verdict: 'admitted' | 'awaiting';
      readonly order: OrderFacts;
      readonly terms: OrderTerms;
      readonly wait: ApprovalWait | null;
      /** Orders not yet sent that this one took the place of. */
      readonly superseded: readonly string[];
      /** The order's event is stored; `placeOrder` tells it, while it sends. */
      readonly untold?: true;
      /** A part of the position it reduces is held on other accounts than the strategy's own. */
      readonly heldElsewhere?: true;
    };

export interface ApprovalStep extends AccountStep {
  readonly decision: ApprovalDecision;
}

/** A venue that does not tell its time must not hold up a workflow's task. */
const MARKET_TIME_PATIENCE_MS = 2_000;

export function createAdmissionSteps(deps: AdmissionDeps) {
  const { adapterOf, announce, logger, orders, policy } = deps;

  async function marketOf(
    accountId: string,
    symbol: string,
  ): Promise<{ readonly instrument: Instrument; readonly marketTime: number }> {
    const adapter = adapterOf(accountId);
    const instrument = await adapter.instrument(symbol);
    const marketTime = await within(MARKET_TIME_PATIENCE_MS, adapter.marketTime());
    return { instrument, marketTime };
  }

  function parse(input: Signal): Signal {
    const parsed = signalSchema.safeParse(input);
    if (parsed.success) return parsed.data;
    throw new KeelError('INVALID_INPUT', `the signal breaks its schema: ${parsed.error.message}`);
  }

  async function end(orderId: string, version: number): Promise<OrderView> {
    const order = await announce({ orderId, version });
    countFinished(order, logger, null);
    return order;
  }

  return {
    /** Decides on the signal and reserves what it needs, in one transaction. */
    async admit(step: AdmitStep): Promise<AdmitResult> {
      const signal = parse(step.signal);
      const market = await marketOf(signal.accountId, signal.symbol);
      const { version, workflowRunId } = step;
      const admission = await orders.admit({ signal, workflowRunId, ...market });
      if (admission.verdict === 'blocked' || admission.verdict === 'refused') return admission;
      const ended = admission.verdict === 'ended';
      const order = await (ended
        ? end(signal.id, version)
        : announce({ orderId: signal.id, version }));
      return { verdict: admission.verdict, order: factsOf(order) };
    },

    /** Runs the risk rules and stores what they saw. A denied order is final. */
    async checkRisk(
      step: AccountStep,
    ): Promise<{ readonly approved: boolean; readonly order: OrderFacts }> {
      const { orderId, version } = step;
      const { instrument, marketTime } = await marketOf(step.accountId, step.symbol);
      const report = evaluateRisk(await orders.riskContext(orderId, instrument, marketTime));
      const recorded = await orders.recordRisk(orderId, report);
      const approved = recorded.state === 'admitted' || recorded.state === 'working';
      return { approved, order: factsOf(approved ? recorded : await end(orderId, version)) };
    },

    /**
     * Admission and risk in one step. The order is told as it stands after both: admitted, waiting for a
     * person, or ended. Run again after a crash it takes up the stored verdict.
     */
    async decide(step: AdmitStep): Promise<DecideResult> {
      const signal = parse(step.signal);
      const { version, workflowRunId } = step;
      const orderId = signal.id;
      const market = await marketOf(signal.accountId, signal.symbol);
      const { instrument, marketTime } = market;
      const admission = await orders.admit({ signal, workflowRunId, ...market });
      if (admission.verdict === 'blocked' || admission.verdict === 'refused') return admission;
      if (admission.verdict === 'ended') {
        return { verdict: 'ended', order: factsOf(await end(orderId, version)) };
      }
      const context = await orders.riskContext(orderId, instrument, marketTime);
      const report = evaluateRisk(context);
      const due = approvalDue(context);
      // Nobody who listens to events is to hold up a send.
      const sentNext = due === null && signal.execution === undefined && !admission.heldElsewhere;
      let told: OrderView;
      let untold = false;
      if (sentNext) {
        const { event } = await orders.recordEvent(orderId, version, { report });
        untold = !isFinalIntent(event.state);
        told = untold ? event : await announce({ orderId, version });
      } else if (due === null) {
        told = await announce({ orderId, version }, { report });
      } else {
        const checked = await orders.recordRisk(orderId, report);
        if (!isFinalIntent(checked.state)) await orders.awaitApproval(orderId, due);
        told = await announce({ orderId, version });
      }
      if (isFinalIntent(told.state)) {
        countFinished(told, logger, null);
        return { verdict: 'ended', order: factsOf(told) };
      }
      const { approvalTimeoutMs } = policy;
      const awaiting = told.state === 'awaiting_approval' && told.approval === undefined;
      const untilTooLate = Math.max(signal.validUntil - marketTime, 0);
      return {
        verdict: awaiting ? 'awaiting' : 'admitted',
        order: factsOf(told),
        terms: {
          instrument,
          reducing: told.reducing,
          ...(admission.heldElsewhere === true ? { heldElsewhere: true } : {}),
        },
        wait:
          awaiting && due !== null
            ? { ...due, expiresInMs: Math.min(approvalTimeoutMs, untilTooLate) }
            : null,
        superseded: admission.superseded,
        ...(untold ? { untold } : {}),
        ...(admission.heldElsewhere === true ? { heldElsewhere: true } : {}),
      };
    },

    /**
     * Writes down what a person decided. A rejected order ends; an approved one passes the clock and the risk
     * rules once more, and may still end there.
     */
    async recordApproval(
      step: ApprovalStep,
    ): Promise<{ readonly approved: boolean; readonly order: OrderFacts }> {
      const { decision, orderId, version } = step;
      const recorded = await orders.recordApproval(orderId, decision);
      if (!isFinalIntent(recorded.state)) {
        const final = await refusal(step, recorded);
        if (final === null) return { approved: true, order: factsOf(await announce(step)) };
        await orders.settle(orderId, final);
      }
      return { approved: false, order: factsOf(await end(orderId, version)) };
    },
  };

  /** Why the order ends although somebody decided on it; null where it goes on. */
  async function refusal(step: ApprovalStep, order: OrderView): Promise<FinalState | null> {
    const { by, note } = step.decision;
    if (order.approval?.verdict === 'rejected') {
      const reason = `rejected by ${by}${note === null ? '' : `: ${note}`}`;
      return { state: 'denied', reasonCode: 'APPROVAL_REJECTED', reason };
    }
    const { instrument, marketTime } = await marketOf(step.accountId, step.symbol);
    if (!order.reducing && marketTime > order.validUntil) {
      const reason = `approved by ${by} at market time ${String(marketTime)}, past validUntil ${String(order.validUntil)}`;
      return { state: 'expired', reasonCode: 'SIGNAL_EXPIRED', reason };
    }
    const report = evaluateRisk(await orders.riskContext(step.orderId, instrument, marketTime));
    const checked = await orders.recordRisk(step.orderId, report);
    if (!isFinalIntent(checked.state)) return null;
    // The denial is written; settling it again changes nothing.
    return { state: 'denied' };
  }
}

/** Throws UNAVAILABLE where the answer takes longer. */
async function within<T>(patienceMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = `the venue did not tell its time within ${String(patienceMs)} ms`;
      reject(new KeelError('UNAVAILABLE', reason));
    }, patienceMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
