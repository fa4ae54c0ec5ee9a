/** Binance's orders and trades in our words. */
import type { Fill } from '../../../core/fill.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { hasLimit, hasTrigger } from '../../../core/order-type.ts';
import type { VenueOrder } from '../../trade-adapter.ts';
import { legStateOf, orderTypeOf } from './order-states.ts';
import type { RawNewOrder, RawOrder, RawTrade } from './shapes.ts';

export function orderOf(raw: RawOrder, instrument: Instrument): VenueOrder {
  const type = orderTypeOf(raw.type);
  const waits = hasTrigger(type);
  const triggered = waits && raw.status === 'NEW' && raw.isWorking === true;
  return {
    clientOrderId: raw.clientOrderId,
    venueOrderId: raw.orderId,
    symbol: instrument.symbol,
    side: raw.side === 'BUY' ? 'buy' : 'sell',
    type,
    price: !hasLimit(type) || raw.price === '0' ? null : raw.price,
    stopPrice: waits ? (raw.stopPrice ?? null) : null,
    quantity: raw.origQty,
    filledQuantity: raw.executedQty,
    // The venue says -1 for old orders whose quote it has lost.
    filledQuote: raw.cummulativeQuoteQty.startsWith('-') ? '0' : raw.cummulativeQuoteQty,
    state: triggered ? 'triggered' : legStateOf(raw.status),
    rawStatus: raw.status,
    updatedAt: raw.updateTime ?? raw.transactTime ?? 0,
  };
}

/** The fills a new order's answer carries: all of them took what rested. */
export function immediateFills(raw: RawNewOrder, instrument: Instrument): readonly Fill[] {
  return raw.fills.map((fill) => ({
    exchange: instrument.exchange,
    symbol: instrument.symbol,
    venueTradeId: fill.tradeId,
    venueOrderId: raw.orderId,
    clientOrderId: raw.clientOrderId,
    side: raw.side === 'BUY' ? 'buy' : 'sell',
    price: fill.price,
    quantity: fill.qty,
    feeAmount: fill.commission,
    feeAsset: fill.commissionAsset,
    liquidity: 'taker',
    executedAt: raw.transactTime ?? 0,
  }));
}

/** Binance's commission is positive when paid, as our fee. */
export function fillOf(raw: RawTrade, clientOrderId: string, instrument: Instrument): Fill {
  return {
    exchange: instrument.exchange,
    symbol: instrument.symbol,
    venueTradeId: raw.id,
    venueOrderId: raw.orderId,
    clientOrderId,
    side: raw.isBuyer ? 'buy' : 'sell',
    price: raw.price,
    quantity: raw.qty,
    feeAmount: raw.commission,
    feeAsset: raw.commissionAsset,
    liquidity: raw.isMaker ? 'maker' : 'taker',
    executedAt: raw.time,
  };
}
