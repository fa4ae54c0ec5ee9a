/** Orders, trades and balances as Binance writes them, in REST answers and user events. */
import type { AssetBalance } from '../balances.ts';
import type { EngineEvent, EngineOrder, EngineTrade, OrderKind } from '../orders.ts';
import { fixed8 } from './format.ts';

const ZERO = '0.00000000';
const PREVENTION = 'EXPIRE_MAKER';

/** The venue's words for an order's type; the others are as the engine has them. */
export const ORDER_TYPES: Readonly<Record<OrderKind, string>> = {
  LIMIT: 'LIMIT',
  LIMIT_MAKER: 'LIMIT_MAKER',
  MARKET: 'MARKET',
  STOP: 'STOP_LOSS',
  STOP_LIMIT: 'STOP_LOSS_LIMIT',
  TAKE_PROFIT: 'TAKE_PROFIT',
};

/** On the book, or done with; a stop is not before it is triggered. */
function isWorking({ stopPrice, triggeredAt }: EngineOrder): boolean {
  return stopPrice === undefined || triggeredAt !== undefined;
}

/** Market time since when it works; −1 for a stop that waits. */
function workingTime(order: EngineOrder): number {
  return isWorking(order) ? (order.triggeredAt ?? order.placedAt) : -1;
}

function stopPriceOf({ stopPrice }: EngineOrder): string {
  return stopPrice === undefined ? ZERO : fixed8(stopPrice);
}

function common(order: EngineOrder): Record<string, unknown> {
  return {
    price: fixed8(order.price),
    origQty: fixed8(order.quantity),
    executedQty: fixed8(order.filled),
    origQuoteOrderQty: fixed8(order.quoteQuantity),
    cummulativeQuoteQty: fixed8(order.filledQuote),
    status: order.state,
    timeInForce: order.timeInForce,
    type: ORDER_TYPES[order.kind],
    side: order.side.toUpperCase(),
  };
}

/** One entry of GET /order, /openOrders, /allOrders. */
export function orderRecord(order: EngineOrder): Record<string, unknown> {
  return {
    symbol: order.instrument.venueSymbol,
    orderId: order.orderId,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    ...common(order),
    stopPrice: stopPriceOf(order),
    icebergQty: ZERO,
    time: order.placedAt,
    updateTime: order.updatedAt,
    isWorking: isWorking(order),
    workingTime: workingTime(order),
    selfTradePreventionMode: PREVENTION,
  };
}

/** The answer to POST /order. */
export function newOrderAnswer(
  order: EngineOrder,
  trades: readonly EngineTrade[],
  responseType: 'ACK' | 'RESULT' | 'FULL',
): Record<string, unknown> {
  const ack = {
    symbol: order.instrument.venueSymbol,
    orderId: order.orderId,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    transactTime: order.placedAt,
  };
  if (responseType === 'ACK') {
    return ack;
  }
  const result = {
    ...ack,
    ...common(order),
    ...(order.stopPrice === undefined ? {} : { stopPrice: stopPriceOf(order) }),
    workingTime: workingTime(order),
    selfTradePreventionMode: PREVENTION,
  };
  if (responseType === 'RESULT') {
    return result;
  }
  return {
    ...result,
    fills: trades.map((trade) => ({
      price: fixed8(trade.price),
      qty: fixed8(trade.quantity),
      commission: fixed8(trade.feeAmount),
      commissionAsset: trade.feeAsset,
      tradeId: trade.tradeId,
    })),
  };
}

/** The answer to DELETE /order: the cancel's own id in `clientOrderId`. */
export function cancelAnswer(order: EngineOrder, cancelId: string): Record<string, unknown> {
  return {
    symbol: order.instrument.venueSymbol,
    origClientOrderId: order.clientOrderId,
    orderId: order.orderId,
    orderListId: -1,
    clientOrderId: cancelId,
    transactTime: order.updatedAt,
    ...common(order),
    selfTradePreventionMode: PREVENTION,
  };
}

/** One entry of GET /myTrades. */
export function tradeRecord(trade: EngineTrade): Record<string, unknown> {
  return {
    symbol: trade.order.instrument.venueSymbol,
    id: trade.tradeId,
    orderId: trade.order.orderId,
    orderListId: -1,
    price: fixed8(trade.price),
    qty: fixed8(trade.quantity),
    quoteQty: fixed8(trade.quote),
    commission: fixed8(trade.feeAmount),
    commissionAsset: trade.feeAsset,
    time: trade.at,
    isBuyer: trade.order.side === 'buy',
    isMaker: trade.maker,
    isBestMatch: true,
  };
}

export function balanceRecord({ asset, free, locked }: AssetBalance): Record<string, string> {
  return { asset, free: fixed8(free), locked: fixed8(locked) };
}

const EXECUTIONS = {
  new: 'NEW',
  triggered: 'NEW',
  trade: 'TRADE',
  cancelled: 'CANCELED',
  expired: 'EXPIRED',
} as const;

/** An order event as the user stream's `executionReport`. */
export function executionReport(
  event: Exclude<EngineEvent, { kind: 'balances' }>,
): Record<string, unknown> {
  const { order, at } = event;
  const trade = event.kind === 'trade' ? event.trade : undefined;
  const open = order.state === 'NEW' || order.state === 'PARTIALLY_FILLED';
  return {
    e: 'executionReport',
    E: at,
    s: order.instrument.venueSymbol,
    c: event.kind === 'cancelled' ? event.cancelId : order.clientOrderId,
    S: order.side.toUpperCase(),
    o: ORDER_TYPES[order.kind],
    f: order.timeInForce,
    q: fixed8(order.quantity),
    p: fixed8(order.price),
    P: stopPriceOf(order),
    F: ZERO,
    g: -1,
    C: event.kind === 'cancelled' ? order.clientOrderId : '',
    x: EXECUTIONS[event.kind],
    X: order.state,
    r: 'NONE',
    i: order.orderId,
    l: trade === undefined ? ZERO : fixed8(trade.quantity),
    z: fixed8(order.filled),
    L: trade === undefined ? ZERO : fixed8(trade.price),
    n: trade === undefined ? '0' : fixed8(trade.feeAmount),
    N: trade?.feeAsset ?? null,
    T: at,
    t: trade?.tradeId ?? -1,
    I: order.orderId,
    w: open && isWorking(order) && (event.kind === 'new' || event.kind === 'triggered'),
    m: trade?.maker ?? false,
    M: trade !== undefined,
    O: order.placedAt,
    Z: fixed8(order.filledQuote),
    Y: trade === undefined ? ZERO : fixed8(trade.quote),
    Q: fixed8(order.quoteQuantity),
    ...(isWorking(order) ? { W: workingTime(order) } : {}),
    V: PREVENTION,
  };
}

/** Balances after a change as the user stream's `outboundAccountPosition`. */
export function accountPosition(
  balances: readonly AssetBalance[],
  at: number,
): Record<string, unknown> {
  return {
    e: 'outboundAccountPosition',
    E: at,
    u: at,
    B: balances.map(({ asset, free, locked }) => ({
      a: asset,
      f: fixed8(free),
      l: fixed8(locked),
    })),
  };
}
