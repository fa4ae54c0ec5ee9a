/** The exchange's filters on a new order; a failure names its filter, as the venue does. */
import type { Side } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import { type Decimal, decimal } from '../../core/money.ts';
import type { EngineOrder } from '../orders.ts';
import { filterFailure } from './errors.ts';
import { MAX_NOTIONAL, MAX_NUM_ALGO_ORDERS, MAX_NUM_ORDERS } from './exchange-info.ts';

export interface FilteredOrder {
  readonly side: Side;
  /** What trades at market: market orders, stops, take-profits. */
  readonly market: boolean;
  /** Absent for a market order by quote amount. */
  readonly quantity: Decimal | undefined;
  readonly quoteQuantity: Decimal | undefined;
  /** Limit orders only. */
  readonly price: Decimal | undefined;
  /** Stops and take-profits only. */
  readonly stopPrice: Decimal | undefined;
}

/** Throws −1013 `Filter failure: …`. The venue's average price is here the price of the moment. */
export function checkOrderFilters(
  instrument: Instrument,
  order: FilteredOrder,
  averagePrice: string,
  openOrders: readonly EngineOrder[],
): void {
  if (order.price !== undefined) {
    checkPrice(instrument, order.price);
    checkBand(instrument, order.side, order.price, decimal(averagePrice));
  }
  if (order.stopPrice !== undefined) {
    checkPrice(instrument, order.stopPrice);
  }
  if (order.quantity !== undefined) {
    checkLot(instrument, order.quantity, order.market);
  }
  const price = order.price ?? order.stopPrice ?? decimal(averagePrice);
  const notional = order.quoteQuantity ?? (order.quantity ?? decimal('0')).mul(price);
  if (notional.lt(instrument.minNotional) || (!order.market && notional.gt(MAX_NOTIONAL))) {
    throw filterFailure('NOTIONAL');
  }
  const rests = !order.market || order.stopPrice !== undefined;
  if (rests && openOrders.length >= MAX_NUM_ORDERS) {
    throw filterFailure('MAX_NUM_ORDERS');
  }
  const algoOrders = openOrders.filter(({ stopPrice }) => stopPrice !== undefined);
  if (order.stopPrice !== undefined && algoOrders.length >= MAX_NUM_ALGO_ORDERS) {
    throw filterFailure('MAX_NUM_ALGO_ORDERS');
  }
}

function checkPrice(instrument: Instrument, price: Decimal): void {
  if (
    price.lt(instrument.minPrice) ||
    price.gt(instrument.maxPrice) ||
    !price.sub(instrument.minPrice).mod(instrument.priceTick).isZero()
  ) {
    throw filterFailure('PRICE_FILTER');
  }
}

function checkBand(instrument: Instrument, side: Side, price: Decimal, average: Decimal): void {
  const band = instrument.priceBand;
  if (band === undefined) {
    return;
  }
  const [up, down] = side === 'buy' ? [band.bidUp, band.bidDown] : [band.askUp, band.askDown];
  if (price.gt(average.mul(up)) || price.lt(average.mul(down))) {
    throw filterFailure('PERCENT_PRICE_BY_SIDE');
  }
}

function checkLot(instrument: Instrument, quantity: Decimal, market: boolean): void {
  if (
    quantity.lt(instrument.minQuantity) ||
    quantity.gt(instrument.maxQuantity) ||
    !quantity.sub(instrument.minQuantity).mod(instrument.quantityStep).isZero()
  ) {
    throw filterFailure('LOT_SIZE');
  }
  if (market && quantity.gt(instrument.marketMaxQuantity ?? instrument.maxQuantity)) {
    throw filterFailure('MARKET_LOT_SIZE');
  }
}
