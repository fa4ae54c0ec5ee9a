/** Placing and cancelling at OKX: plain orders, and stops, which are orders of another kind there. */
import { KeelError } from '../../../core/errors.ts';
import { checkFilters, exitInstrument } from '../../../core/filters.ts';
import type { Instrument } from '../../../core/instrument.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { PlaceOrderRequest, VenueOrder, VenueOrderWithFills } from '../../trade-adapter.ts';
import { refuseStopLimit, requirePrice } from '../own-orders.ts';
import { sizeOf } from './instruments.ts';
import type { OkxLookup } from './lookup.ts';
import { firstRow, type OkxRequests } from './requests.ts';
import { placedAlgoRow, placedRow } from './shapes.ts';

export interface OkxPlacing {
  /** As `TradeAdapter.placeOrder`. */
  place(instrument: Instrument, request: PlaceOrderRequest): Promise<VenueOrderWithFills>;
  /** As `TradeAdapter.cancelOrder`. */
  cancel(instrument: Instrument, clientOrderId: string): Promise<void>;
}

export function createOkxPlacing(
  requests: OkxRequests,
  lookup: OkxLookup,
  { tdMode, logger }: { readonly tdMode: 'cross' | 'isolated'; readonly logger: Logger },
): OkxPlacing {
  const tdModeOf = ({ contract }: Instrument): string => (contract === undefined ? 'cash' : tdMode);

  /** What every order says, of whichever type. */
  const commonParams = (instrument: Instrument, request: PlaceOrderRequest) => ({
    instId: instrument.venueSymbol,
    tdMode: tdModeOf(instrument),
    side: request.side,
    sz: sizeOf(request.quantity, instrument),
    // Without it a spot market buy would be for an amount of quote.
    ...(instrument.contract === undefined ? { tgtCcy: 'base_ccy' } : {}),
    ...(request.reduceOnly === true ? { reduceOnly: 'true' } : {}),
  });

  const sendOrder = async (instrument: Instrument, request: PlaceOrderRequest): Promise<string> => {
    const { json } = await requests.signed({
      method: 'POST',
      path: 'trade/order',
      params: {
        ...commonParams(instrument, request),
        clOrdId: request.clientOrderId,
        ordType: ordTypeOf(request),
        ...(request.type === 'limit' ? { px: requirePrice(request, 'price') } : {}),
      },
      purpose: 'send',
      instId: instrument.venueSymbol,
      deadline: request.deadline,
    });
    return firstRow(placedRow, json, 'POST trade/order', 'VENUE_UNKNOWN_OUTCOME').ordId;
  };

  const sendStop = async (instrument: Instrument, request: PlaceOrderRequest): Promise<string> => {
    const { json } = await requests.signed({
      method: 'POST',
      path: 'trade/order-algo',
      params: {
        ...commonParams(instrument, request),
        algoClOrdId: request.clientOrderId,
        // Not heeded by the venue; without it ccxt would make an id of its broker's.
        clOrdId: request.clientOrderId,
        ordType: 'conditional',
        slTriggerPx: requirePrice(request, 'stopPrice'),
        slTriggerPxType: 'last',
        // At market.
        slOrdPx: '-1',
      },
      purpose: 'send',
      instId: instrument.venueSymbol,
      deadline: request.deadline,
    });
    return firstRow(placedAlgoRow, json, 'POST trade/order-algo', 'VENUE_UNKNOWN_OUTCOME').algoId;
  };

  /** The venue only says that it took the order; what became of it is read, if that can be had. */
  const placed = async (
    instrument: Instrument,
    request: PlaceOrderRequest,
    venueOrderId: string,
  ): Promise<VenueOrderWithFills> => {
    try {
      const found = await lookup.byClientId(instrument, request.clientOrderId);
      if (found !== null) return found;
    } catch (error) {
      logger.warn({ err: error, clientOrderId: request.clientOrderId }, 'new_order_not_read');
    }
    // The order is there: no failure of a read may look like a refusal of it.
    const at = await requests.marketTime().catch(() => Math.round(requests.clock.now()));
    return { order: taken(request, venueOrderId, at), fills: [] };
  };

  const cancelStop = async (instrument: Instrument, clientOrderId: string): Promise<void> => {
    await requests.signed({
      method: 'POST',
      path: 'trade/cancel-algos',
      params: [{ instId: instrument.venueSymbol, algoClOrdId: clientOrderId }],
      purpose: 'cancel',
      instId: instrument.venueSymbol,
    });
  };

  return {
    async place(instrument, request) {
      refuseStopLimit(request, 'OKX');
      checkBeforeSending(instrument, request);
      const send = request.type === 'stop' ? sendStop : sendOrder;
      return placed(instrument, request, await send(instrument, request));
    },
    async cancel(instrument, clientOrderId) {
      try {
        await requests.signed({
          method: 'POST',
          path: 'trade/cancel-order',
          params: { instId: instrument.venueSymbol, clOrdId: clientOrderId },
          purpose: 'cancel',
          instId: instrument.venueSymbol,
        });
      } catch (error) {
        if (!(error instanceof KeelError) || error.code !== 'VENUE_ORDER_NOT_FOUND') throw error;
        // A stop is no order yet; the client id does not say which it is.
        await cancelStop(instrument, clientOrderId);
      }
    },
  };
}

/** The time in force of a limit order is a type of order there. */
function ordTypeOf({ type, timeInForce = 'gtc' }: PlaceOrderRequest): string {
  if (type !== 'limit' || timeInForce === 'gtc') return type;
  return timeInForce === 'post-only' ? 'post_only' : timeInForce;
}

/** OKX states no smallest notional and no band: the venue itself holds limit prices near the market. */
function checkBeforeSending(instrument: Instrument, request: PlaceOrderRequest): void {
  const { side, type, quantity } = request;
  const price = type === 'limit' ? requirePrice(request, 'price') : null;
  const stopPrice = type === 'stop' ? requirePrice(request, 'stopPrice') : null;
  const bound = request.reduceOnly === true ? exitInstrument(instrument) : instrument;
  const verdict = checkFilters(bound, { side, type, quantity, price, stopPrice }, '0');
  if (verdict.ok) return;
  throw new KeelError(verdict.code, `${verdict.reason} (${instrument.symbol}): nothing was sent`);
}

/** An order of which only is known that the venue took it. */
function taken(request: PlaceOrderRequest, venueOrderId: string, at: number): VenueOrder {
  return {
    clientOrderId: request.clientOrderId,
    venueOrderId,
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    price: request.price ?? null,
    stopPrice: request.stopPrice ?? null,
    quantity: request.quantity,
    filledQuantity: '0',
    filledQuote: '0',
    state: 'open',
    rawStatus: 'live',
    updatedAt: at,
  };
}
