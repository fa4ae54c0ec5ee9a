/** Orders: list, show with their history, cancel by a signal to their workflow. */
import type { Repositories } from '../../adapters/repositories.ts';
import { KeelError } from '../../core/errors.ts';
import type { OrderView } from '../../core/order.ts';
import type { OrderDetail, OrderQueryInput } from '../schemas.ts';
import type { DecisionRequest } from '../../workflows/order-messages.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';

export interface OrderServiceDeps {
  readonly repositories: Pick<Repositories, 'orders' | 'audit'>;
  readonly workflows: Pick<Workflows, 'cancelOrder' | 'decideOrder'>;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
}

export interface OrderService {
  list(query: OrderQueryInput): Promise<{ orders: readonly OrderView[]; next: string | null }>;
  show(id: string): Promise<OrderDetail>;
  /** Throws NOT_FOUND, or CONFLICT where the order is over. */
  cancel(id: string, by: string): Promise<OrderView>;
  /**
   * Approves or rejects an order that waits for a person, and shows it as it stands then. Throws NOT_FOUND,
   * CONFLICT where it waits for nobody.
   */
  decide(id: string, verb: 'approve' | 'reject', decision: DecisionRequest): Promise<OrderView>;
}

const FINAL: readonly OrderView['state'][] = ['done', 'denied', 'expired', 'superseded', 'failed'];

export function createOrderService(deps: OrderServiceDeps): OrderService {
  const { orders, audit } = deps.repositories;

  /** The order, if it is not over. Throws NOT_FOUND, CONFLICT. */
  async function unfinished(id: string, wish: string): Promise<OrderView> {
    const order = await orders.getOrder(id);
    if (!FINAL.includes(order.state)) return order;
    const reason = `order ${id} is over (${order.status}): there is nothing to ${wish}`;
    throw new KeelError('CONFLICT', reason);
  }

  /** Asks the order's workflow. One that ended meanwhile is a conflict, not an order nobody knows. */
  async function ask(id: string, wish: string, asking: () => Promise<void>): Promise<void> {
    try {
      await asking();
    } catch (error) {
      if (error instanceof KeelError && error.code === 'NOT_FOUND') await unfinished(id, wish);
      throw error;
    }
  }

  return {
    async list(query) {
      // One more than asked tells whether there is a next page.
      const { limit, ...filters } = query;
      const given = Object.fromEntries(
        Object.entries(filters).filter(([, value]) => value !== undefined),
      );
      const found = await orders.listOrders({ ...given, limit: limit + 1 });
      const page = found.slice(0, limit);
      return { orders: page, next: found.length > limit ? (page.at(-1)?.orderId ?? null) : null };
    },

    async show(id) {
      const order = await orders.getOrder(id);
      const [events, fills] = await Promise.all([orders.orderEvents(id), orders.orderFills(id)]);
      return {
        order,
        events: events.map(({ version, status, at }) => ({ version, status, at })),
        fills,
        workflowUrl: deps.workflowLink(id),
      };
    },

    async cancel(id, by) {
      const order = await unfinished(id, 'cancel');
      await audit.write({ actor: by, action: 'order.cancel', target: id });
      await ask(id, 'cancel', () => deps.workflows.cancelOrder(id, { by }));
      return order;
    },

    async decide(id, verb, decision) {
      await unfinished(id, verb);
      // The decision goes into the audit log where it is written down with the order.
      await ask(id, verb, () => deps.workflows.decideOrder(id, verb, decision));
      return orders.getOrder(id);
    },
  };
}
