/** Placing, cancelling and looking up orders, conditional ones at the Algo Service's endpoints. */
import { randomBytes } from 'node:crypto';
import type { Side } from '../../core/fill.ts';
import { checkFilters, exitInstrument } from '../../core/filters.ts';
import type { Instrument } from '../../core/instrument.ts';
import {
  invalidOrderType,
  invalidSide,
  mandatoryMissing,
  orderDoesNotExist,
  unknownOrder,
  VenueError,
} from '../binance/errors.ts';
import {
  clientId,
  mandatoryAmount,
  mandatoryText,
  optionalInteger,
  optionalText,
  symbolName,
} from '../binance/parameters.ts';
import type { VenueRequest } from '../binance/venue.ts';
import type { PlacementFaults } from '../http-front.ts';
import { Refusal } from '../order-terms.ts';
import type { EngineOrder, NewOrder, OrderKind } from '../orders.ts';
import { algoRecord, orderRecord } from './shapes.ts';
import { algoIdOf, contractNamed, isAlgo, isInEngine, isOpen, type UsdmVenue } from './venue.ts';

const WEEK_MS = 7 * 86_400_000;
const WORD = '^[A-Z_]{1,30}$';
const CONDITIONAL: Readonly<Record<string, OrderKind>> = {
  STOP_MARKET: 'STOP',
  TAKE_PROFIT_MARKET: 'TAKE_PROFIT',
};

/** POST /fapi/v1/order. Throws `VenueError`; no order exists then. */
export function placeOrder(
  venue: UsdmVenue,
  { params }: VenueRequest,
  faults: PlacementFaults,
): object {
  const instrument = contractNamed(venue, symbolName(params));
  const type = mandatoryText(params, 'type', WORD);
  if (CONDITIONAL[type] !== undefined) {
    throw new VenueError(
      -4120,
      'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
    );
  }
  if (type !== 'MARKET' && type !== 'LIMIT') {
    throw invalidOrderType();
  }
  const limit = type === 'LIMIT';
  const timeInForce = optionalText(params, 'timeInForce', WORD);
  if (limit && timeInForce === undefined) {
    throw mandatoryMissing('timeInForce');
  }
  const request: NewOrder = {
    ...commonOf(venue, params, instrument, faults),
    clientOrderId: clientId(params, 'newClientOrderId') ?? randomBytes(11).toString('hex'),
    kind: timeInForce === 'GTX' ? 'LIMIT_MAKER' : type,
    timeInForce: timeInForce === 'IOC' || timeInForce === 'FOK' ? timeInForce : 'GTC',
    ...(limit ? { price: mandatoryAmount(params, 'price').toFixed() } : {}),
  };
  return orderRecord(place(venue, request, faults));
}

/** POST /fapi/v1/algoOrder. Throws `VenueError`; no order exists then. */
export function placeAlgo(
  venue: UsdmVenue,
  { params }: VenueRequest,
  faults: PlacementFaults,
): object {
  const instrument = contractNamed(venue, symbolName(params));
  if (mandatoryText(params, 'algoType', WORD) !== 'CONDITIONAL') {
    throw new VenueError(-1130, "Data sent for parameter 'algoType' is not valid.");
  }
  const kind = CONDITIONAL[mandatoryText(params, 'type', WORD)];
  if (kind === undefined) {
    throw invalidOrderType();
  }
  const request: NewOrder = {
    ...commonOf(venue, params, instrument, faults),
    clientOrderId: clientId(params, 'clientAlgoId') ?? randomBytes(11).toString('hex'),
    kind,
    timeInForce: 'GTC',
    stopPrice: mandatoryAmount(params, 'triggerPrice').toFixed(),
  };
  return algoRecord(place(venue, request, faults));
}

type Common = Pick<NewOrder, 'instrument' | 'side' | 'quantity' | 'reduceOnly' | 'fillPlan'>;

function commonOf(
  venue: UsdmVenue,
  params: URLSearchParams,
  instrument: Instrument,
  faults: PlacementFaults,
): Common {
  const positionSide = params.get('positionSide') ?? 'BOTH';
  if (venue.account.hedgeMode !== (positionSide !== 'BOTH')) {
    throw new VenueError(-4061, "Order's position side does not match user's setting.");
  }
  const quantity = mandatoryAmount(params, 'quantity').toFixed();
  const reduceOnly = params.get('reduceOnly') === 'true';
  return {
    instrument,
    side: sideOf(params),
    quantity,
    reduceOnly,
    ...(faults.fillPlan === undefined ? {} : { fillPlan: faults.fillPlan }),
  };
}

function sideOf(params: URLSearchParams): Side {
  const word = mandatoryText(params, 'side', WORD);
  if (word !== 'BUY' && word !== 'SELL') {
    throw invalidSide();
  }
  return word === 'BUY' ? 'buy' : 'sell';
}

function place(venue: UsdmVenue, request: NewOrder, faults: PlacementFaults): EngineOrder {
  const { instrument } = request;
  const price = venue.replay.price(instrument.symbol);
  checkFiltersOf(request, price);
  venue.rates.countOrder(venue.wallTime());
  try {
    const order = venue.engine.place(request, price, venue.replay.marketTime);
    faults.onPlaced?.(order);
    return order;
  } catch (error) {
    throw error instanceof Refusal ? refusalError(error, request) : error;
  }
}

function checkFiltersOf(request: NewOrder, price: string): void {
  const { side, quantity = '0', reduceOnly = false, stopPrice = null } = request;
  const instrument = reduceOnly ? exitInstrument(request.instrument) : request.instrument;
  const type = stopPrice !== null ? 'stop' : request.price === undefined ? 'market' : 'limit';
  const verdict = checkFilters(
    instrument,
    { side, type, quantity, price: request.price ?? null, stopPrice },
    price,
  );
  if (verdict.ok) {
    return;
  }
  switch (verdict.code) {
    case 'FILTER_NOTIONAL':
      throw new VenueError(
        -4164,
        `Order's notional must be no smaller than ${instrument.minNotional} (unless you choose reduce only).`,
      );
    case 'FILTER_LOT_SIZE':
      throw new VenueError(
        -4003,
        'Quantity less than or equal to zero, off the step or too large.',
      );
    default:
      throw new VenueError(-4014, 'Price not increased by tick size.');
  }
}

function refusalError({ reason }: Refusal, { stopPrice }: NewOrder): VenueError {
  switch (reason) {
    case 'INSUFFICIENT_BALANCE':
    case 'INSUFFICIENT_MARGIN':
      return new VenueError(-2019, 'Margin is insufficient.');
    case 'REDUCE_ONLY':
      return new VenueError(-2022, 'ReduceOnly Order is rejected.');
    case 'WOULD_TRIGGER':
      return new VenueError(-2021, 'Order would immediately trigger.');
    case 'DUPLICATE':
      return stopPrice === undefined
        ? new VenueError(-4116, 'ClientOrderId is duplicated.')
        : new VenueError(-20132, 'The client algo id is duplicated.');
    case 'WOULD_MATCH':
      return new VenueError(-5022, 'Post Only order will be rejected.');
    case 'TOO_SMALL':
      return new VenueError(-4003, 'Quantity less than or equal to zero.');
  }
}

/** GET /fapi/v1/order. Throws −2013. */
export function queryOrder(venue: UsdmVenue, { params }: VenueRequest): object {
  const order = findOrder(venue, params);
  if (order === undefined || venue.isHidden(order.orderId)) {
    throw orderDoesNotExist();
  }
  return orderRecord(order);
}

/** DELETE /fapi/v1/order. Throws −2011 where nothing is open. */
export function cancelOrder(venue: UsdmVenue, { params }: VenueRequest): object {
  return orderRecord(cancelled(venue, findOrder(venue, params)));
}

/** GET /fapi/v1/algoOrder. Throws −2013. */
export function queryAlgo(venue: UsdmVenue, { params }: VenueRequest): object {
  const order = findAlgo(venue, params);
  if (order === undefined || venue.isHidden(order.orderId)) {
    throw orderDoesNotExist();
  }
  return algoRecord(order);
}

/** DELETE /fapi/v1/algoOrder. Throws −2011 where nothing waits. */
export function cancelAlgo(venue: UsdmVenue, { params }: VenueRequest): object {
  const order = findAlgo(venue, params);
  const waiting = order?.triggeredAt === undefined ? order : undefined;
  const gone = cancelled(venue, waiting);
  return {
    algoId: algoIdOf(gone),
    clientAlgoId: gone.clientOrderId,
    code: '200',
    msg: 'success',
  };
}

function cancelled(venue: UsdmVenue, order: EngineOrder | undefined): EngineOrder {
  const done =
    order === undefined
      ? undefined
      : venue.engine.cancel(order, order.clientOrderId, venue.replay.marketTime);
  if (done === undefined) {
    throw unknownOrder();
  }
  return done;
}

/** A triggered order is found by its own number only. */
function findOrder(venue: UsdmVenue, params: URLSearchParams): EngineOrder | undefined {
  const { venueSymbol } = contractNamed(venue, symbolName(params));
  const orderId = optionalInteger(params, 'orderId');
  const id = clientId(params, 'origClientOrderId');
  if (orderId === undefined && id === undefined) {
    throw mandatoryMissing('orderId');
  }
  const order =
    orderId === undefined
      ? venue.engine.orders().findLast((one) => one.clientOrderId === id && !isAlgo(one))
      : venue.engine.order(orderId);
  return order?.instrument.venueSymbol === venueSymbol && isInEngine(order) ? order : undefined;
}

function findAlgo(venue: UsdmVenue, params: URLSearchParams): EngineOrder | undefined {
  const algoId = optionalInteger(params, 'algoId');
  const id = clientId(params, 'clientAlgoId');
  if (algoId === undefined && id === undefined) {
    throw mandatoryMissing('algoId');
  }
  return venue.engine
    .orders()
    .findLast(
      (one) =>
        isAlgo(one) && (algoId === undefined ? one.clientOrderId === id : algoIdOf(one) === algoId),
    );
}

/** Orders of a symbol, or of all, oldest first, as a list is asked for. */
export function listOrders(
  venue: UsdmVenue,
  params: URLSearchParams,
  which: { readonly algo: boolean; readonly open: boolean },
): object[] {
  const name = params.get('symbol');
  if (name !== null) {
    contractNamed(venue, name);
  }
  // Without a time the last week, as the venue; what is open is shown whatever its age.
  const week = venue.replay.marketTime - WEEK_MS;
  const from = optionalInteger(params, 'startTime') ?? (which.open ? 0 : week);
  const to = optionalInteger(params, 'endTime') ?? Infinity;
  const fromId = optionalInteger(params, 'orderId') ?? 0;
  const limit = optionalInteger(params, 'limit') ?? 500;
  return venue.engine
    .orders()
    .filter(
      (order) =>
        (which.algo ? isAlgo(order) : isInEngine(order)) &&
        (!which.open || (isOpen(order) && (!which.algo || order.triggeredAt === undefined))) &&
        (name === null || order.instrument.venueSymbol === name) &&
        order.orderId >= fromId &&
        order.placedAt >= from &&
        order.placedAt <= to &&
        !venue.isHidden(order.orderId),
    )
    .slice(-limit)
    .map(which.algo ? algoRecord : orderRecord);
}
