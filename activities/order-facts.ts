/** What an order's workflow keeps of its order, and the one place that tells an order's events on the bus. */
import { ORDER } from '../adapters/bus/messages.ts';
import { orderTopic } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type { OrderChange, OrderEvent, OrderRepository } from '../adapters/order-repository.ts';
import { KeelError } from '../core/errors.ts';
import type { OrderView } from '../core/order.ts';

/** Decimals are strings; `quantity` is in base, `price` in quote. */
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
  | 'approval'
>;

/** The order and the version its next event gets; versions are given out by the workflow alone. */
export interface Versioned {
  readonly orderId: string;
  readonly version: number;
}

/** Makes the change, stamps the order with the version and tells it; telling it again changes nothing. */
export type Announce = (versioned: Versioned, change?: OrderChange) => Promise<OrderView>;

/** Tells an event that is stored already; telling it again changes nothing. */
export type Tell = (versioned: Versioned) => Promise<void>;

export function createAnnounce(
  orders: Pick<OrderRepository, 'orderEvents' | 'recordEvent'>,
  bus: Pick<EventBus, 'publish'>,
): { readonly announce: Announce; readonly tell: Tell } {
  const publish = ({ at, event, orderId, status, version }: OrderEvent): Promise<void> =>
    bus.publish(orderTopic(status, event.exchange), ORDER, [
      { id: `${orderId}:${String(version)}`, key: orderId, time: at, data: event },
    ]);
  return {
    async announce({ orderId, version }, change) {
      const recorded = await orders.recordEvent(orderId, version, change);
      await publish(recorded);
      return recorded.event;
    },
    async tell({ orderId, version }) {
      const stored = (await orders.orderEvents(orderId)).find((one) => one.version === version);
      if (stored === undefined) {
        throw new KeelError(
          'NOT_FOUND',
          `order ${orderId} has no event of version ${String(version)}`,
        );
      }
      await publish(stored);
    },
  };
}

export function factsOf(order: OrderView): OrderFacts {
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
    ...(order.approval === undefined ? {} : { approval: order.approval }),
  };
}
