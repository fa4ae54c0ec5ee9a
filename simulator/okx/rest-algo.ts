/**
 * Stops: `conditional` orders with one trigger that become market orders. Until then they are known by
 * algoId and algoClOrdId only; what they become is an order with an id of its own that names its parent.
 */
import type { PlacementFaults } from '../http-front.ts';
import type { EngineOrder } from '../orders.ts';
import {
  badParameter,
  badRow,
  cancelUnknown,
  orderDoesNotExist,
  slAboveLast,
  slBelowLast,
} from './errors.ts';
import { algoIdOf, algoRow, isAlgo } from './order-shapes.ts';
import { amount, mandatory, oneOf, optional, pageOf, type Row } from './parameters.ts';
import {
  instrumentOf,
  reduceOnlyOf,
  place,
  sideOf,
  sizeOf,
  checkClientId,
  checkMode,
} from './rest-trade.ts';
import { instTypeOf, type OkxRequest, type OkxVenue } from './venue.ts';

/** POST /api/v5/trade/order-algo. Throws `RowError`; no order exists then. */
export function placeAlgo(
  venue: OkxVenue,
  row: Row,
  _request: OkxRequest,
  faults: PlacementFaults,
): object {
  const instrument = instrumentOf(venue, row);
  checkMode(instrument, mandatory(row, 'tdMode'));
  const side = sideOf(row);
  if (mandatory(row, 'ordType') !== 'conditional') {
    throw badRow('ordType');
  }
  const clientOrderId = checkClientId(optional(row, 'algoClOrdId'), 'algoClOrdId');
  const stopPrice = amount(row, 'slTriggerPx');
  if (!stopPrice.mod(instrument.priceTick).isZero()) {
    throw badRow('slTriggerPx');
  }
  // -1: at market, the only way here.
  if (mandatory(row, 'slOrdPx') !== '-1') {
    throw badRow('slOrdPx');
  }
  const order = place(
    venue,
    {
      clientOrderId,
      instrument,
      side,
      kind: 'STOP',
      timeInForce: 'GTC',
      ...sizeOf(row, instrument, { kind: 'STOP', side }),
      ...reduceOnlyOf(row),
      stopPrice: stopPrice.toFixed(),
      ...(faults.fillPlan === undefined ? {} : { fillPlan: faults.fillPlan }),
    },
    side === 'sell' ? slAboveLast() : slBelowLast(),
  );
  faults.onPlaced?.(order);
  return {
    algoId: algoIdOf(order),
    algoClOrdId: clientOrderId,
    clOrdId: '',
    sCode: '0',
    sMsg: '',
    tag: '',
  };
}

/** A row of POST /api/v5/trade/cancel-algos. Throws `RowError`. */
export function cancelAlgo(venue: OkxVenue, row: Row): object {
  const { venueSymbol } = instrumentOf(venue, row);
  const algoId = optional(row, 'algoId');
  const order = algos(venue).find((algo) =>
    algoId === undefined
      ? algo.clientOrderId === mandatory(row, 'algoClOrdId')
      : algoIdOf(algo) === algoId,
  );
  if (order?.instrument.venueSymbol !== venueSymbol || order.triggeredAt !== undefined) {
    throw cancelUnknown();
  }
  if (venue.engine.cancel(order, order.clientOrderId, venue.replay.marketTime) === undefined) {
    throw cancelUnknown();
  }
  return {
    algoId: algoIdOf(order),
    algoClOrdId: order.clientOrderId,
    sCode: '0',
    sMsg: '',
    tag: '',
  };
}

/** Newest first. */
function algos(venue: OkxVenue): EngineOrder[] {
  return venue.engine
    .orders()
    .filter((order) => isAlgo(order) && !venue.isHidden(order.orderId))
    .reverse();
}

/** GET /api/v5/trade/order-algo: by id or client id. Throws 51603. */
export function getAlgo(venue: OkxVenue, query: URLSearchParams): object[] {
  const algoId = query.get('algoId');
  const found = algos(venue).find((algo) =>
    algoId === null ? algo.clientOrderId === query.get('algoClOrdId') : algoIdOf(algo) === algoId,
  );
  if (found === undefined || venue.isForgotten(found.orderId)) {
    throw orderDoesNotExist();
  }
  return [algoRow(found)];
}

function listed(
  venue: OkxVenue,
  query: URLSearchParams,
  isWanted: (row: Record<string, unknown>) => boolean,
): object[] {
  oneOf(query, 'ordType', ['conditional']);
  const instType = query.get('instType');
  const instId = query.get('instId');
  const found = algos(venue).filter(
    (algo) =>
      !venue.isForgotten(algo.orderId) &&
      (instType === null || instTypeOf(algo.instrument) === instType) &&
      (instId === null || algo.instrument.venueSymbol === instId) &&
      isWanted(algoRow(algo)),
  );
  return pageOf(found, query, ({ orderId }) => orderId).map(algoRow);
}

/** GET /api/v5/trade/orders-algo-pending. */
export function getPendingAlgos(venue: OkxVenue, query: URLSearchParams): object[] {
  return listed(venue, query, ({ state }) => state === 'live');
}

/** GET /api/v5/trade/orders-algo-history: of one state. */
export function getAlgoHistory(venue: OkxVenue, query: URLSearchParams): object[] {
  const wanted = oneOf(query, 'state', ['effective', 'canceled', 'order_failed']);
  if (query.has('algoId')) {
    throw badParameter('algoId');
  }
  return listed(venue, query, ({ state }) => state === wanted);
}
