/**
 * A venue as unkind as the real ones: it takes a used client order id again once the first order is not open,
 * requests arrive late, its engine holds them, reads lag behind, and answers get lost.
 */
import { KeelError } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import type { OrderBook } from '../../core/order-book.ts';
import { type Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type {
  PlaceOrderRequest,
  VenueOrderWithFills,
  VisibilityBounds,
} from '../../adapters/trade-adapter.ts';
import type { Schedule } from './schedule.ts';

/** What becomes of a request to place an order. */
export type Passage =
  | { readonly kind: 'arrives' }
  /** Accepted, and the answer is lost. */
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'request-lost' }
  /** Under way, then held by the engine, while its sender hears nothing. */
  | { readonly kind: 'late'; readonly underWayMs: number; readonly heldMs: number }
  /** Accepted, answered, and shown to reads only later. */
  | { readonly kind: 'hidden'; readonly ms: number }
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'unread';
      readonly code: 'VENUE_RATE_LIMITED' | 'VENUE_CLOCK' | 'VENUE_BANNED';
    }
  /** "Duplicate id" after the order was taken. */
  | { readonly kind: 'duplicate' };

export const BOUNDS: VisibilityBounds = {
  clockErrorMs: 300,
  engineTimeoutMs: 10_000,
  visibilityLagMs: 3_000,
  retentionMs: 86_400_000,
};

/** How long a sender waits for an answer. */
const ANSWER_TIMEOUT_MS = 4_000;

export interface Order {
  readonly request: PlaceOrderRequest;
  readonly venueOrderId: string;
  readonly visibleAt: number;
  state: 'open' | 'partially_filled' | 'filled' | 'cancelled';
  filled: Decimal;
  readonly fills: Fill[];
}

export class Venue {
  readonly orders: Order[] = [];
  /** How much a market order, or a limit order at once, fills: all of it unless told otherwise. */
  fillsAtOnce: (request: PlaceOrderRequest) => Decimal;
  /** An order was taken while another one was open. */
  twoAtOnce = false;
  private readonly schedule: Schedule;
  private trades = 0;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
    this.fillsAtOnce = ({ type, quantity }) => decimal(type === 'market' ? quantity : '0');
  }

  /** What the sender hears, or an error. What happens to the order goes on by itself. */
  async place(request: PlaceOrderRequest, passage: Passage): Promise<VenueOrderWithFills> {
    const network = this.schedule.process('network');
    const silence = async (): Promise<never> => {
      await this.schedule.sleep(network, ANSWER_TIMEOUT_MS);
      throw new KeelError('VENUE_UNKNOWN_OUTCOME', 'no answer');
    };
    switch (passage.kind) {
      case 'arrives':
        return this.accept(request, 0);
      case 'hidden':
        return this.accept(request, passage.ms);
      case 'answer-lost':
        this.accept(request, 0);
        return silence();
      case 'request-lost':
        return silence();
      case 'late':
        void this.arriveLate(request, passage.underWayMs, passage.heldMs);
        return silence();
      case 'refused':
        throw new KeelError('VENUE_INVALID_ORDER', 'the venue refuses it');
      case 'unread':
        throw new KeelError(passage.code, 'turned away', { retryAfterMs: 1_000 });
      case 'duplicate':
        this.accept(request, 0);
        throw new KeelError('VENUE_DUPLICATE_ID', 'duplicate order sent');
    }
  }

  cancel(clientOrderId: string): void {
    const open = this.orders.find(
      (order) => order.request.clientOrderId === clientOrderId && isOpen(order),
    );
    if (open === undefined) {
      throw new KeelError('VENUE_ORDER_NOT_FOUND', 'nothing is open under this id');
    }
    open.state = 'cancelled';
  }

  find(clientOrderId: string): VenueOrderWithFills | null {
    const found = this.orders.find(
      ({ request, visibleAt }) =>
        request.clientOrderId === clientOrderId && visibleAt <= this.schedule.now,
    );
    return found === undefined ? null : seen(found, this.schedule.now);
  }

  /** Somebody else bids the price of our orders. */
  orderBook(): Pick<OrderBook, 'bids' | 'asks'> {
    return { bids: [['100', '1']], asks: [] };
  }

  /** Trades so much of an open order, at most what is left. */
  trade(order: Order, quantity: Decimal): void {
    const rest = decimal(order.request.quantity).minus(order.filled);
    const traded = quantity.gt(rest) ? rest : quantity;
    if (traded.isZero() || !isOpen(order)) return;
    this.trades += 1;
    const { request, venueOrderId } = order;
    order.filled = order.filled.plus(traded);
    order.state = order.filled.eq(request.quantity) ? 'filled' : 'partially_filled';
    order.fills.push({
      exchange: 'binance',
      symbol: request.symbol,
      venueTradeId: `t${String(this.trades)}`,
      venueOrderId,
      clientOrderId: request.clientOrderId,
      side: request.side,
      price: '100',
      quantity: toDecimalString(traded),
      feeAmount: '0',
      feeAsset: 'USDT',
      liquidity: 'taker',
      executedAt: this.schedule.now,
    });
  }

  private async arriveLate(request: PlaceOrderRequest, underWayMs: number, heldMs: number) {
    const engine = this.schedule.process('engine');
    await this.schedule.sleep(engine, underWayMs);
    if (this.schedule.now > request.deadline) return;
    await this.schedule.sleep(engine, heldMs);
    this.schedule.note(`the venue takes ${request.clientOrderId.slice(-2)} late`);
    this.take(request, BOUNDS.visibilityLagMs);
  }

  private accept(request: PlaceOrderRequest, showAfterMs: number): VenueOrderWithFills {
    // Deadlines are by the venue's clock, and its clock is the true one.
    if (this.schedule.now > request.deadline) {
      throw new KeelError('VENUE_CLOCK', 'outside the recvWindow');
    }
    return this.take(request, showAfterMs);
  }

  private take(request: PlaceOrderRequest, showAfterMs: number): VenueOrderWithFills {
    const taken = this.orders.some(
      (order) => order.request.clientOrderId === request.clientOrderId && isOpen(order),
    );
    if (taken) throw new KeelError('VENUE_DUPLICATE_ID', 'duplicate order sent');
    if (this.orders.some(isOpen)) this.twoAtOnce = true;
    const order: Order = {
      request,
      venueOrderId: String(this.orders.length + 1),
      visibleAt: this.schedule.now + showAfterMs,
      state: 'open',
      filled: decimal('0'),
      fills: [],
    };
    this.orders.push(order);
    this.trade(order, this.fillsAtOnce(request));
    return seen(order, this.schedule.now);
  }
}

export function isOpen({ state }: Pick<Order, 'state'>): boolean {
  return state === 'open' || state === 'partially_filled';
}

function seen(order: Order, now: number): VenueOrderWithFills {
  const { request, venueOrderId, state, filled, fills } = order;
  const { clientOrderId, symbol, side, type, quantity, price = null, stopPrice = null } = request;
  return {
    order: {
      clientOrderId,
      venueOrderId,
      symbol,
      side,
      type,
      price,
      stopPrice,
      quantity,
      filledQuantity: toDecimalString(filled),
      filledQuote: toDecimalString(filled.mul(100)),
      state,
      rawStatus: state.toUpperCase(),
      updatedAt: now,
    },
    fills: [...fills],
  };
}
