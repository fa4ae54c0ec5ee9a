/** The books of orders as those who book fills hold them: after each commit that concerns a guard, it is told. */
import type { GuardDoor, GuardKey, GuardRepository } from '../adapters/guard-repository.ts';
import type { OrderRepository } from '../adapters/order-repository.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { OrderView } from '../core/order.ts';
import type { Logger } from '../observability/logger.ts';

export interface GuardNewsDeps {
  readonly orders: OrderRepository;
  readonly guards: Pick<GuardRepository, 'isLive'>;
  readonly door: Pick<GuardDoor, 'tellGuard'>;
  readonly logger: Logger;
}

/**
 * `orders`, telling guards of fills and of orders that ended. What is booked stands even where nobody could be
 * told: the risk monitor's sweep finds a guard that is behind its position.
 */
export function tellingGuards({ orders, guards, door, logger }: GuardNewsDeps): OrderRepository {
  const tell = async (key: GuardKey): Promise<void> => {
    try {
      await door.tellGuard(key, { kind: 'positionChanged' });
    } catch (error) {
      logger.error(
        { err: error, strategy_id: key.strategyId, symbol: key.symbol },
        'guard_not_told',
      );
    }
  };
  const ended = async (order: OrderView): Promise<OrderView> => {
    const key = { strategyId: order.strategyId, symbol: order.symbol };
    if (isFinalIntent(order.state) && (await guards.isLive(key))) await tell(key);
    return order;
  };
  return {
    ...orders,
    async admit(input) {
      const admission = await orders.admit(input);
      if (admission.verdict === 'ended') await ended(admission.order);
      return admission;
    },
    recordRisk: async (orderId, report) => ended(await orders.recordRisk(orderId, report)),
    async recordLeg(update) {
      const recorded = await orders.recordLeg(update);
      if (recorded.guard !== null) await tell(recorded.guard);
      return recorded;
    },
    async recordEvent(orderId, version, change) {
      const told = await orders.recordEvent(orderId, version, change);
      if (change !== undefined) await ended(told.event);
      return told;
    },
    settle: async (orderId, final) => ended(await orders.settle(orderId, final)),
  };
}
