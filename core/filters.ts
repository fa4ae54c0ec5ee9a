/** A venue's filters: whether an order fits its steps and limits, and how to make it fit. */
import type { ErrorCode } from './errors.ts';
import type { Side } from './fill.ts';
import type { Instrument } from './instrument.ts';
import { Decimal, decimal, floorToStep, toDecimalString } from './money.ts';
import { hasLimit, type OrderType } from './order-type.ts';

export type FilterVerdict =
  { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

const OK: FilterVerdict = { ok: true };

function isMultiple(value: Decimal, step: string): boolean {
  return value.mod(step).isZero();
}

/** The quantity limits that bind an order: what trades at market is bound by the venue's market limits too. */
export function lotLimits(
  instrument: Instrument,
  type: OrderType,
): { readonly step: string; readonly min: string; readonly max: string } {
  const { quantityStep, minQuantity, maxQuantity } = instrument;
  if (hasLimit(type)) return { step: quantityStep, min: minQuantity, max: maxQuantity };
  const step = Decimal.max(quantityStep, instrument.marketQuantityStep ?? quantityStep);
  const min = Decimal.max(minQuantity, instrument.marketMinQuantity ?? minQuantity);
  const max = Decimal.min(maxQuantity, instrument.marketMaxQuantity ?? maxQuantity);
  return { step: toDecimalString(step), min: toDecimalString(min), max: toDecimalString(max) };
}

const refusePrice = (reason: string): FilterVerdict => ({
  ok: false,
  code: 'FILTER_PRICE',
  reason,
});

/** A price on the tick and within the range: limit prices and triggers alike. */
function checkTick(instrument: Instrument, price: string): FilterVerdict {
  const { priceTick, minPrice, maxPrice } = instrument;
  const value = decimal(price);
  if (!isMultiple(value, priceTick)) {
    return refusePrice(`price ${price} is not a multiple of the tick ${priceTick}`);
  }
  if (value.lt(minPrice)) return refusePrice(`price ${price} is below the minimum ${minPrice}`);
  if (!decimal(maxPrice).isZero() && value.gt(maxPrice)) {
    return refusePrice(`price ${price} is above the maximum ${maxPrice}`);
  }
  return OK;
}

/** A limit price within the venue's band; a trigger is not bound by it. */
function checkBand(
  { priceBand }: Instrument,
  side: Side,
  price: string,
  referencePrice: string,
): FilterVerdict {
  if (priceBand === undefined) return OK;
  const buys = side === 'buy';
  const low = decimal(referencePrice).mul(buys ? priceBand.bidDown : priceBand.askDown);
  const high = decimal(referencePrice).mul(buys ? priceBand.bidUp : priceBand.askUp);
  const value = decimal(price);
  if (value.gte(low) && value.lte(high)) return OK;
  return refusePrice(
    `price ${price} is outside ${toDecimalString(low)}..${toDecimalString(high)}, the venue's band around ${referencePrice}`,
  );
}

/** Checks a quantity against step, minimum and maximum. */
export function checkQuantity(
  instrument: Instrument,
  type: OrderType,
  quantity: string,
): FilterVerdict {
  const refuse = (reason: string): FilterVerdict => ({
    ok: false,
    code: 'FILTER_LOT_SIZE',
    reason,
  });
  const { step, min, max } = lotLimits(instrument, type);
  const value = decimal(quantity);
  if (value.lte(0)) return refuse(`quantity ${quantity} is not more than zero`);
  if (!isMultiple(value, step)) {
    return refuse(`quantity ${quantity} is not a multiple of the step ${step}`);
  }
  if (value.lt(min)) return refuse(`quantity ${quantity} is below the minimum ${min}`);
  if (value.gt(max)) return refuse(`quantity ${quantity} is above the maximum ${max}`);
  return OK;
}

/** Checks price × quantity against the smallest notional. */
export function checkNotional(
  instrument: Instrument,
  quantity: string,
  price: string,
): FilterVerdict {
  const notional = decimal(quantity).mul(price);
  if (notional.gte(instrument.minNotional)) return OK;
  return {
    ok: false,
    code: 'FILTER_NOTIONAL',
    reason: `${quantity} × ${price} = ${toDecimalString(notional)} ${instrument.quote} is below the smallest notional ${instrument.minNotional}`,
  };
}

/**
 * Checks an order against all filters and tells the first it breaks.
 * @param order `price` is the limit price, `stopPrice` the trigger of a stop or stop-limit; the notional of what has neither
 * is taken at `referencePrice`
 */
export function checkFilters(
  instrument: Instrument,
  order: {
    readonly side: Side;
    readonly type: OrderType;
    readonly quantity: string;
    readonly price: string | null;
    readonly stopPrice?: string | null;
  },
  referencePrice: string,
): FilterVerdict {
  const { price, stopPrice = null } = order;
  const verdicts = [
    price === null ? OK : checkTick(instrument, price),
    price === null ? OK : checkBand(instrument, order.side, price, referencePrice),
    stopPrice === null ? OK : checkTick(instrument, stopPrice),
    checkQuantity(instrument, order.type, order.quantity),
    checkNotional(instrument, order.quantity, price ?? stopPrice ?? referencePrice),
  ];
  return verdicts.find(({ ok }) => !ok) ?? OK;
}

/** The limits that bind what only reduces: a contract's remainder may be closed however small it is. */
export function exitInstrument(instrument: Instrument): Instrument {
  return instrument.contract === undefined ? instrument : { ...instrument, minNotional: '0' };
}

/** The quantity floored to the step that binds orders of this type. May be `"0"`. */
export function fitQuantity(instrument: Instrument, type: OrderType, quantity: string): string {
  return toDecimalString(floorToStep(decimal(quantity), lotLimits(instrument, type).step));
}

/** The limit price on the tick, never worse for the order: buys down, sells up. */
export function fitPrice(
  instrument: Pick<Instrument, 'priceTick'>,
  side: Side,
  price: string,
): string {
  const ticks = decimal(price)
    .div(instrument.priceTick)
    .toDecimalPlaces(0, side === 'buy' ? Decimal.ROUND_DOWN : Decimal.ROUND_UP);
  return toDecimalString(ticks.mul(instrument.priceTick));
}
