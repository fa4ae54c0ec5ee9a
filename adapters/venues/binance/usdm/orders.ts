/** USDⓈ-M orders, conditional orders and trades in our words. */
import type { Fill } from '../../../../core/fill.ts';
import type { Instrument } from '../../../../core/instrument.ts';
import type { LegState } from '../../../../core/order.ts';
import type { PlaceOrderRequest, VenueMadeOrder, VenueOrder } from '../../../trade-adapter.ts';
import { legStateOf } from '../order-states.ts';
import type { AlgoOrder, ContractOrder, ContractTrade } from './shapes.ts';

export function contractOrderOf(raw: ContractOrder, instrument: Instrument): VenueOrder {
  const limit = raw.type === 'LIMIT';
  return {
    clientOrderId: raw.clientOrderId,
    venueOrderId: raw.orderId,
    symbol: instrument.symbol,
    side: raw.side === 'BUY' ? 'buy' : 'sell',
    type: limit ? 'limit' : 'market',
    price: limit && raw.price !== '0' ? raw.price : null,
    stopPrice: null,
    quantity: raw.origQty,
    filledQuantity: raw.executedQty,
    filledQuote: raw.cumQuote,
    state: legStateOf(raw.status),
    rawStatus: raw.status,
    updatedAt: raw.updateTime,
  };
}

/** Binance's word for how long a limit order works; post-only is one of them here. */
export function timeInForceOf({ timeInForce = 'gtc' }: PlaceOrderRequest): string {
  return timeInForce === 'post-only' ? 'GTX' : timeInForce.toUpperCase();
}

/** developers.binance.com, USDⓈ-M Futures, "Event: Algo Order Update". What is triggered is as its order is. */
const ALGO_STATES: Readonly<Record<string, LegState>> = {
  NEW: 'open',
  CANCELED: 'cancelled',
  EXPIRED: 'expired',
  REJECTED: 'rejected',
  TRIGGERING: 'triggered',
  TRIGGERED: 'triggered',
  FINISHED: 'triggered',
};

/** A conditional order and, once it is triggered, the order it became: one order of ours. */
export function stopOrderOf(
  raw: AlgoOrder,
  became: ContractOrder | null,
  instrument: Instrument,
): VenueOrder {
  const own = ALGO_STATES[raw.algoStatus] ?? 'unknown';
  const child = became === null || became.status === 'NEW' ? null : legStateOf(became.status);
  return {
    clientOrderId: raw.clientAlgoId,
    venueOrderId: raw.algoId,
    symbol: instrument.symbol,
    side: raw.side === 'BUY' ? 'buy' : 'sell',
    type: 'stop',
    price: null,
    stopPrice: raw.triggerPrice,
    quantity: raw.quantity,
    filledQuantity: became?.executedQty ?? '0',
    filledQuote: became?.cumQuote ?? '0',
    state: own === 'triggered' && child !== null ? child : own,
    rawStatus: became === null ? raw.algoStatus : `${raw.algoStatus}/${became.status}`,
    updatedAt: became?.updateTime ?? raw.updateTime,
  };
}

export function contractFillOf(
  raw: ContractTrade,
  clientOrderId: string,
  instrument: Instrument,
): Fill {
  return {
    exchange: instrument.exchange,
    symbol: instrument.symbol,
    venueTradeId: raw.id,
    venueOrderId: raw.orderId,
    clientOrderId,
    side: raw.buyer ? 'buy' : 'sell',
    price: raw.price,
    quantity: raw.qty,
    feeAmount: raw.commission,
    feeAsset: raw.commissionAsset,
    liquidity: raw.maker ? 'maker' : 'taker',
    executedAt: raw.time,
  };
}

/** Client ids of the orders that Binance makes itself ("Event: Order Update"). */
const VENUE_MADE: readonly (readonly [string, VenueMadeOrder['cause']])[] = [
  ['autoclose-', 'liquidation'],
  ['adl_autoclose', 'adl'],
  ['settlement_autoclose-', 'settlement'],
];

/** Why the venue made an order; undefined for orders of persons and programs. */
export function causeOf(clientOrderId: string): VenueMadeOrder['cause'] | undefined {
  return VENUE_MADE.find(([prefix]) => clientOrderId.startsWith(prefix))?.[1];
}
