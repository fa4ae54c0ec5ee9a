/** Orders, trades, positions and events as Binance USDⓈ-M writes them. */
import { averageCost, unrealisedPnl } from '../../core/ledger.ts';
import { type Decimal, decimal } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import type { EngineEvent, EngineOrder, EngineTrade } from '../orders.ts';
import { algoIdOf, clientIdInEngine, isAlgo, isInEngine, isOpen, type UsdmVenue } from './venue.ts';

const text = (value: Decimal): string => value.toFixed();

/** The type it was sent as, and the type it is in the matching engine. */
function typesOf(order: EngineOrder): { origType: string; type: string } {
  if (order.kind === 'STOP') {
    return { origType: 'STOP_MARKET', type: 'MARKET' };
  }
  if (order.kind === 'TAKE_PROFIT') {
    return { origType: 'TAKE_PROFIT_MARKET', type: 'MARKET' };
  }
  const type = order.kind === 'LIMIT_MAKER' ? 'LIMIT' : order.kind;
  return { origType: type, type };
}

/** Post-only is a time in force here. */
function timeInForceOf({ kind, timeInForce }: EngineOrder): string {
  return kind === 'LIMIT_MAKER' ? 'GTX' : timeInForce;
}

function averagePrice(order: EngineOrder): string {
  return order.filled.isZero() ? '0.00' : text(order.filledQuote.div(order.filled));
}

/** One entry of GET /fapi/v1/order, openOrders, allOrders; the answer to POST and DELETE. */
export function orderRecord(order: EngineOrder): Record<string, unknown> {
  return {
    avgPrice: averagePrice(order),
    clientOrderId: clientIdInEngine(order),
    cumQuote: text(order.filledQuote),
    executedQty: text(order.filled),
    orderId: order.orderId,
    origQty: text(order.quantity),
    ...typesOf(order),
    price: text(order.price),
    reduceOnly: order.reduceOnly,
    side: order.side.toUpperCase(),
    positionSide: 'BOTH',
    status: order.state,
    stopPrice: '0',
    closePosition: false,
    symbol: order.instrument.venueSymbol,
    time: order.placedAt,
    timeInForce: timeInForceOf(order),
    updateTime: order.updatedAt,
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
  };
}

function algoStatus(order: EngineOrder): string {
  if (order.triggeredAt === undefined) {
    return order.state;
  }
  return isOpen(order) ? 'TRIGGERED' : 'FINISHED';
}

/** One entry of GET /fapi/v1/algoOrder, openAlgoOrders, allAlgoOrders; the answer to POST. */
export function algoRecord(order: EngineOrder): Record<string, unknown> {
  const triggered = order.triggeredAt !== undefined;
  return {
    algoId: algoIdOf(order),
    clientAlgoId: order.clientOrderId,
    algoType: 'CONDITIONAL',
    orderType: typesOf(order).origType,
    symbol: order.instrument.venueSymbol,
    side: order.side.toUpperCase(),
    positionSide: 'BOTH',
    timeInForce: 'GTC',
    quantity: text(order.quantity),
    algoStatus: algoStatus(order),
    triggerPrice: order.stopPrice === undefined ? '0' : text(order.stopPrice),
    price: '0.00',
    workingType: 'CONTRACT_PRICE',
    closePosition: false,
    priceProtect: false,
    reduceOnly: order.reduceOnly,
    actualOrderId: triggered ? String(order.orderId) : '',
    actualPrice: triggered ? averagePrice(order) : '0.00000',
    createTime: order.placedAt,
    updateTime: order.updatedAt,
    triggerTime: order.triggeredAt ?? 0,
    goodTillDate: 0,
  };
}

/** One entry of GET /fapi/v1/userTrades. */
export function tradeRecord(trade: EngineTrade): Record<string, unknown> {
  return {
    symbol: trade.order.instrument.venueSymbol,
    id: trade.tradeId,
    orderId: trade.order.orderId,
    side: trade.order.side.toUpperCase(),
    price: text(trade.price),
    qty: text(trade.quantity),
    realizedPnl: text(trade.realised),
    quoteQty: text(trade.quote),
    commission: text(trade.feeAmount),
    commissionAsset: trade.feeAsset,
    time: trade.at,
    positionSide: 'BOTH',
    buyer: trade.order.side === 'buy',
    maker: trade.maker,
  };
}

/** One entry of GET /fapi/v3/positionRisk and of an account's positions. */
export function positionRecord(venue: UsdmVenue, position: Position): Record<string, unknown> {
  const { contracts } = venue.engine;
  const { symbol, quantity } = position;
  const mark = contracts.markPrice(symbol);
  const { leverage, marginType } = contracts.settings(symbol);
  return {
    symbol: venue.instruments.find((one) => one.symbol === symbol)?.venueSymbol ?? symbol,
    positionSide: 'BOTH',
    positionAmt: quantity,
    entryPrice: averageCost(position) ?? '0.0',
    markPrice: mark,
    unRealizedProfit: unrealisedPnl(position, mark),
    unrealizedProfit: unrealisedPnl(position, mark),
    liquidationPrice: contracts.liquidationPrice(symbol) ?? '0',
    isolatedMargin: marginType === 'isolated' ? text(contracts.marginOf(position)) : '0',
    notional: text(decimal(quantity).mul(mark)),
    marginAsset: 'USDT',
    initialMargin: text(contracts.marginOf(position)),
    leverage: String(leverage),
    updateTime: venue.replay.marketTime,
  };
}

const EXECUTIONS = {
  new: 'NEW',
  triggered: 'NEW',
  trade: 'TRADE',
  cancelled: 'CANCELED',
  expired: 'EXPIRED',
} as const;

/** `ORDER_TRADE_UPDATE` of what is in the matching engine, and `ALGO_UPDATE` of a conditional order. */
export function orderEvents(
  event: Exclude<EngineEvent, { kind: 'balances' }>,
): Record<string, unknown>[] {
  const { order } = event;
  return [
    ...(isAlgo(order) ? [algoUpdate(event)] : []),
    ...(isInEngine(order) ? [orderTradeUpdate(event)] : []),
  ];
}

function orderTradeUpdate(
  event: Exclude<EngineEvent, { kind: 'balances' }>,
): Record<string, unknown> {
  const { order, at } = event;
  const trade = event.kind === 'trade' ? event.trade : undefined;
  const { origType, type } = typesOf(order);
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: at,
    T: at,
    o: {
      s: order.instrument.venueSymbol,
      c: clientIdInEngine(order),
      S: order.side.toUpperCase(),
      o: order.cause === 'liquidation' ? 'LIQUIDATION' : type,
      f: timeInForceOf(order),
      q: text(order.quantity),
      p: text(order.price),
      ap: averagePrice(order),
      sp: '0',
      x: order.cause !== undefined && trade !== undefined ? 'CALCULATED' : EXECUTIONS[event.kind],
      X: order.state,
      i: order.orderId,
      l: trade === undefined ? '0' : text(trade.quantity),
      z: text(order.filled),
      L: trade === undefined ? '0' : text(trade.price),
      ...(trade === undefined ? {} : { N: trade.feeAsset, n: text(trade.feeAmount) }),
      T: at,
      t: trade?.tradeId ?? 0,
      b: '0',
      a: '0',
      m: trade?.maker ?? false,
      R: order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: origType,
      ps: 'BOTH',
      cp: false,
      rp: trade === undefined ? '0' : text(trade.realised),
      // Of a triggered order: the conditional order it comes from.
      ...(isAlgo(order) ? { st: 'ALGO_CONDITIONAL', si: algoIdOf(order) } : {}),
    },
  };
}

function algoUpdate({ order, at }: Exclude<EngineEvent, { kind: 'balances' }>): {
  [key: string]: unknown;
} {
  const record = algoRecord(order);
  return {
    e: 'ALGO_UPDATE',
    E: at,
    T: at,
    o: {
      caid: record.clientAlgoId,
      aid: record.algoId,
      at: record.algoType,
      o: record.orderType,
      s: record.symbol,
      S: record.side,
      ps: 'BOTH',
      f: record.timeInForce,
      q: record.quantity,
      X: record.algoStatus,
      ai: record.actualOrderId,
      ap: record.actualPrice,
      aq: text(order.filled),
      tp: record.triggerPrice,
      p: '0',
      R: order.reduceOnly,
      tt: record.triggerTime,
    },
  };
}

/** `ACCOUNT_UPDATE`: the wallet after a change, and the position that changed it. */
export function accountUpdate(
  venue: UsdmVenue,
  event: Extract<EngineEvent, { kind: 'balances' }>,
): Record<string, unknown> {
  const { engine } = venue;
  const position = engine.contracts.position(event.symbol);
  const shown = positionRecord(venue, position);
  return {
    e: 'ACCOUNT_UPDATE',
    E: event.at,
    T: event.at,
    a: {
      m: event.reason === 'funding' ? 'FUNDING_FEE' : 'ORDER',
      B: event.assets.map((asset) => {
        const wallet = text(engine.balances.get(asset).free);
        return { a: asset, wb: wallet, cw: wallet, bc: '0' };
      }),
      P: [
        {
          s: shown.symbol,
          pa: shown.positionAmt,
          ep: shown.entryPrice,
          cr: position.realisedPnl,
          up: shown.unrealizedProfit,
          mt: engine.contracts.settings(event.symbol).marginType,
          iw: shown.isolatedMargin,
          ps: 'BOTH',
        },
      ],
    },
  };
}
