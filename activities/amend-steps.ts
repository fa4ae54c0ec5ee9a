/**
 * The steps of an amend: what became of the order that was cancelled, and the order that takes its place. The
 * second is a signal like any other, so admission, risk and approval judge it as they would a new one.
 */
import type { EventBus } from '../adapters/event-bus.ts';
import type { OrderRepository } from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import type { AmendStep } from '../core/amend.ts';
import { KeelError } from '../core/errors.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import { signalId, type Signal } from '../core/signal.ts';
import { intervalMs } from '../core/time.ts';
import { withFailures } from './failures.ts';
import { ensureSignalTopics, publishSignal } from './publish-signals.ts';

export interface AmendDeps {
  readonly orders: Pick<OrderRepository, 'getOrder' | 'routingFacts'>;
  /** By account id. */
  readonly adapters: ReadonlyMap<string, Pick<TradeAdapter, 'marketTime'>>;
  readonly bus: EventBus;
}

export type AmendStepResult =
  /** Not final yet: ask again. */
  | { readonly kind: 'ending' }
  /** What it filled by then leaves nothing to place. */
  | { readonly kind: 'filled'; readonly filledQuantity: string }
  /** The time it had to rest in was over by then: nothing is placed. */
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'replaced'; readonly newOrderId: string; readonly remainder: string };

export type AmendActivities = ReturnType<typeof createAmendActivities>;

/** The order that takes the place of the amended one. */
export function replacementId(
  step: Pick<AmendStep, 'orderId' | 'requestId'>,
  symbol: string,
): string {
  return signalId({ runId: runIdOf(step), symbol, eventTime: 0, sequence: 1 });
}

function runIdOf({ orderId, requestId }: Pick<AmendStep, 'orderId' | 'requestId'>): string {
  return `amend:${orderId}:${requestId}`;
}

export function createAmendActivities({ orders, adapters, bus }: AmendDeps) {
  return withFailures({
    /**
     * Once the order is final: places the exact remainder at the new terms, as an order of the person's. What an
     * amend cannot change is the first order's: stops, execution plan, and the moment at which it times out.
     */
    async replaceAmended(step: AmendStep): Promise<AmendStepResult> {
      const order = await orders.getOrder(step.orderId);
      if (!isFinalIntent(order.state)) return { kind: 'ending' };
      const { filledQuantity, symbol, accountId } = order;
      const left = decimal(step.quantity).minus(filledQuantity);
      if (left.lte(0)) return { kind: 'filled', filledQuantity };
      const remainder = toDecimalString(left);
      const adapter = adapters.get(accountId);
      if (adapter === undefined) {
        throw new KeelError(
          'UNAVAILABLE',
          `account "${accountId}" is not configured in this worker: add it to venues`,
        );
      }
      const eventTime = await adapter.marketTime();
      const { signal: first } = await orders.routingFacts(step.orderId);
      const timeout = timeLeft(first, eventTime);
      if (timeout === null) return { kind: 'timed-out' };
      const signal: Signal = {
        ...first,
        ...timeout,
        id: replacementId(step, symbol),
        runId: runIdOf(step),
        source: { kind: 'person', name: step.by },
        sequence: 1,
        eventTime,
        // Its own: the first one's has passed where the order rested for long.
        validUntil: eventTime + intervalMs('1m'),
        wanted: { kind: 'order', side: order.side, quantity: remainder },
        limitPrice: step.limitPrice,
        referencePrice: step.limitPrice,
        tag: `amends ${step.orderId}`,
      };
      await ensureSignalTopics(bus, order.strategyType);
      await publishSignal(bus, signal);
      return { kind: 'replaced', newOrderId: signal.id, remainder };
    },
  });
}

/** What is left at market time `now` of the order's time to rest; null where that is over. */
function timeLeft({ eventTime, timeoutMs }: Signal, now: number): Pick<Signal, 'timeoutMs'> | null {
  if (timeoutMs === undefined) return {};
  const left = eventTime + timeoutMs - now;
  return left > 0 ? { timeoutMs: left } : null;
}
