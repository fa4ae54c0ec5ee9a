/** Placing and cancelling orders, signed: a row in, a row out, each with its own `sCode`. */
import { randomBytes } from 'node:crypto';
import type { Side } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import { type Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { PlacementFaults } from '../http-front.ts';
import { Refusal } from '../order-terms.ts';
import type { EngineOrder, NewOrder, OrderKind, TimeInForce } from '../orders.ts';
import {
  badRow,
  belowMinimum,
  buyPriceOver,
  cancelCancelled,
  cancelFilled,
  cancelUnknown,
  duplicateClientId,
  insufficientBalance,
  nothingToReduce,
  marketOverMaximum,
  offLot,
  orderTimedOut,
  overMaximum,
  type RowError,
  sellPriceUnder,
  unknownInstrument,
} from './errors.ts';
import { isOrder } from './order-shapes.ts';
import { amount, mandatory, optional, type Row } from './parameters.ts';
import type { OkxRequest, OkxVenue } from './venue.ts';

const CLIENT_ID = /^[A-Za-z0-9]{1,32}$/;
const KINDS: Readonly<Record<string, readonly [OrderKind, TimeInForce]>> = {
  market: ['MARKET', 'GTC'],
  limit: ['LIMIT', 'GTC'],
  ioc: ['LIMIT', 'IOC'],
  fok: ['LIMIT', 'FOK'],
  post_only: ['LIMIT_MAKER', 'GTC'],
};
/** A limit order may not be further through the price of the moment than this. */
const PRICE_LIMIT = { buy: '5', sell: '0.2' };

/** One row of POST /api/v5/trade/order and …/batch-orders. Throws `RowError`; no order exists then. */
export function placeOrder(
  venue: OkxVenue,
  row: Row,
  { headers }: OkxRequest,
  faults: PlacementFaults,
): object {
  const instrument = instrumentOf(venue, row);
  checkDeadline(headers.exptime, venue.wallTime());
  checkMode(instrument, mandatory(row, 'tdMode'));
  const side = sideOf(row);
  const [kind, timeInForce] = kindOf(row);
  const clientOrderId = checkClientId(optional(row, 'clOrdId'), 'clOrdId');
  const now = venue.replay.price(instrument.symbol);
  const price = kind === 'MARKET' ? undefined : priceOf(row, instrument, side, now);
  const size = sizeOf(row, instrument, { kind, side });
  useMarginMode(venue, instrument, mandatory(row, 'tdMode'));
  const order = place(venue, {
    clientOrderId,
    instrument,
    side,
    kind,
    timeInForce,
    endsIfMatched: true,
    ...size,
    ...reduceOnlyOf(row),
    ...(price === undefined ? {} : { price: price.toFixed() }),
    ...(faults.fillPlan === undefined ? {} : { fillPlan: faults.fillPlan }),
  });
  faults.onPlaced?.(order);
  return done(order, 'Order placed');
}

/**
 * An order's margin mode is its own at OKX; the account here has one a symbol, which an order sets while
 * nothing is held. Throws the row's error 51000 where a position has another.
 */
function useMarginMode(venue: OkxVenue, { symbol }: Instrument, tdMode: string): void {
  const { contracts } = venue.engine;
  const { marginType } = contracts.settings(symbol);
  if (tdMode === marginType || (tdMode !== 'cross' && tdMode !== 'isolated')) {
    return;
  }
  if (contracts.position(symbol).quantity !== '0') {
    throw badRow('tdMode');
  }
  contracts.set(symbol, { marginType: tdMode });
}

/** Of swaps. */
export function reduceOnlyOf(row: Row): Pick<NewOrder, 'reduceOnly'> {
  return optional(row, 'reduceOnly') === 'true' ? { reduceOnly: true } : {};
}

/** A made-up one where none is given. Throws the row's error 51000. */
export function checkClientId(given: string | undefined, name: string): string {
  const clientOrderId = given ?? randomBytes(16).toString('hex');
  if (!CLIENT_ID.test(clientOrderId)) {
    throw badRow(name);
  }
  return clientOrderId;
}

export function instrumentOf(venue: OkxVenue, row: Row): Instrument {
  const instId = mandatory(row, 'instId');
  const found = venue.instruments.find(({ venueSymbol }) => venueSymbol === instId);
  if (found === undefined) {
    throw unknownInstrument();
  }
  return found;
}

/** A row that says that it was done. */
function done({ clientOrderId, orderId }: EngineOrder, sMsg: string): object {
  return { clOrdId: clientOrderId, ordId: String(orderId), sCode: '0', sMsg, tag: '' };
}

/** The deadline a client set for its request, by the venue's clock. */
function checkDeadline(expTime: string | undefined, wallTime: number): void {
  if (expTime !== undefined && wallTime > Number(expTime)) {
    throw orderTimedOut();
  }
}

export function checkMode({ contract }: Instrument, tdMode: string): void {
  const allowed = contract === undefined ? ['cash'] : ['cross', 'isolated'];
  if (!allowed.includes(tdMode)) {
    throw badRow('tdMode');
  }
}

export function sideOf(row: Row): Side {
  const side = mandatory(row, 'side');
  if (side !== 'buy' && side !== 'sell') {
    throw badRow('side');
  }
  return side;
}

function kindOf(row: Row): readonly [OrderKind, TimeInForce] {
  const kind = KINDS[mandatory(row, 'ordType')];
  if (kind === undefined) {
    throw badRow('ordType');
  }
  return kind;
}

function priceOf(row: Row, instrument: Instrument, side: Side, now: string): Decimal {
  const price = amount(row, 'px');
  if (!price.mod(instrument.priceTick).isZero()) {
    throw badRow('px');
  }
  const limit = decimal(now).mul(PRICE_LIMIT[side]);
  if (side === 'buy' && price.gt(limit)) {
    throw buyPriceOver(toDecimalString(limit));
  }
  if (side === 'sell' && price.lt(limit)) {
    throw sellPriceUnder(toDecimalString(limit));
  }
  return price;
}

/** `sz` is base on spot (quote for a market buy unless `tgtCcy` says base), contracts on swaps. */
export function sizeOf(
  row: Row,
  instrument: Instrument,
  { kind, side }: { readonly kind: OrderKind; readonly side: Side },
): Pick<NewOrder, 'quantity' | 'quoteQuantity'> {
  const size = amount(row, 'sz');
  const market = kind === 'MARKET' || kind === 'STOP';
  const target = optional(row, 'tgtCcy') ?? (side === 'buy' ? 'quote_ccy' : 'base_ccy');
  if (market && instrument.contract === undefined && target === 'quote_ccy') {
    return { quoteQuantity: size.toFixed() };
  }
  const quantity = size.mul(instrument.contractSize);
  if (quantity.lt(instrument.minQuantity)) {
    throw belowMinimum();
  }
  if (!quantity.mod(instrument.quantityStep).isZero()) {
    throw offLot();
  }
  if (market && quantity.gt(instrument.marketMaxQuantity ?? instrument.maxQuantity)) {
    throw marketOverMaximum();
  }
  if (quantity.gt(instrument.maxQuantity)) {
    throw overMaximum();
  }
  return { quantity: quantity.toFixed() };
}

/** `wouldTrigger` is the refusal of a stop that the market has passed already. Throws `RowError`. */
export function place(
  venue: OkxVenue,
  order: NewOrder,
  wouldTrigger: RowError = badRow('slTriggerPx'),
): EngineOrder {
  venue.rates.countOrder(order.instrument.venueSymbol, venue.wallTime());
  const { symbol } = order.instrument;
  try {
    return venue.engine.place(order, venue.replay.price(symbol), venue.replay.marketTime);
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
    throw error.reason === 'WOULD_TRIGGER' ? wouldTrigger : refusalError(error, order);
  }
}

function refusalError({ reason }: Refusal, { instrument, side }: NewOrder): RowError {
  switch (reason) {
    case 'INSUFFICIENT_BALANCE':
      return insufficientBalance(side === 'buy' ? instrument.quote : instrument.base);
    case 'INSUFFICIENT_MARGIN':
      return insufficientBalance(instrument.quote);
    case 'REDUCE_ONLY':
      return nothingToReduce();
    case 'DUPLICATE':
      return duplicateClientId();
    case 'TOO_SMALL':
      return belowMinimum();
    case 'WOULD_TRIGGER':
    case 'WOULD_MATCH':
      return badRow('px');
  }
}

/** One row of POST /api/v5/trade/cancel-order and …/cancel-batch-orders. Throws `RowError`. */
export function cancelOrder(venue: OkxVenue, row: Row): object {
  const { venueSymbol } = instrumentOf(venue, row);
  venue.rates.countCancel(venueSymbol, venue.wallTime());
  const ordId = optional(row, 'ordId');
  const order =
    ordId === undefined
      ? venue.engine.orderByClientId(venueSymbol, mandatory(row, 'clOrdId'))
      : venue.engine.order(Number(ordId));
  if (order?.instrument.venueSymbol !== venueSymbol || !isOrder(order)) {
    throw cancelUnknown();
  }
  if (venue.engine.cancel(order, order.clientOrderId, venue.replay.marketTime) === undefined) {
    throw order.state === 'FILLED' ? cancelFilled() : cancelCancelled();
  }
  return done(order, '');
}
