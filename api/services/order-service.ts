/** Orders: list, show with their history, cancel by a signal to their workflow. */
import { randomUUID } from 'node:crypto';
import { replacementId } from '../../activities/amend-steps.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { checkAmend } from '../../core/amend.ts';
import { KeelError } from '../../core/errors.ts';
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { evaluateRisk } from '../../core/risk/rules.ts';
import { pageOf } from '../paging.ts';
import type { AmendAnswer, AmendBody, OrderDetail, OrderQueryInput } from '../schemas.ts';
import { amendWorkflowId } from '../../workflows/order-names.ts';
import type { DecisionRequest } from '../../workflows/order-messages.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';

export interface OrderServiceDeps {
  readonly repositories: Pick<Repositories, 'orders' | 'audit'>;
  readonly workflows: Pick<Workflows, 'cancelOrder' | 'decideOrder' | 'startAmend'>;
  instrument(accountId: string, symbol: string): Promise<Instrument>;
  marketTime(accountId: string): Promise<number>;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
}

export interface OrderService {
  list(query: OrderQueryInput): Promise<{ orders: readonly OrderView[]; next: string | null }>;
  show(id: string): Promise<OrderDetail>;
  /** Throws NOT_FOUND, or CONFLICT where the order is over. */
  cancel(id: string, by: string): Promise<OrderView>;
  /**
   * Cancels a resting limit order and places what it did not fill at new terms, as an order of its own. Throws
   * NOT_FOUND, CONFLICT where it does not rest, and the filter's or the risk rules' code where the new terms
   * would be refused: then nothing has changed.
   */
  amend(id: string, body: AmendBody, by: string): Promise<AmendAnswer>;
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

  /** What the risk rules would say of the remainder at the new price. */
  async function checkRisk(
    order: OrderView,
    terms: { readonly remainder: string; readonly price: string },
    instrument: Instrument,
  ): Promise<void> {
    const marketTime = await deps.marketTime(order.accountId);
    const context = await orders.riskContext(order.orderId, instrument, marketTime);
    const rate = decimal(instrument.takerFeeRate).plus(1);
    const buys = order.side === 'buy';
    const cost = decimal(terms.remainder).mul(terms.price).mul(rate);
    const spot = instrument.contract === undefined;
    const { approved, results } = evaluateRisk({
      ...context,
      order: { ...context.order, quantity: terms.remainder, price: terms.price },
      funds: {
        ...context.funds,
        // Margin is reckoned when the new order is admitted.
        required: spot ? (buys ? toDecimalString(cost) : terms.remainder) : context.funds.required,
      },
    });
    if (approved) return;
    const [first] = results.flatMap(({ verdict }) => (verdict.passed ? [] : [verdict]));
    throw new KeelError(
      first?.code ?? 'INTERNAL',
      `the amend would be denied: ${first?.reason ?? 'by a rule'}; the order stays as it is`,
    );
  }

  return {
    async list(query) {
      const { limit, ...filters } = query;
      const given = Object.fromEntries(
        Object.entries(filters).filter(([, value]) => value !== undefined),
      );
      const { rows, next } = await pageOf(
        limit,
        (most) => orders.listOrders({ ...given, limit: most }),
        ({ orderId }) => orderId,
      );
      return { orders: rows, next };
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

    async amend(id, { quantity, limitPrice, requestId = randomUUID() }, by) {
      const order = await unfinished(id, 'amend');
      const instrument = await deps.instrument(order.accountId, order.symbol);
      const [leg, ...others] = order.legs;
      const wish = {
        ...(quantity === undefined ? {} : { quantity }),
        ...(limitPrice === undefined ? {} : { limitPrice }),
      };
      const verdict = checkAmend(wish, {
        ...order,
        // An order of several legs has none that stands for it.
        legState: leg !== undefined && others.length === 0 ? leg.state : null,
        instrument,
      });
      if (!verdict.ok) throw new KeelError(verdict.code, `${verdict.reason}; nothing has changed`);
      await checkRisk(order, verdict, instrument);
      const step = {
        orderId: id,
        quantity: verdict.quantity,
        limitPrice: verdict.price,
        by,
        requestId,
      };
      await audit.write({ actor: by, action: 'order.amend', target: id, detail: step });
      await deps.workflows.startAmend(step);
      return {
        newOrderId: replacementId(step, order.symbol),
        requestId,
        workflowUrl: deps.workflowLink(amendWorkflowId(id)),
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
