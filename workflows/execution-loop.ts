/**
 * The loop that works an order by its execution strategy (core/execution): ask what is due, send, stop or wait,
 * ask again. It knows no Temporal: `ExecutionRun` runs it over child workflows and durable timers, and
 * test/explorer over a virtual clock.
 */
import type {
  ExecutionDecision,
  ExecutionStrategy,
  LegFact,
  LegPlan,
} from '../core/execution/strategy.ts';
import type { CancelRequest } from './order-outcome.ts';

export interface ExecutionPorts {
  /** Wall clock, ms UTC. */
  now(): number;
  /** All legs so far, by their numbers. */
  legs(): readonly LegFact[];
  /** Counts up with everything that is learnt of a leg. */
  changes(): number;
  /** Why the order is to end, once somebody wants that. */
  cancelRequest(): CancelRequest | null;
  /** Wall clock, ms UTC; null: the order has no time-out. */
  deadline(): number | null;
  /** The deadline has come while no leg rests: from now on `cancelRequest` is not null. */
  timedOut(): void;
  /** Called while no leg lives. */
  breathe(): Promise<void>;
  /** Tells the order's event where something new was learnt. */
  tell(): Promise<void>;
  /** The price of a leg that asks for it as it is sent. */
  reprice(plan: LegPlan): Promise<string>;
  /** Begins a leg, the next number; does not wait for it. */
  send(plan: LegPlan, price?: string): void;
  /** Has a leg cancelled and verified; does not wait for it. */
  stop(legNumber: number, request: CancelRequest): void;
  /** Resolves once `what` holds, or at the moment `at`; null: only for the former. */
  until(what: () => boolean, at: number | null): Promise<void>;
}

/** How the work ended: no leg lives. */
export type WorkEnd =
  | Extract<ExecutionDecision, { kind: 'done' }>
  | { readonly kind: 'cancelled'; readonly request: CancelRequest };

/** Works the order until no leg lives and none is due. */
export async function workOrder(
  strategy: ExecutionStrategy,
  ports: ExecutionPorts,
): Promise<WorkEnd> {
  for (;;) {
    const request = ports.cancelRequest();
    if (request !== null) {
      await endAll(ports, request);
      return { kind: 'cancelled', request };
    }
    if (!ports.legs().some((leg) => leg.live)) await ports.breathe();
    const deadline = ports.deadline();
    if (deadline !== null && ports.now() >= deadline) ports.timedOut();
    // Of the facts decided on: what is learnt while the event is told must not be slept through.
    const seen = ports.changes();
    const decision = strategy.decide({ now: ports.now(), legs: ports.legs() });
    if (decision.kind === 'done') return decision;
    await ports.tell();
    const changed = (): boolean => ports.changes() !== seen || ports.cancelRequest() !== null;
    switch (decision.kind) {
      case 'send':
        await send(ports, decision.legs);
        break;
      case 'cancel':
        for (const legNumber of decision.legNumbers) {
          ports.stop(legNumber, { by: 'keel', reason: decision.reason });
        }
        await ports.until(changed, null);
        break;
      case 'wait': {
        const until = Math.min(decision.until ?? Infinity, deadline ?? Infinity);
        await ports.until(changed, until === Infinity ? null : until);
      }
    }
  }
}

/** Ends every leg that may live, and waits until each is finished and booked. */
export async function endAll(
  ports: Pick<ExecutionPorts, 'legs' | 'stop' | 'until'>,
  request: CancelRequest,
): Promise<void> {
  for (const leg of ports.legs()) if (leg.live) ports.stop(leg.legNumber, request);
  await ports.until(() => !ports.legs().some((leg) => leg.live), null);
}

async function send(ports: ExecutionPorts, plans: readonly LegPlan[]): Promise<void> {
  for (const plan of plans) {
    const price = plan.repriced === true ? await ports.reprice(plan) : undefined;
    // Somebody may have cancelled while the book was read.
    if (ports.cancelRequest() !== null) return;
    ports.send(plan, price);
  }
}
