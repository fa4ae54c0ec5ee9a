/** The books of one guarded position in memory, by the rules of adapters/storage and of core's own admission. */
import type { GuardPlan, GuardSight, Guard } from '../../core/guard.ts';
import { decideAdmission, type AdmissionInput } from '../../core/admission.ts';
import type { AdmissionDecision } from '../../core/admission-verdict.ts';
import { KeelError } from '../../core/errors.ts';
import type { Side } from '../../core/fill.ts';
import { NO_LEVELS, type PositionSide } from '../../core/guard-levels.ts';
import type { Instrument } from '../../core/instrument.ts';
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { OrderStatus } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import type { VenueOrderWithFills } from '../../adapters/trade-adapter.ts';
import { createGuard } from '../factories/guards.ts';
import { createInstrument } from '../factories/market.ts';

const SPOT = createInstrument();
/** Of a short position as well: on spot there is none. */
const CONTRACT = createInstrument({ contract: 'linear' });

export function instrumentOf(side: PositionSide): Instrument {
  return side === 'long' ? SPOT : CONTRACT;
}

export const STRATEGY_RUN = 'run-1';

export interface BookedOrder {
  readonly signal: Signal;
  readonly side: Side;
  readonly quantity: string;
  readonly reducing: boolean;
  status: OrderStatus;
  filled: Decimal;
  sent: boolean;
  /** Settled. */
  final: boolean;
  reason: string | null;
}

/** What a test may break. */
export interface GuardProtocol {
  admit(input: AdmissionInput): AdmissionDecision;
  /** One decision of the guard on what it sees. */
  step(sight: GuardSight, plan: (sight: GuardSight) => GuardPlan): GuardPlan;
}

export const GUARD_PROTOCOL: GuardProtocol = {
  admit: decideAdmission,
  step: (sight, plan) => plan(sight),
};

export class GuardBooks {
  readonly orders = new Map<string, BookedOrder>();
  guard: Guard | null = null;
  position = new Decimal(0);
  private readonly trades = new Set<string>();
  private readonly protocol: GuardProtocol;
  private readonly instrument: Instrument;

  constructor(protocol: GuardProtocol, side: PositionSide) {
    this.protocol = protocol;
    this.instrument = instrumentOf(side);
  }

  /** The same answer to the same order, once it was decided. */
  admit(signal: Signal, marketTime: number): AdmissionDecision | { readonly verdict: 'known' } {
    if (this.orders.has(signal.id)) return { verdict: 'known' };
    const others = [...this.orders.values()];
    const decision = this.protocol.admit({
      signal,
      strategyStatus: 'running',
      currentRunId: STRATEGY_RUN,
      marketTime,
      position: toDecimalString(this.position),
      openOrders: others.flatMap((order) => {
        const remaining = decimal(order.quantity).minus(order.filled);
        const { id: orderId, runId, sequence, type, source } = order.signal;
        const guardStop = source.kind === 'guard' && type === 'stop';
        return order.final || remaining.isZero()
          ? []
          : {
              ...{ orderId, runId, sequence, type, guardStop },
              side: order.side,
              remaining: toDecimalString(remaining),
              sent: order.sent,
            };
      }),
      newestSequence: Math.max(
        0,
        ...others.flatMap(({ signal: { runId, sequence } }) =>
          runId === signal.runId ? sequence : [],
        ),
      ),
      instrument: this.instrument,
      buffer: '0.01',
    });
    if (decision.verdict === 'blocked') return decision;
    for (const id of decision.supersede) this.settle(id, 'superseded');
    const { side, quantity, reducing } = decision;
    const ended = decision.verdict === 'ended';
    this.orders.set(signal.id, {
      ...{ signal, side, quantity, reducing },
      status: !ended ? 'admitted' : decision.state === 'done' ? 'unneeded' : decision.state,
      filled: new Decimal(0),
      sent: false,
      final: ended,
      reason: ended ? decision.reason : null,
    });
    return decision;
  }

  /** False where the order has ended before it was sent. */
  claim(id: string): boolean {
    const order = this.order(id);
    if (order.final) return false;
    order.sent = true;
    if (order.status === 'admitted') order.status = 'submitting';
    return true;
  }

  /** Books each fill once, the guard of an entry with it. */
  record(id: string, { order: seen, fills }: VenueOrderWithFills): void {
    const order = this.order(id);
    for (const fill of fills) {
      if (this.trades.has(fill.venueTradeId)) continue;
      this.trades.add(fill.venueTradeId);
      order.filled = order.filled.plus(fill.quantity);
      const change = decimal(fill.quantity);
      this.position = this.position.plus(fill.side === 'buy' ? change : change.neg());
      if (order.signal.stops !== undefined) this.bear(order.signal, fill.price);
    }
    const closed = ['filled', 'cancelled', 'rejected', 'expired'];
    if (order.final || closed.includes(order.status)) return;
    if (order.status === 'partially_filled' && seen.state === 'open') return;
    order.status = seen.state as OrderStatus;
  }

  settle(id: string, status: OrderStatus, reason: string | null = null): void {
    const order = this.order(id);
    if (order.final) return;
    Object.assign(order, { final: true, status, reason });
  }

  advance(plan: (sight: GuardSight) => GuardPlan): GuardPlan {
    const guard = this.known();
    const ownId = guard.order?.signal.id;
    const own = ownId === undefined ? undefined : this.orders.get(ownId);
    const sight: GuardSight = {
      guard,
      position: {
        quantity: toDecimalString(this.position),
        averageCost: this.position.isZero() ? null : '100',
        spread: false,
      },
      own:
        own === undefined
          ? null
          : {
              status: own.status,
              final: own.final,
              quantity: own.quantity,
              filledQuantity: toDecimalString(own.filled),
              reason: own.reason,
            },
      others: [...this.orders.values()].flatMap((order) => {
        const remaining = decimal(order.quantity).minus(order.filled);
        return order === own || order.final || remaining.isZero()
          ? []
          : { side: order.side, remaining: toDecimalString(remaining) };
      }),
    };
    const planned = this.protocol.step(sight, plan);
    this.guard = planned.guard;
    return planned;
  }

  known(): Guard {
    if (this.guard === null) throw new KeelError('NOT_FOUND', 'there is no guard');
    return this.guard;
  }

  order(id: string): BookedOrder {
    const order = this.orders.get(id);
    if (order === undefined) throw new KeelError('NOT_FOUND', `no order ${id}`);
    return order;
  }

  /** As adapters/storage/guard-births.ts. */
  private bear({ stops, strategyId, accountId }: Signal, bestPrice: string): void {
    const { guard } = this;
    if (stops === undefined || (guard !== null && guard.state !== 'ended')) return;
    if (guard?.ending === 'cleared') return;
    this.guard = createGuard({
      ...{ strategyId, accountId, bestPrice, spec: stops, levels: NO_LEVELS },
      generation: guard === null ? 0 : guard.generation + 1,
      ordersMade: guard?.ordersMade ?? 0,
    });
  }
}
