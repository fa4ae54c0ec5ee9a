/** Placing, cancelling and looking up orders, signed. */
import { randomBytes } from 'node:crypto';
import type { Side } from '../../core/fill.ts';
import type { PlacementFaults } from '../http-front.ts';
import { Refusal } from '../order-terms.ts';
import type { EngineOrder, OrderKind, TimeInForce } from '../orders.ts';
import {
  duplicateOrder,
  filterFailure,
  insufficientBalance,
  invalidOrderType,
  invalidSide,
  invalidTimeInForce,
  mandatoryMissing,
  notRequired,
  orderDoesNotExist,
  unknownOrder,
  VenueError,
  wouldMatch,
  wouldTrigger,
} from './errors.ts';
import { checkOrderFilters } from './order-filters.ts';
import { cancelAnswer, newOrderAnswer, ORDER_TYPES, orderRecord } from './order-shapes.ts';
import {
  clientId,
  mandatoryAmount,
  mandatoryText,
  onlyKnown,
  optionalAmount,
  optionalInteger,
  optionalText,
  symbolName,
} from './parameters.ts';
import { instrumentNamed, type Venue, type VenueRequest } from './venue.ts';

const ORDER_KINDS: readonly OrderKind[] = [
  'LIMIT',
  'LIMIT_MAKER',
  'MARKET',
  'STOP',
  'STOP_LIMIT',
  'TAKE_PROFIT',
];
const WORD = '^[A-Z_]{1,30}$';
const NEW_ORDER_PARAMETERS = [
  'symbol',
  'side',
  'type',
  'timeInForce',
  'quantity',
  'quoteOrderQty',
  'price',
  'stopPrice',
  'newClientOrderId',
  'newOrderRespType',
  'selfTradePreventionMode',
  'strategyId',
  'strategyType',
];

/** POST /api/v3/order. Throws `VenueError`; no order exists then. */
export function placeOrder(
  venue: Venue,
  { params }: VenueRequest,
  faults: PlacementFaults = {},
): Record<string, unknown> {
  const instrument = instrumentNamed(venue, symbolName(params));
  const side = sideOf(params);
  const kind = kindOf(params);
  onlyKnown(params, NEW_ORDER_PARAMETERS);
  const stops = kind === 'STOP' || kind === 'STOP_LIMIT' || kind === 'TAKE_PROFIT';
  const market = kind === 'MARKET' || (stops && kind !== 'STOP_LIMIT');
  const timeInForce = timeInForceOf(params, kind);
  const price = onlyWhere(params, 'price', !market);
  const stopPrice = onlyWhere(params, 'stopPrice', stops);
  const byQuote = kind === 'MARKET';
  const quantity = byQuote
    ? optionalAmount(params, 'quantity')
    : mandatoryAmount(params, 'quantity');
  const quoteQuantity = quoteQuantityOf(params, byQuote);
  if (byQuote && quantity === undefined && quoteQuantity === undefined) {
    throw mandatoryMissing('quantity');
  }
  if (quantity !== undefined && quoteQuantity !== undefined) {
    throw notRequired('quoteOrderQty');
  }
  const responseType = responseTypeOf(params, kind);
  const clientOrderId = clientId(params, 'newClientOrderId') ?? randomClientId();
  const now = venue.replay.price(instrument.symbol);
  const open = venue.engine.openOrders().filter((order) => order.instrument === instrument);
  const filtered = { side, market, quantity, quoteQuantity, price, stopPrice };
  checkOrderFilters(instrument, filtered, now, open);
  venue.rates.countOrder(venue.wallTime());

  const order = refusing(() =>
    venue.engine.place(
      {
        clientOrderId,
        instrument,
        side,
        kind,
        timeInForce,
        ...(quantity === undefined ? {} : { quantity: quantity.toFixed() }),
        ...(quoteQuantity === undefined ? {} : { quoteQuantity: quoteQuantity.toFixed() }),
        ...(price === undefined ? {} : { price: price.toFixed() }),
        ...(stopPrice === undefined ? {} : { stopPrice: stopPrice.toFixed() }),
        ...(faults.fillPlan === undefined ? {} : { fillPlan: faults.fillPlan }),
      },
      now,
      venue.replay.marketTime,
    ),
  );
  faults.onPlaced?.(order);
  const trades = venue.engine.tradesOf(order);
  return newOrderAnswer(order, trades, responseType);
}

function sideOf(params: URLSearchParams): Side {
  const text = mandatoryText(params, 'side', WORD);
  if (text !== 'BUY' && text !== 'SELL') {
    throw invalidSide();
  }
  return text === 'BUY' ? 'buy' : 'sell';
}

function kindOf(params: URLSearchParams): OrderKind {
  const text = mandatoryText(params, 'type', WORD);
  const kind = ORDER_KINDS.find((known) => ORDER_TYPES[known] === text);
  if (kind === undefined) {
    throw invalidOrderType();
  }
  return kind;
}

/** An amount that some types of order must have, and the others must not: −1102, −1106. */
function onlyWhere(
  params: URLSearchParams,
  name: string,
  wanted: boolean,
): ReturnType<typeof optionalAmount> {
  if (wanted) {
    return mandatoryAmount(params, name);
  }
  if (params.has(name)) {
    throw notRequired(name);
  }
  return undefined;
}

function timeInForceOf(params: URLSearchParams, kind: OrderKind): TimeInForce {
  const text = optionalText(params, 'timeInForce', WORD);
  if (kind !== 'LIMIT' && kind !== 'STOP_LIMIT') {
    if (text !== undefined) {
      throw notRequired('timeInForce');
    }
    return 'GTC';
  }
  if (text === undefined) {
    throw mandatoryMissing('timeInForce');
  }
  if (text !== 'GTC' && text !== 'IOC' && text !== 'FOK') {
    throw invalidTimeInForce();
  }
  return text;
}

function quoteQuantityOf(
  params: URLSearchParams,
  market: boolean,
): ReturnType<typeof optionalAmount> {
  if (!market && params.has('quoteOrderQty')) {
    throw notRequired('quoteOrderQty');
  }
  return optionalAmount(params, 'quoteOrderQty');
}

function responseTypeOf(params: URLSearchParams, kind: OrderKind): 'ACK' | 'RESULT' | 'FULL' {
  const text = optionalText(params, 'newOrderRespType', WORD);
  if (text === undefined) {
    return kind === 'LIMIT' || kind === 'MARKET' ? 'FULL' : 'ACK';
  }
  if (text !== 'ACK' && text !== 'RESULT' && text !== 'FULL') {
    throw new VenueError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.");
  }
  return text;
}

function randomClientId(): string {
  return randomBytes(16).toString('base64url');
}

function refusing<T>(place: () => T): T {
  try {
    return place();
  } catch (error) {
    if (error instanceof Refusal) {
      throw refusalError(error);
    }
    throw error;
  }
}

function refusalError({ reason }: Refusal): VenueError {
  switch (reason) {
    case 'INSUFFICIENT_BALANCE':
    case 'INSUFFICIENT_MARGIN':
    case 'REDUCE_ONLY':
      return insufficientBalance();
    case 'DUPLICATE':
      return duplicateOrder();
    case 'WOULD_MATCH':
      return wouldMatch();
    case 'WOULD_TRIGGER':
      return wouldTrigger();
    case 'TOO_SMALL':
      return filterFailure('LOT_SIZE');
  }
}

/** GET /api/v3/order. Throws −2013. */
export function queryOrder(venue: Venue, { params }: VenueRequest): Record<string, unknown> {
  onlyKnown(params, ['symbol', 'orderId', 'origClientOrderId']);
  const order = findOrder(venue, params);
  if (order === undefined || venue.isHidden(order.orderId)) {
    throw orderDoesNotExist();
  }
  return orderRecord(order);
}

/** DELETE /api/v3/order. Throws −2011 where nothing is open. */
export function cancelOrder(venue: Venue, { params }: VenueRequest): Record<string, unknown> {
  onlyKnown(params, [
    'symbol',
    'orderId',
    'origClientOrderId',
    'newClientOrderId',
    'cancelRestrictions',
  ]);
  const order = findOrder(venue, params);
  const cancelId = clientId(params, 'newClientOrderId') ?? randomClientId();
  const cancelled =
    order === undefined ? undefined : venue.engine.cancel(order, cancelId, venue.replay.marketTime);
  if (cancelled === undefined) {
    throw unknownOrder();
  }
  return cancelAnswer(cancelled, cancelId);
}

/** By id or by client id; both given must mean the same order. */
function findOrder(venue: Venue, params: URLSearchParams): EngineOrder | undefined {
  const { venueSymbol } = instrumentNamed(venue, symbolName(params));
  const orderId = optionalInteger(params, 'orderId');
  const origClientOrderId = clientId(params, 'origClientOrderId');
  if (orderId === undefined && origClientOrderId === undefined) {
    throw new VenueError(
      -1102,
      "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    );
  }
  const order =
    orderId === undefined
      ? venue.engine.orderByClientId(venueSymbol, origClientOrderId ?? '')
      : venue.engine.order(orderId);
  const mismatch =
    order?.instrument.venueSymbol !== venueSymbol ||
    (origClientOrderId !== undefined && order.clientOrderId !== origClientOrderId);
  return mismatch ? undefined : order;
}
