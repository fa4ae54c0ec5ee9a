/** Orders, own trades and balances as OKX writes them, in answers and in pushes. */
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { AssetBalance } from '../balances.ts';
import type { EngineOrder, EngineTrade, OrderState, VenueCause } from '../orders.ts';
import { sizeOf } from './instruments.ts';
import { instTypeOf, type OkxVenue } from './venue.ts';

const STATES: Readonly<Record<OrderState, string>> = {
  NEW: 'live',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'canceled',
};

const plain = (value: Decimal | string): string => toDecimalString(decimal(value));

/** Whether it began as an algo order: what has a trigger. */
export function isAlgo({ stopPrice }: EngineOrder): boolean {
  return stopPrice !== undefined;
}

/** Whether it is an order by itself: what has no trigger, or is past it. */
export function isOrder(order: EngineOrder): boolean {
  return !isAlgo(order) || order.triggeredAt !== undefined;
}

export function algoIdOf({ orderId }: EngineOrder): string {
  return `7${String(orderId)}`;
}

export function ordTypeOf({ kind, timeInForce, stopPrice }: EngineOrder): string {
  if (kind === 'MARKET' || stopPrice !== undefined) return 'market';
  if (kind === 'LIMIT_MAKER') return 'post_only';
  return timeInForce === 'GTC' ? 'limit' : timeInForce.toLowerCase();
}

const CATEGORIES: Readonly<Record<VenueCause, string>> = {
  liquidation: 'full_liquidation',
  adl: 'adl',
};

/** What the venue made, of a stop or by itself, has no client id of its own. */
function clOrdIdOf(order: EngineOrder): string {
  return isAlgo(order) || order.cause !== undefined ? '' : order.clientOrderId;
}

/** One row of `order`, `orders-pending` and `orders-history`; `trades` are the order's own, oldest first. */
export function orderRow(
  order: EngineOrder,
  trades: readonly EngineTrade[],
): Record<string, unknown> {
  const { instrument } = order;
  const last = trades.at(-1);
  const algo = isAlgo(order);
  const market = ordTypeOf(order) === 'market';
  const fee = trades.reduce((sum, trade) => sum.add(trade.feeAmount), decimal('0'));
  const size = (quantity: Decimal): string => sizeOf(quantity.toFixed(), instrument);
  return {
    accFillSz: size(order.filled),
    algoClOrdId: algo ? order.clientOrderId : '',
    algoId: algo ? algoIdOf(order) : '',
    attachAlgoClOrdId: '',
    attachAlgoOrds: [],
    avgPx: order.filled.isZero() ? '' : plain(order.filledQuote.div(order.filled)),
    cTime: String(order.triggeredAt ?? order.placedAt),
    cancelSource: order.state === 'CANCELED' ? '1' : '',
    cancelSourceReason: '',
    category: order.cause === undefined ? 'normal' : CATEGORIES[order.cause],
    ccy: '',
    clOrdId: clOrdIdOf(order),
    // Negative is paid.
    fee: plain(fee.neg()),
    feeCcy: last?.feeAsset ?? '',
    fillPx: last === undefined ? '' : plain(last.price),
    fillSz: last === undefined ? '0' : size(last.quantity),
    fillTime: last === undefined ? '' : String(last.at),
    instId: instrument.venueSymbol,
    instType: instTypeOf(instrument),
    isTpLimit: 'false',
    lever: '',
    linkedAlgoOrd: { algoId: algo ? algoIdOf(order) : '' },
    ordId: String(order.orderId),
    ordType: ordTypeOf(order),
    pnl: '0',
    posSide: 'net',
    px: market ? '' : plain(order.price),
    pxType: '',
    pxUsd: '',
    pxVol: '',
    quickMgnType: '',
    rebate: '0',
    rebateCcy: instrument.quote,
    reduceOnly: String(order.reduceOnly),
    side: order.side,
    slOrdPx: '',
    slTriggerPx: '',
    slTriggerPxType: '',
    source: algo ? '7' : '',
    state: STATES[order.state],
    stpId: '',
    stpMode: 'cancel_maker',
    sz: size(order.quantity),
    tag: '',
    tdMode: instrument.contract === undefined ? 'cash' : 'cross',
    tgtCcy: market && instrument.contract === undefined ? 'base_ccy' : '',
    tpOrdPx: '',
    tpTriggerPx: '',
    tpTriggerPxType: '',
    tradeId: last === undefined ? '' : String(last.tradeId),
    uTime: String(order.updatedAt),
  };
}

/** One row of `order-algo`, `orders-algo-pending` and `orders-algo-history`, and of the channel `orders-algo`. */
export function algoRow(order: EngineOrder): Record<string, unknown> {
  const { instrument, triggeredAt } = order;
  const effective = triggeredAt !== undefined;
  return {
    actualPx: '',
    actualSide: effective ? 'sl' : '',
    actualSz: effective ? sizeOf(order.quantity.toFixed(), instrument) : '',
    algoClOrdId: order.clientOrderId,
    algoId: algoIdOf(order),
    cTime: String(order.placedAt),
    clOrdId: '',
    closeFraction: '',
    failCode: '',
    instId: instrument.venueSymbol,
    instType: instTypeOf(instrument),
    lever: '',
    ordId: effective ? String(order.orderId) : '',
    ordIdList: effective ? [String(order.orderId)] : [],
    ordPx: '',
    ordType: 'conditional',
    posSide: 'net',
    reduceOnly: String(order.reduceOnly),
    side: order.side,
    slOrdPx: '-1',
    slTriggerPx: plain(order.stopPrice ?? decimal('0')),
    slTriggerPxType: 'last',
    state: effective ? 'effective' : order.state === 'NEW' ? 'live' : 'canceled',
    sz: sizeOf(order.quantity.toFixed(), instrument),
    tag: '',
    tdMode: instrument.contract === undefined ? 'cash' : 'cross',
    tgtCcy: instrument.contract === undefined ? 'base_ccy' : '',
    tpOrdPx: '',
    tpTriggerPx: '',
    triggerPx: '',
    triggerTime: effective ? String(triggeredAt) : '',
    uTime: String(triggeredAt ?? order.updatedAt),
  };
}

/** One row of the private channel `orders`; `trade` is the one it tells of. */
export function orderPush(
  order: EngineOrder,
  trades: readonly EngineTrade[],
  trade: EngineTrade | undefined,
): Record<string, unknown> {
  return {
    ...orderRow(order, trades),
    execType: trade === undefined ? '' : execTypeOf(trade),
    fillSz: trade === undefined ? '0' : sizeOf(trade.quantity.toFixed(), order.instrument),
    fillPx: trade === undefined ? '' : plain(trade.price),
    fillTime: trade === undefined ? '' : String(trade.at),
    fillFee: trade === undefined ? '0' : plain(trade.feeAmount.neg()),
    fillFeeCcy: trade?.feeAsset ?? '',
    tradeId: trade === undefined ? '' : String(trade.tradeId),
    amendResult: '',
    reqId: '',
    code: '0',
    msg: '',
  };
}

function execTypeOf({ maker }: EngineTrade): 'M' | 'T' {
  return maker ? 'M' : 'T';
}

/** One row of `fills` and `fills-history`. */
export function fillRow(trade: EngineTrade): Record<string, unknown> {
  const { order } = trade;
  return {
    billId: String(trade.tradeId),
    clOrdId: clOrdIdOf(order),
    execType: execTypeOf(trade),
    fee: plain(trade.feeAmount.neg()),
    feeCcy: trade.feeAsset,
    fillIdxPx: '',
    fillMarkPx: '',
    fillPnl: plain(trade.realised),
    fillPx: plain(trade.price),
    fillSz: sizeOf(trade.quantity.toFixed(), order.instrument),
    fillTime: String(trade.at),
    instId: order.instrument.venueSymbol,
    instType: instTypeOf(order.instrument),
    ordId: String(order.orderId),
    posSide: 'net',
    side: order.side,
    subType: order.side === 'buy' ? '1' : '2',
    tag: '',
    tradeId: String(trade.tradeId),
    ts: String(trade.at),
  };
}

/** One entry of `details` in `GET /api/v5/account/balance` and of the channel `account`. */
export function balanceDetail(
  venue: OkxVenue,
  { asset, free: unlocked, locked: ordered }: AssetBalance,
  at: number,
): object {
  const cash = unlocked.add(ordered);
  const settles = venue.instruments.some(({ settle }) => settle === asset);
  // What contracts are settled in is free but for their margin.
  const free = settles
    ? Decimal.max(venue.engine.contracts.available(asset, venue.engine.openOrders()), 0)
    : unlocked;
  const locked = Decimal.max(cash.sub(free), 0);
  const total = plain(cash);
  return {
    availBal: plain(free),
    availEq: plain(free),
    cashBal: total,
    ccy: asset,
    eq: total,
    fixedBal: '0',
    frozenBal: plain(locked),
    imr: '0',
    isoEq: '0',
    liab: '',
    mmr: '0',
    ordFrozen: plain(locked),
    spotBal: total,
    uTime: String(at),
    upl: '0',
  };
}
