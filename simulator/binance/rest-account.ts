/** The account's balances, orders and own trades, signed. */
import type { EngineOrder, EngineTrade } from '../orders.ts';
import { badCombination, moreThanADay } from './errors.ts';
import { fixed8 } from './format.ts';
import { balanceRecord, orderRecord, tradeRecord } from './order-shapes.ts';
import {
  listLimit,
  onlyKnown,
  optionalInteger,
  optionalSymbolName,
  symbolName,
} from './parameters.ts';
import { instrumentNamed, type Venue, type VenueRequest } from './venue.ts';

const DAY_MS = 86_400_000;
const LIST_STANDARD = 500;
const LIST_MAX = 1_000;

/** GET /api/v3/account. */
export function getAccount(venue: Venue, { params }: VenueRequest): object {
  onlyKnown(params, ['omitZeroBalances']);
  const { maker, taker } = rates(venue);
  const omitZero = params.get('omitZeroBalances') === 'true';
  const balances = venue.engine.balances
    .all()
    .filter(({ free, locked }) => !omitZero || !free.add(locked).isZero())
    .map(balanceRecord);
  return {
    makerCommission: Math.round(Number(maker) * 10_000),
    takerCommission: Math.round(Number(taker) * 10_000),
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: {
      maker: fixed8(maker),
      taker: fixed8(taker),
      buyer: fixed8('0'),
      seller: fixed8('0'),
    },
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: venue.replay.marketTime,
    accountType: 'SPOT',
    balances,
    permissions: ['SPOT'],
    uid: 354937868,
  };
}

/** GET /api/v3/account/commission. */
export function getCommission(venue: Venue, { params }: VenueRequest): object {
  onlyKnown(params, ['symbol']);
  const instrument = instrumentNamed(venue, symbolName(params));
  const none = { maker: fixed8('0'), taker: fixed8('0'), buyer: fixed8('0'), seller: fixed8('0') };
  const inAsset = venue.feeIn !== 'received';
  return {
    symbol: instrument.venueSymbol,
    standardCommission: {
      ...none,
      maker: fixed8(instrument.makerFeeRate),
      taker: fixed8(instrument.takerFeeRate),
    },
    specialCommission: none,
    taxCommission: none,
    discount: {
      enabledForAccount: inAsset,
      enabledForSymbol: inAsset,
      discountAsset: inAsset ? venue.feeIn : 'BNB',
      discount: fixed8('1'),
    },
  };
}

function rates(venue: Venue): { maker: string; taker: string } {
  const [first] = venue.instruments;
  return { maker: first?.makerFeeRate ?? '0', taker: first?.takerFeeRate ?? '0' };
}

function ordersOf(venue: Venue, venueSymbol: string | undefined): EngineOrder[] {
  return venue.engine
    .orders()
    .filter(
      (order) =>
        (venueSymbol === undefined || order.instrument.venueSymbol === venueSymbol) &&
        !venue.isHidden(order.orderId),
    );
}

/** GET /api/v3/openOrders. */
export function getOpenOrders(venue: Venue, { params }: VenueRequest): object[] {
  onlyKnown(params, ['symbol']);
  const name = optionalSymbolName(params);
  if (name !== undefined) {
    instrumentNamed(venue, name);
  }
  const open = new Set(venue.engine.openOrders());
  return ordersOf(venue, name)
    .filter((order) => open.has(order))
    .map(orderRecord);
}

/** GET /api/v3/allOrders: from `orderId` or `startTime` on, else the newest; oldest first. */
export function getAllOrders(venue: Venue, { params }: VenueRequest): object[] {
  onlyKnown(params, ['symbol', 'orderId', 'startTime', 'endTime', 'limit']);
  const { venueSymbol } = instrumentNamed(venue, symbolName(params));
  const fromId = optionalInteger(params, 'orderId');
  const { from, to } = timeRange(params);
  const limit = listLimit(params, LIST_STANDARD, LIST_MAX);
  const found = ordersOf(venue, venueSymbol).filter(
    (order) =>
      order.orderId >= (fromId ?? 0) && order.placedAt >= (from ?? 0) && order.placedAt <= to,
  );
  return page(found, fromId ?? from, limit).map(orderRecord);
}

/** GET /api/v3/myTrades: from `fromId` or `startTime` on, of `orderId`, else the newest; oldest first. */
export function getMyTrades(venue: Venue, { params }: VenueRequest): object[] {
  onlyKnown(params, ['symbol', 'orderId', 'startTime', 'endTime', 'fromId', 'limit']);
  const { venueSymbol } = instrumentNamed(venue, symbolName(params));
  const orderId = optionalInteger(params, 'orderId');
  const fromId = optionalInteger(params, 'fromId');
  const { from, to } = timeRange(params);
  if (params.has('startTime') && (fromId !== undefined || orderId !== undefined)) {
    throw badCombination();
  }
  const limit = listLimit(params, LIST_STANDARD, LIST_MAX);
  const matches = ({ order, tradeId, at }: EngineTrade): boolean =>
    order.instrument.venueSymbol === venueSymbol &&
    !venue.isHidden(order.orderId) &&
    (orderId === undefined || order.orderId === orderId) &&
    tradeId >= (fromId ?? 0) &&
    at >= (from ?? 0) &&
    at <= to;
  return page(venue.engine.trades().filter(matches), fromId ?? from, limit).map(tradeRecord);
}

/** `startTime` and `endTime`, at most a day apart: −1127. */
function timeRange(params: URLSearchParams): { from: number | undefined; to: number } {
  const from = optionalInteger(params, 'startTime');
  const to = optionalInteger(params, 'endTime');
  if (from !== undefined && to !== undefined && to - from > DAY_MS) {
    throw moreThanADay();
  }
  return { from, to: to ?? Infinity };
}

function page<T>(found: readonly T[], anchor: number | undefined, limit: number): readonly T[] {
  return anchor === undefined ? found.slice(-limit) : found.slice(0, limit);
}
