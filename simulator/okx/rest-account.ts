/** The account, its orders and own trades, signed. Lists are newest first. */
import type { EngineOrder, EngineTrade } from '../orders.ts';
import { badParameter, orderDoesNotExist } from './errors.ts';
import { balanceDetail, fillRow, isAlgo, isOrder, orderRow } from './order-shapes.ts';
import { oneOf, pageOf, wholeNumber } from './parameters.ts';
import { instrumentNamed, instTypeOf, type OkxVenue } from './venue.ts';

const DAY_MS = 86_400_000;

/** GET /api/v5/account/balance. */
export function getBalance(venue: OkxVenue, query: URLSearchParams): object[] {
  const wanted = query.get('ccy')?.split(',');
  const details = venue.engine.balances
    .all()
    .filter(({ asset, free, locked }) =>
      wanted === undefined ? !free.add(locked).isZero() : wanted.includes(asset),
    )
    .map((balance) => balanceDetail(venue, balance, venue.replay.marketTime));
  return [{ adjEq: '', details, totalEq: '0', uTime: String(venue.replay.marketTime) }];
}

/** GET /api/v5/account/config. */
export function getConfig(venue: OkxVenue): object[] {
  return [
    {
      acctLv: '2',
      autoLoan: false,
      ctIsoMode: 'automatic',
      level: 'Lv1',
      mainUid: '44705892343619584',
      perm: 'read_only,trade',
      posMode: venue.account.hedgeMode ? 'long_short_mode' : 'net_mode',
      uid: '44705892343619584',
    },
  ];
}

/** GET /api/v5/account/trade-fee: negative rates are paid. */
export function getTradeFee(venue: OkxVenue, query: URLSearchParams): object[] {
  const instType = oneOf(query, 'instType', ['SPOT', 'SWAP']);
  const rates = venue.instruments.find((instrument) => instTypeOf(instrument) === instType);
  const maker = `-${rates?.makerFeeRate ?? '0'}`;
  const taker = `-${rates?.takerFeeRate ?? '0'}`;
  const swap = instType === 'SWAP';
  return [
    {
      category: '1',
      delivery: '',
      exercise: '',
      instType,
      level: 'Lv1',
      maker: swap ? '' : maker,
      makerU: swap ? maker : '',
      makerUSDC: '',
      taker: swap ? '' : taker,
      takerU: swap ? taker : '',
      takerUSDC: '',
      ts: String(venue.wallTime()),
    },
  ];
}

/** What the venue still shows of the account's orders, newest first. */
function shownOrders(venue: OkxVenue, query: URLSearchParams): EngineOrder[] {
  const instType = query.get('instType');
  const instId = query.get('instId');
  return venue.engine
    .orders()
    .filter(
      (order) =>
        !venue.isHidden(order.orderId) &&
        !venue.isForgotten(order.orderId) &&
        isOrder(order) &&
        (instType === null || instTypeOf(order.instrument) === instType) &&
        (instId === null || order.instrument.venueSymbol === instId),
    )
    .reverse();
}

function isOpen({ state }: EngineOrder): boolean {
  return state === 'NEW' || state === 'PARTIALLY_FILLED';
}

function listed(venue: OkxVenue, found: EngineOrder[], query: URLSearchParams): object[] {
  return pageOf(found, query, ({ orderId }) => orderId).map((order) =>
    orderRow(order, venue.engine.tradesOf(order)),
  );
}

/** A stop's client id is that of the algo order, not of what becomes of it. */
function byClientId(
  venue: OkxVenue,
  venueSymbol: string,
  clOrdId: string,
): EngineOrder | undefined {
  const order = venue.engine.orderByClientId(venueSymbol, clOrdId);
  return order === undefined || isAlgo(order) ? undefined : order;
}

/** GET /api/v5/trade/order: by id, or the newest of a client id. Throws 51603. */
export function getOrder(venue: OkxVenue, query: URLSearchParams): object[] {
  const { venueSymbol } = instrumentNamed(venue, query.get('instId') ?? '');
  const ordId = query.get('ordId');
  const order =
    ordId === null
      ? byClientId(venue, venueSymbol, query.get('clOrdId') ?? '')
      : venue.engine.order(Number(ordId));
  if (
    order?.instrument.venueSymbol !== venueSymbol ||
    venue.isHidden(order.orderId) ||
    venue.isForgotten(order.orderId) ||
    !isOrder(order)
  ) {
    throw orderDoesNotExist();
  }
  return [orderRow(order, venue.engine.tradesOf(order))];
}

/** GET /api/v5/trade/orders-pending. */
export function getPendingOrders(venue: OkxVenue, query: URLSearchParams): object[] {
  return listed(venue, shownOrders(venue, query).filter(isOpen), query);
}

/** GET /api/v5/trade/orders-history (7 days) and …-archive (3 months): finished orders. */
export function getOrderHistory(days: number) {
  return (venue: OkxVenue, query: URLSearchParams): object[] => {
    oneOf(query, 'instType', ['SPOT', 'SWAP']);
    const since = venue.replay.marketTime - days * DAY_MS;
    const finished = shownOrders(venue, query).filter(
      (order) => !isOpen(order) && order.placedAt >= since,
    );
    return listed(venue, finished, query);
  };
}

/** GET /api/v5/trade/fills (3 days) and …-history (3 months): pages go by billId. */
export function getFills(days: number) {
  return (venue: OkxVenue, query: URLSearchParams): object[] => {
    const instType = query.get('instType');
    if (days > 3 && instType === null) {
      throw badParameter('instType');
    }
    const instId = query.get('instId');
    const ordId = query.get('ordId');
    const since = Math.max(
      wholeNumber(query, 'begin') ?? 0,
      venue.replay.marketTime - days * DAY_MS,
    );
    const until = wholeNumber(query, 'end') ?? Infinity;
    const shown = ({ order, at }: EngineTrade): boolean =>
      !venue.isHidden(order.orderId) &&
      (instType === null || instTypeOf(order.instrument) === instType) &&
      (instId === null || order.instrument.venueSymbol === instId) &&
      (ordId === null || String(order.orderId) === ordId) &&
      at >= since &&
      at <= until;
    const newestFirst = venue.engine.trades().filter(shown).reverse();
    return pageOf(newestFirst, query, ({ tradeId }) => tradeId).map(fillRow);
  };
}
