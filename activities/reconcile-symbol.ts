/** Orders and trades of one account and symbol, the venue's against ours. */
import type { ContractRepository } from '../adapters/contract-repository.ts';
import type { OrderRepository } from '../adapters/order-repository.ts';
import type {
  BookedLeg,
  Difference,
  ReconciliationRepository,
} from '../adapters/reconciliation-repository.ts';
import type { OrderNotice, TradeAdapter, VenueOrderWithFills } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { AccountTrade } from '../core/fill.ts';
import { isFinalLeg } from '../core/leg-machine.ts';
import { compareOrders, type OrderDifference, tradeKey } from '../core/reconciliation.ts';
import { isContract } from '../core/symbol.ts';
import type { Logger } from '../observability/logger.ts';
import type { OrderActivities } from './order-activities.ts';

/** Trades are looked at again for so long (market time): one may show late, or be told out of order. */
const OVERLAP_MS = 10 * 60_000;

export interface SymbolDeps {
  readonly reconciliation: ReconciliationRepository;
  readonly contracts: Pick<ContractRepository, 'bookFunding' | 'bookVenueOrder'>;
  readonly orders: Pick<OrderRepository, 'recordLeg'>;
  readonly steps: Pick<OrderActivities, 'publishOrder'>;
  readonly logger: Logger;
}

export interface SymbolReport {
  /** Client order ids of legs that were brought up to date. */
  readonly repaired: readonly string[];
  readonly foreign: number;
  readonly raised: readonly Difference[];
}

export async function reconcileSymbol(
  deps: SymbolDeps,
  adapter: TradeAdapter,
  symbol: string,
): Promise<SymbolReport> {
  const { reconciliation } = deps;
  const { accountId } = adapter;
  const startedAt = await adapter.marketTime();
  const since = (await reconciliation.compareFrom(accountId, symbol, OVERLAP_MS)) ?? startedAt;
  if (isContract(symbol)) await bookContract(deps, adapter, symbol, since);
  const open = await adapter.openOrders(symbol);
  const trades = await adapter.accountTrades(symbol, since);
  const legs = await reconciliation.legs(accountId, symbol, {
    clientOrderIds: [...open, ...trades].flatMap(({ clientOrderId }) => clientOrderId ?? []),
    venueOrderIds: trades.map(({ venueOrderId }) => venueOrderId),
  });
  const booked = await reconciliation.bookedTrades(
    accountId,
    symbol,
    trades.map(({ venueTradeId }) => venueTradeId),
  );

  const report = { repaired: [] as string[], foreign: 0, raised: [] as Difference[] };
  let through = startedAt;
  for (const difference of compareOrders({ open, trades }, { legs, booked })) {
    switch (difference.kind) {
      case 'missed-news': {
        const lost = await repair(deps, adapter, difference, legs);
        if (lost === null) report.repaired.push(difference.clientOrderId);
        else report.raised.push(lost);
        break;
      }
      case 'foreign-trade':
        if (mayBeOurs(difference.trade, legs)) {
          // Looked at again once the order on its way has told its number.
          through = Math.min(through, difference.trade.executedAt);
        } else if (await bookForeign(reconciliation, adapter, difference.trade)) {
          report.foreign += 1;
        }
        break;
      case 'unknown-trade':
        await raise(reconciliation, adapter, unknownTrade(difference.trade));
        await reconciliation.bookAccountTrade(accountId, difference.trade);
        break;
      case 'stray-order':
        report.raised.push(strayOrder(difference));
    }
  }
  await reconciliation.setMark(accountId, symbol, through);
  return report;
}

/** A trade without a client id, while a leg of ours does not know its order's number yet. */
function mayBeOurs(trade: AccountTrade, legs: readonly BookedLeg[]): boolean {
  return (
    trade.clientOrderId === null &&
    legs.some((leg) => leg.venueOrderId === null && !isFinalLeg(leg.state))
  );
}

/** Records what the venue says of the leg now; the finding to raise where it says nothing. */
async function repair(
  deps: SymbolDeps,
  adapter: TradeAdapter,
  { clientOrderId, symbol, detail }: Extract<OrderDifference, { kind: 'missed-news' }>,
  legs: readonly BookedLeg[],
): Promise<Difference | null> {
  const seen = await look(adapter, { clientOrderId, symbol });
  if (seen === null) {
    return {
      ...{ kind: 'lost-order', subject: clientOrderId, symbol, off: null },
      message: `order ${clientOrderId} (${detail}) is not to be found at ${adapter.exchange} any more`,
    };
  }
  const { booked, outcome } = await deps.orders.recordLeg({
    ...{ clientOrderId, venueOrder: seen.order, fills: seen.fills, seenBy: 'reconcile' },
  });
  deps.logger.warn({ client_order_id: clientOrderId, detail, booked, outcome }, 'leg_reconciled');
  const leg = legs.find((one) => one.clientOrderId === clientOrderId);
  // While its workflow is on, its tracker sees the change and tells it. A final order has nobody left to.
  if (leg?.orderFinal === true && booked.length > 0) {
    await deps.steps.publishOrder({ orderId: leg.orderId, version: leg.orderVersion + 1 });
  }
  return null;
}

async function look(
  adapter: TradeAdapter,
  order: OrderNotice,
): Promise<VenueOrderWithFills | null> {
  try {
    return await adapter.getOrderStatus(order);
  } catch (error) {
    if (!(error instanceof KeelError) || error.code !== 'VENUE_ORDER_NOT_FOUND') throw error;
    return adapter.findOrder(order);
  }
}

/** False when it is booked already. Findings come first: a trade that is booked is never looked at again. */
async function bookForeign(
  reconciliation: ReconciliationRepository,
  adapter: TradeAdapter,
  trade: AccountTrade,
): Promise<boolean> {
  if (isContract(trade.symbol)) await raise(reconciliation, adapter, contractTrade(trade));
  return reconciliation.bookAccountTrade(adapter.accountId, trade);
}

function raise(
  reconciliation: ReconciliationRepository,
  { accountId, exchange }: TradeAdapter,
  finding: Difference,
): Promise<void> {
  return reconciliation.openFinding({ id: accountId, exchange }, finding);
}

function unknownTrade(trade: AccountTrade): Difference {
  const { side, quantity, symbol, price, clientOrderId } = trade;
  return {
    ...{ kind: 'unknown-trade', subject: tradeKey(trade), symbol, off: null },
    message:
      `${side} ${quantity} ${symbol} at ${price} was traded by order ${clientOrderId ?? ''}, which bears Keel's ` +
      'prefix and is in no books; it is booked to the account and to no strategy',
  };
}

/** One a contract: the first trade opens it, and each later one is told by its own alert. */
function contractTrade({ side, quantity, symbol, price, realisedPnl }: AccountTrade): Difference {
  return {
    ...{ kind: 'foreign-contract-trade', subject: symbol, symbol, off: null },
    message:
      `somebody else traded ${side} ${quantity} ${symbol} at ${price}: its fee and what it realised ` +
      `(${realisedPnl ?? 'not told by the venue'}) are booked to the account and to no strategy. An account has one ` +
      "position in a contract: a strategy's size and average price there are no longer the venue's",
  };
}

function strayOrder({
  clientOrderId,
  symbol,
  detail,
}: Extract<OrderDifference, { kind: 'stray-order' }>): Difference {
  return { kind: 'stray-order', subject: clientOrderId, symbol, off: null, message: detail };
}

/** Funding, and orders the venue made itself: each payment and each trade once. */
async function bookContract(
  deps: SymbolDeps,
  adapter: TradeAdapter,
  symbol: string,
  since: number,
): Promise<void> {
  const { accountId, exchange } = adapter;
  const payments = await adapter.fundingSince(symbol, since);
  const funding = await deps.contracts.bookFunding(accountId, symbol, payments);
  if (funding.strategyId === null && payments.length > 0) {
    deps.logger.warn({ account: accountId, symbol }, 'funding_of_nobody');
  }
  for (const made of await adapter.venueOrdersSince(symbol, since)) {
    const { order, booked } = await deps.contracts.bookVenueOrder(accountId, made);
    if (order === null || booked.length === 0) continue;
    deps.logger.error(
      { exchange, account: accountId, symbol, cause: made.cause, order_id: order.orderId },
      'venue_order_booked',
    );
    await deps.steps.publishOrder({ orderId: order.orderId, version: order.version + 1 });
  }
}
