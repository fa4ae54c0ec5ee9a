/** The order activities' surroundings in memory: one account, one order, and what was told on the bus. */
import { createOrderActivities, type OrderActivities } from '../../activities/order-activities.ts';
import type { Watch } from '../../activities/notices.ts';
import type {
  Admission,
  FinalState,
  OrderEvent,
  OrderRepository,
} from '../../adapters/order-repository.ts';
import type { TradeAdapter } from '../../adapters/trade-adapter.ts';
import { KeelError } from '../../core/errors.ts';
import type { OrderView } from '../../core/order.ts';
import type { RiskContext, RiskReport } from '../../core/risk/rule.ts';
import { createLogger } from '../../observability/logger.ts';
import { createInstrument, createOrderView, T0 } from './market.ts';
import { World, type VenueMood } from './placement-world.ts';

/** As the placement world's legs have it. */
export const ACCOUNT = 'test';

export interface OrderDesk {
  readonly activities: OrderActivities;
  readonly world: World;
  /** The order's row; the activities' store gives it back with what was written since. */
  order: OrderView;
  admission: Admission | undefined;
  readonly told: { readonly topic: string; readonly id: string }[];
  readonly watches: { open: number; closed: number };
}

/** `context`: what the risk rules see. `moods`: what the venue does with the sends. */
export function openOrderDesk(options: {
  readonly moods?: readonly VenueMood[];
  readonly context?: (context: RiskContext) => RiskContext;
  readonly marketTime?: () => Promise<number>;
}): OrderDesk {
  const world = new World(options.moods ?? [{ kind: 'accept' }]);
  const { adapter, store } = world.ports();
  const told: OrderDesk['told'] = [];
  const events: OrderEvent[] = [];
  const watches = { open: 0, closed: 0 };
  const desk = { world, told, watches, order: createOrderView(), admission: undefined };

  const stored = (change: Partial<OrderView>): OrderView => {
    desk.order = { ...desk.order, ...change };
    return desk.order;
  };
  const checked = (report: RiskReport): OrderView =>
    stored(report.approved ? { state: 'admitted' } : { state: 'denied', status: 'denied' });
  const settled = (final: FinalState): OrderView =>
    stored({ state: final.state, reasonCode: final.reasonCode ?? null, status: 'cancelled' });
  const notHere = (): never => {
    throw new KeelError('INTERNAL', 'no order activity asks for this');
  };
  const orders: OrderRepository = {
    ...store,
    admit: async () => (desk as OrderDesk).admission ?? notHere(),
    riskContext: async () => {
      const context = approvable(desk.order);
      return options.context?.(context) ?? context;
    },
    recordRisk: async (_id, report) => checked(report),
    awaitApproval: async (_id, due) =>
      desk.order.approval === undefined
        ? stored({
            state: 'awaiting_approval',
            status: 'awaiting_approval',
            reason: `worth ${due.notional}`,
          })
        : desk.order,
    recordApproval: async (_id, { by, note, verdict }) =>
      stored({ approval: { verdict, by, note, at: T0 } }),
    settle: async (_id, final) => settled(final),
    recordEvent: async (orderId, version, change = {}): Promise<OrderEvent> => {
      if (change.report !== undefined) checked(change.report);
      if (change.final !== undefined) settled(change.final);
      const event = stored({ version });
      const recorded = { orderId, version, status: event.status, event, at: T0 };
      events.push(recorded);
      return recorded;
    },
    getOrder: async () => stored({ legs: world.leg === undefined ? [] : [legOf(world)] }),
    routingFacts: notHere,
    recordRoute: notHere,
    listOrders: notHere,
    orderEvents: async () => events,
    orderFills: notHere,
  };
  const account: TradeAdapter = {
    exchange: 'binance',
    accountId: ACCOUNT,
    stopOrders: true,
    ...adapter,
    ...(options.marketTime === undefined ? {} : { marketTime: options.marketTime }),
    instrument: async () => createInstrument(),
    venueTime: () => Date.now(),
    connect: notHere,
    disconnect: notHere,
    orderBook: notHere,
    getBalance: notHere,
    getBalances: notHere,
    getPositions: notHere,
    openOrders: notHere,
    fillsSince: notHere,
    accountTrades: notHere,
    prepareAccount: notHere,
    fundingSince: notHere,
    fundingRates: notHere,
    venueOrdersSince: notHere,
    watchOrders: notHere,
    watchForeignTrades: notHere,
  };
  const activities = createOrderActivities({
    orders,
    adapters: new Map([[ACCOUNT, account]]),
    bus: {
      publish: async (topic, _kind, messages) => {
        told.push(...messages.map(({ id }) => ({ topic, id })));
      },
    },
    notices: {
      watch: (): Watch => {
        watches.open += 1;
        return {
          changed: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5))),
          close: () => {
            watches.closed += 1;
          },
        };
      },
      close: notHere,
    },
    logger: createLogger('test', 'silent'),
    policy: { approvalTimeoutMs: 900_000 },
  });
  return Object.assign(desk, { activities });
}

function legOf(world: World): OrderView['legs'][number] {
  const { leg } = world;
  if (leg === undefined) throw new Error('the world has no leg');
  const { clientOrderId, legNumber, venueOrderId, state, quantity, price } = leg;
  const { filledQuantity, filledQuote, errorCode, errorMessage, accountId, exchange } = leg;
  return {
    ...{ accountId, exchange },
    ...{ clientOrderId, legNumber, venueOrderId, state, quantity, price },
    ...{ filledQuantity, filledQuote, errorCode, errorMessage },
  };
}

/** What every rule lets pass. */
function approvable(order: OrderView): RiskContext {
  const { orderId, strategyId, symbol, side, quantity, reducing, source } = order;
  return {
    order: { orderId, strategyId, symbol, side, quantity, price: '100', reducing, source },
    instrument: createInstrument(),
    marketTime: T0,
    position: { quantity: '0', openQuantity: '0' },
    funds: { allocation: '1000', free: '1000', accountFree: '1000', required: '101' },
    ordersToday: 1,
    halts: [],
    limits: {
      maxPosition: null,
      maxOrderNotional: null,
      maxOrdersPerDay: null,
      approvalNotional: null,
    },
  };
}
