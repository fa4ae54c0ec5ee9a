/**
 * The steps of an order's life as Temporal activities. Each is thin and can be run twice: it asks PostgreSQL
 * or the venue, and after its commit tells the order's new version on the bus. `orderWorkflow` calls them in
 * this order: admit → checkRisk → placeOrder (→ resolveOrder) → trackOrder → settleOrder.
 */
import { Context } from '@temporalio/activity';
import { ORDER } from '../adapters/bus/messages.ts';
import { orderTopic } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type {
  Admission,
  FinalState,
  NewLeg,
  OrderRepository,
} from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import { isFinalLeg } from '../core/leg-machine.ts';
import type { OrderView } from '../core/order.ts';
import { evaluateRisk } from '../core/risk/rules.ts';
import { signalSchema, type Signal } from '../core/signal.ts';
import type { Logger } from '../observability/logger.ts';
import { beating } from './beating.ts';
import { withFailures } from './failures.ts';
import type { Notices, Watch } from './notices.ts';
import { countFinished, countLegNote, countSent } from './order-metrics.ts';
import { giveUp, placeLeg, resolveLeg, type LegOutcome, type LegPorts } from './placement.ts';
import { cancelLeg, trackLeg, type TrackInput, type TrackResult } from './tracking.ts';

/** Part of the steps' inputs, for the workflow. */
export type { FinalState, NewLeg };

export interface OrderActivityDeps {
  readonly orders: OrderRepository;
  /** By account id. */
  readonly adapters: ReadonlyMap<string, TradeAdapter>;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly notices: Notices;
  readonly logger: Logger;
}

/** What the workflow keeps of an order. Decimals are strings; `quantity` is in base, `price` in quote. */
export type OrderFacts = Pick<
  OrderView,
  | 'status'
  | 'state'
  | 'side'
  | 'type'
  | 'quantity'
  | 'price'
  | 'filledQuantity'
  | 'averagePrice'
  | 'reasonCode'
  | 'reason'
>;

/** The order and the version its next event gets; versions are given out by the workflow alone. */
interface Versioned {
  readonly orderId: string;
  readonly version: number;
}

export interface AdmitStep {
  readonly signal: Signal;
  readonly workflowRunId: string;
  readonly version: number;
}
export type AdmitResult =
  | { readonly verdict: 'admitted' | 'ended'; readonly order: OrderFacts }
  | Extract<Admission, { verdict: 'blocked' }>
  | { readonly verdict: 'refused'; readonly ownerRunId: string };

export interface AccountStep extends Versioned {
  readonly accountId: string;
  readonly symbol: string;
}
export interface PlaceStep extends Omit<AccountStep, 'version'> {
  readonly leg: NewLeg;
  /** Absent where another workflow tells the order's events. */
  readonly version?: number;
  /** Wall-clock milliseconds when the workflow began. */
  readonly startedAt: number;
}
export interface ResolveStep extends PlaceStep {
  readonly resend: boolean;
}
export interface CancelStep {
  readonly accountId: string;
  readonly leg: NewLeg;
}
export interface TrackStep extends TrackInput {
  readonly accountId: string;
}
export interface LegStepResult extends LegOutcome {
  readonly order: OrderFacts;
}
export interface SettleStep extends Versioned {
  readonly accountId: string;
  readonly final: FinalState;
  readonly startedAt: number;
}
export type SettleResult =
  | { readonly settled: true; readonly order: OrderFacts }
  /** A leg may still live at the venue: resolve it first. */
  | { readonly settled: false; readonly clientOrderId: string };

export type OrderActivities = ReturnType<typeof createOrderActivities>;

/** The venue refuses a request older than this: Binance's recvWindow, at its longest sensible value. */
const SEND_WINDOW_MS = 5_000;
const RESOLVE_PATIENCE_MS = 20_000;
/** The user stream is the fast path; this is how long a lost notice can cost. */
const POLL_MS = 2_000;

/** The type workflows see, `OrderActivities`, is inferred from here. */
export function createOrderActivities(deps: OrderActivityDeps) {
  const { orders, logger } = deps;

  function adapterOf(accountId: string): TradeAdapter {
    const adapter = deps.adapters.get(accountId);
    if (adapter !== undefined) return adapter;
    const known = [...deps.adapters.keys()].join(', ');
    // Another worker may have it: the order waits for that one rather than fail here.
    throw new KeelError(
      'UNAVAILABLE',
      `no account "${accountId}" is configured in this worker; known accounts: ${known}`,
    );
  }

  /** Stamps the order with the version and tells it; telling it again changes nothing. */
  async function announce({ orderId, version }: Versioned): Promise<OrderView> {
    const { event, status, at } = await orders.recordEvent(orderId, version);
    await deps.bus.publish(orderTopic(status, event.exchange), ORDER, [
      { id: `${orderId}:${String(version)}`, key: orderId, time: at, data: event },
    ]);
    return event;
  }

  function portsFor(adapter: TradeAdapter): LegPorts {
    return {
      adapter,
      store: orders,
      clock: { now: () => adapter.venueTime() },
      sleep: (ms) => Context.current().sleep(ms),
      sendWindowMs: SEND_WINDOW_MS,
      note: (event) => {
        countLegNote(adapter.exchange, event);
        logger.warn(
          { client_order_id: event.clientOrderId, ...event },
          `leg_${event.kind.replaceAll('-', '_')}`,
        );
      },
    };
  }

  async function place(
    step: ResolveStep,
    run: (ports: LegPorts) => Promise<LegOutcome>,
  ): Promise<LegStepResult> {
    const adapter = adapterOf(step.accountId);
    const outcome = await beating(() => run(portsFor(adapter)));
    if (outcome.leg.venueOrderId !== null) countSent(adapter.exchange, step.startedAt);
    if (outcome.leg.state === 'unknown') {
      logger.error(
        { order_id: step.orderId, client_order_id: outcome.leg.clientOrderId },
        'order_outcome_unknown',
      );
    }
    const { orderId, version } = step;
    // A finished leg is told by settleOrder, which comes next.
    const silent = outcome.finished || version === undefined;
    const order = silent ? await orders.getOrder(orderId) : await announce({ orderId, version });
    return { ...outcome, order: factsOf(order) };
  }

  return withFailures({
    /** Decides on the signal and reserves what it needs, in one transaction. */
    async admit(step: AdmitStep): Promise<AdmitResult> {
      const parsed = signalSchema.safeParse(step.signal);
      if (!parsed.success)
        throw new KeelError(
          'INVALID_INPUT',
          `the signal breaks its schema: ${parsed.error.message}`,
        );
      const signal = parsed.data;
      const adapter = adapterOf(signal.accountId);
      const instrument = await adapter.instrument(signal.symbol);
      const marketTime = await adapter.marketTime();
      const admission = await orders.admit({
        signal,
        workflowRunId: step.workflowRunId,
        instrument,
        marketTime,
      });
      if (admission.verdict === 'blocked' || admission.verdict === 'refused') return admission;
      const order = await announce({ orderId: signal.id, version: step.version });
      if (admission.verdict === 'ended') countFinished(order, logger, null);
      return { verdict: admission.verdict, order: factsOf(order) };
    },

    /** Runs the risk rules and stores what they saw. A denied order is final. */
    async checkRisk(
      step: AccountStep,
    ): Promise<{ readonly approved: boolean; readonly order: OrderFacts }> {
      const adapter = adapterOf(step.accountId);
      const instrument = await adapter.instrument(step.symbol);
      const marketTime = await adapter.marketTime();
      const report = evaluateRisk(await orders.riskContext(step.orderId, instrument, marketTime));
      const recorded = await orders.recordRisk(step.orderId, report);
      const approved = recorded.state === 'admitted' || recorded.state === 'working';
      if (approved) return { approved, order: factsOf(recorded) };
      const order = await announce(step);
      countFinished(order, logger, null);
      return { approved, order: factsOf(order) };
    },

    /** Sends the order's leg, exactly once. May come back with the leg `unknown`. */
    placeOrder: (step: PlaceStep): Promise<LegStepResult> =>
      place({ ...step, resend: true }, (ports) => placeLeg(ports, step.leg)),

    /** Finds out what became of a leg whose outcome is not known. */
    resolveOrder: (step: ResolveStep): Promise<LegStepResult> =>
      place(step, (ports) =>
        resolveLeg(ports, { ...step.leg, resend: step.resend, patienceMs: RESOLVE_PATIENCE_MS }),
      ),

    /** Follows a leg until something is new. Runs on a task queue of its own, as long as the order rests. */
    trackOrder: async (step: TrackStep): Promise<TrackResult> => {
      const adapter = adapterOf(step.accountId);
      const context = Context.current();
      const watch = deps.notices.watch(step.accountId, step.clientOrderId);
      try {
        const ports = {
          ...portsFor(adapter),
          beat: () => {
            context.heartbeat();
          },
          waitForNotice: (ms: number) => noticeOrCancel(watch, ms),
          pollMs: POLL_MS,
        };
        // A slow venue is no dead worker: the beat goes on while it is asked.
        return await beating(() => trackLeg(ports, step));
      } finally {
        watch.close();
      }
    },

    /** Cancels a leg and reads how it ended. */
    cancelOrder: (step: CancelStep): Promise<LegOutcome> => {
      const adapter = adapterOf(step.accountId);
      return beating(() => cancelLeg(portsFor(adapter), step.leg));
    },

    /** Tells a change that the tracker booked. */
    async publishOrder(step: Versioned): Promise<OrderFacts> {
      return factsOf(await announce(step));
    },

    /** Makes the order final and frees its reservation; refuses while a leg may be live. */
    async settleOrder(step: SettleStep): Promise<SettleResult> {
      const { legs } = await orders.getOrder(step.orderId);
      for (const { clientOrderId } of legs.filter((leg) => !isFinalLeg(leg.state))) {
        const leg = await orders.getLeg(clientOrderId);
        if (leg.sendState !== 'new') return { settled: false, clientOrderId };
        const given = await giveUp(portsFor(adapterOf(step.accountId)), leg, 'cancelled');
        if (!('finished' in given)) return { settled: false, clientOrderId };
      }
      await orders.settle(step.orderId, step.final);
      const order = await announce(step);
      countFinished(order, logger, step.startedAt);
      return { settled: true, order: factsOf(order) };
    },
  });
}

/**
 * The next notice, or `ms`; rejects when the activity is cancelled. A race with `context.cancelled` itself
 * would leave something behind at each of the many rounds of an order that rests for days.
 */
async function noticeOrCancel(watch: Watch, ms: number): Promise<void> {
  const { cancelled, cancellationSignal } = Context.current();
  const woken: PromiseWithResolvers<void> = Promise.withResolvers();
  const wake = (): void => {
    woken.resolve();
  };
  cancellationSignal.addEventListener('abort', wake);
  try {
    if (!cancellationSignal.aborted) await Promise.race([watch.changed(ms), woken.promise]);
  } finally {
    cancellationSignal.removeEventListener('abort', wake);
  }
  if (cancellationSignal.aborted) await cancelled;
}

function factsOf(order: OrderView): OrderFacts {
  return {
    status: order.status,
    state: order.state,
    side: order.side,
    type: order.type,
    quantity: order.quantity,
    price: order.price,
    filledQuantity: order.filledQuantity,
    averagePrice: order.averagePrice,
    reasonCode: order.reasonCode,
    reason: order.reason,
  };
}
