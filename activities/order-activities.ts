/**
 * The steps of an order's life as Temporal activities. Each is thin and can be run twice: it asks PostgreSQL
 * or the venue, and after its commit tells the order's new version on the bus. `orderWorkflow` calls them in
 * this order: decide → placeOrder (→ resolveOrder) → trackOrder → settleOrder.
 */
import { Context } from '@temporalio/activity';
import { RISK_ALERT } from '../adapters/bus/messages.ts';
import { alertTopic } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type { FinalState, NewLeg, OrderRepository } from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { OrderView } from '../core/order.ts';
import { clientOrderId } from '../core/signal.ts';
import type { Logger } from '../observability/logger.ts';
import { createAdmissionSteps, type AccountStep, type OrderPolicy } from './admission-steps.ts';
import { beating } from './beating.ts';
import { withFailures } from './failures.ts';
import type { Notices, Watch } from './notices.ts';
import { createAnnounce, factsOf, type OrderFacts, type Versioned } from './order-facts.ts';
import { countEscalated, countFinished, countLegNote, countSent } from './order-metrics.ts';
import { createRoutingSteps } from './routing-steps.ts';
import { leftUnknown, placeLeg, resolveLeg, type LegOutcome, type LegPorts } from './placement.ts';
import { settle, type Settled } from './settling.ts';
import { cancelLeg, trackLeg, type TrackInput, type TrackResult } from './tracking.ts';

/** Part of the steps' inputs, for the workflow. */
export type { FinalState, NewLeg, OrderFacts };

export interface OrderActivityDeps {
  readonly orders: OrderRepository;
  /** By account id. */
  readonly adapters: ReadonlyMap<string, TradeAdapter>;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly notices: Notices;
  readonly logger: Logger;
  readonly policy: OrderPolicy;
}

export interface PlaceStep extends Omit<AccountStep, 'version'> {
  readonly leg: NewLeg;
  /** Absent where another workflow tells the order's events. */
  readonly version?: number;
  /** Version of the event that `decide` stored and did not tell: told while the leg is sent. */
  readonly untold?: number;
  /** Wall-clock milliseconds when the workflow began. */
  readonly startedAt: number;
}
export interface ResolveStep extends PlaceStep {
  readonly resend: boolean;
}
export interface EscalateStep {
  readonly accountId: string;
  readonly orderId: string;
  readonly legNumber: number;
  readonly symbol: string;
  /** Wall-clock milliseconds since when the outcome is unknown. */
  readonly since: number;
  /** From 1; one alert each. */
  readonly round: number;
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
  { readonly settled: true; readonly order: OrderFacts } | Extract<Settled, { settled: false }>;

export type OrderActivities = ReturnType<typeof createOrderActivities>;

/** The venue refuses a request older than this: Binance's recvWindow, at its longest sensible value. */
const SEND_WINDOW_MS = 5_000;
const RESOLVE_PATIENCE_MS = 20_000;
/** The user stream is the fast path; this is how long a lost notice can cost. */
const POLL_MS = 2_000;

/** The type workflows see, `OrderActivities`, is inferred from here. */
export function createOrderActivities(deps: OrderActivityDeps) {
  const { orders, logger, policy } = deps;
  const { announce, tell } = createAnnounce(orders, deps.bus);

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
    const ports = portsFor(adapter);
    const outcome = await beating(async () => {
      const telling =
        step.untold === undefined
          ? Promise.resolve()
          : tell({ orderId: step.orderId, version: step.untold });
      // A send that throws is tried again, and tells again.
      telling.catch(() => undefined);
      const ran = await run(ports).catch(async (error: unknown) => {
        const left = await leftUnknown(ports, step.leg, error);
        const { clientOrderId } = left.leg;
        logger.warn({ err: error, client_order_id: clientOrderId }, 'order_look_up_failed');
        return left;
      });
      await telling;
      return ran;
    });
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
    ...createAdmissionSteps({ orders, logger, policy, announce, adapterOf }),
    ...createRoutingSteps({ orders, adapterOf }),

    /** Sends the order's leg, exactly once. May come back with the leg `unknown`. */
    placeOrder: (step: PlaceStep): Promise<LegStepResult> =>
      place({ ...step, resend: true }, (ports) => placeLeg(ports, step.leg)),

    /** Finds out what became of a leg whose outcome is not known. */
    resolveOrder: (step: ResolveStep): Promise<LegStepResult> =>
      place(step, (ports) =>
        resolveLeg(ports, { ...step.leg, resend: step.resend, patienceMs: RESOLVE_PATIENCE_MS }),
      ),

    /** Alerts people to a leg of which it has long been unknown whether the venue has it. */
    async escalateUnknown(step: EscalateStep): Promise<void> {
      const id = clientOrderId(step.orderId, step.legNumber);
      const { accountId, round, since, symbol } = step;
      const { exchange, strategyId } = await orders.getOrder(step.orderId);
      const message =
        `order ${step.orderId}: unknown since ${new Date(since).toISOString()} whether the venue has ${id}. ` +
        'Nothing is sent again until its absence is conclusive; look at the venue by that client order id';
      logger.error(
        { order_id: step.orderId, client_order_id: id, round },
        'order_outcome_escalated',
      );
      await deps.bus.publish(alertTopic('critical'), RISK_ALERT, [
        {
          id: `unknown-outcome:${id}:${String(round)}`,
          key: accountId,
          time: since,
          data: {
            ...{ level: 'critical', rule: 'unknown-outcome', message, at: since },
            ...{ accountId, strategyId, exchange, symbol, value: null, threshold: null },
          },
        },
      ]);
      countEscalated(exchange);
    },

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
      const legPorts = (accountId: string): LegPorts => portsFor(adapterOf(accountId));
      const announced: OrderView[] = [];
      const store = {
        ...orders,
        // The end and its event are one transaction.
        async settle(_orderId: string, final: FinalState): Promise<void> {
          announced.push(await announce(step, { final }));
        },
      };
      const settled = await settle({ store, legPorts }, step.orderId, step.final);
      const [order] = announced;
      if (!settled.settled) return settled;
      if (order === undefined) throw new KeelError('INTERNAL', 'an order was settled unheard');
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
