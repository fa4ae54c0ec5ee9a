/** OKX's orders, stops and own trades in our words. */
import type { AccountTrade, Fill } from '../../../core/fill.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { Decimal, decimal, toDecimalString } from '../../../core/money.ts';
import type { VenueOrder, VenueOrderWithFills } from '../../trade-adapter.ts';
import { quantityOf } from './instruments.ts';
import { algoStateOf, orderStateOf } from './order-states.ts';
import type { RawAlgo, RawFill, RawOrder } from './shapes.ts';

/** The client id an order goes by with us: of what a stop became, the stop's. */
export function clientOrderIdOf({
  clOrdId,
  algoClOrdId,
}: Pick<RawOrder, 'clOrdId' | 'algoClOrdId'>): string {
  return algoClOrdId === '' ? clOrdId : algoClOrdId;
}

export function orderOf(raw: RawOrder, instrument: Instrument): VenueOrder {
  const market = raw.ordType === 'market';
  const filledQuantity = quantityOf(raw.accFillSz, instrument);
  return {
    clientOrderId: clientOrderIdOf(raw),
    venueOrderId: raw.ordId,
    symbol: instrument.symbol,
    side: raw.side,
    type: market ? 'market' : 'limit',
    price: market || raw.px === '0' ? null : raw.px,
    stopPrice: null,
    quantity: quantityOf(raw.sz, instrument),
    filledQuantity,
    filledQuote: toDecimalString(decimal(raw.avgPx).mul(filledQuantity)),
    state: orderStateOf(raw.state),
    rawStatus: raw.state,
    updatedAt: raw.uTime,
  };
}

/** A stop, with the order it became where that is there. Its venue id stays that of the stop. */
export function stopOf(algo: RawAlgo, became: RawOrder | null, instrument: Instrument): VenueOrder {
  const child = became === null ? null : orderOf(became, instrument);
  return {
    clientOrderId: algo.algoClOrdId,
    venueOrderId: algo.algoId,
    symbol: instrument.symbol,
    side: algo.side,
    type: 'stop',
    price: null,
    stopPrice: algo.slTriggerPx,
    quantity: quantityOf(algo.sz, instrument),
    filledQuantity: child?.filledQuantity ?? '0',
    filledQuote: child?.filledQuote ?? '0',
    state: child?.state ?? algoStateOf(algo.state),
    rawStatus: child?.rawStatus ?? algo.state,
    updatedAt: Math.max(algo.uTime ?? algo.cTime, child?.updatedAt ?? 0),
  };
}

/** The venue's average price is rounded: where all fills are there, they say what was paid. */
export function withFills(order: VenueOrder, fills: readonly Fill[]): VenueOrderWithFills {
  const sum = (of: (fill: Fill) => Decimal): Decimal =>
    fills.reduce((total, fill) => total.plus(of(fill)), new Decimal(0));
  const filled = sum(({ quantity }) => decimal(quantity));
  if (fills.length === 0 || !filled.eq(order.filledQuantity)) return { order, fills };
  const filledQuote = toDecimalString(sum(({ price, quantity }) => decimal(price).mul(quantity)));
  return { order: { ...order, filledQuote }, fills };
}

export function tradeOf(
  raw: RawFill,
  clientOrderId: string | null,
  instrument: Instrument,
): AccountTrade {
  return {
    exchange: instrument.exchange,
    symbol: instrument.symbol,
    venueTradeId: raw.tradeId,
    venueOrderId: raw.ordId,
    clientOrderId,
    side: raw.side,
    price: raw.fillPx,
    quantity: quantityOf(raw.fillSz, instrument),
    // OKX's fee is negative where it is paid, ours positive.
    feeAmount: toDecimalString(decimal(raw.fee).neg()),
    feeAsset: raw.feeCcy === '' ? instrument.quote : raw.feeCcy,
    liquidity: raw.execType === 'M' ? 'maker' : 'taker',
    executedAt: raw.ts,
  };
}

export function fillOf(raw: RawFill, clientOrderId: string, instrument: Instrument): Fill {
  return { ...tradeOf(raw, clientOrderId, instrument), clientOrderId };
}
