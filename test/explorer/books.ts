/**
 * The books of one order in memory, by the rules that adapters/storage keeps in SQL: the compare-and-set on
 * who may send, fills once per venue trade, a final order that frees its reservation once.
 */
import { KeelError } from '../../core/errors.ts';
import { isFinalIntent, moveIntent } from '../../core/intent-machine.ts';
import { isFinalLeg, moveLeg } from '../../core/leg-machine.ts';
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { IntentState, LegState, LegView } from '../../core/order.ts';
import { clientOrderId } from '../../core/signal.ts';
import { viewOf } from '../../activities/placement.ts';
import type {
  ClaimResult,
  FinalState,
  Leg,
  LegRecord,
  LegUpdate,
  NewLeg,
} from '../../adapters/order-repository.ts';

export const ORDER_ID = '0123456789abcdef01234567';

export class Books {
  readonly legs = new Map<string, Leg>();
  /** Venue trade id → quantity. */
  readonly fills = new Map<string, Decimal>();
  /** Base still held back. */
  reserved: Decimal;
  state: IntentState = 'admitted';
  owner: string | null = null;
  halted = false;
  readonly quantity: Decimal;
  private readonly validUntil: number;

  constructor(order: { readonly quantity: string; readonly validUntil: number }) {
    this.quantity = decimal(order.quantity);
    this.reserved = this.quantity;
    this.validUntil = order.validUntil;
  }

  /** The run that asks first owns the order. */
  admit(runId: string): 'admitted' | 'refused' {
    this.owner ??= runId;
    return this.owner === runId ? 'admitted' : 'refused';
  }

  get position(): Decimal {
    return [...this.fills.values()].reduce((sum, quantity) => sum.plus(quantity), decimal('0'));
  }

  getLeg(id: string): Leg {
    const leg = this.legs.get(id);
    if (leg === undefined) throw new KeelError('NOT_FOUND', `no leg ${id}`);
    return { ...leg, orderState: this.state };
  }

  prepareLeg(order: NewLeg): Leg {
    const id = clientOrderId(order.orderId, order.legNumber);
    if (!this.legs.has(id)) {
      const ended = isFinalIntent(this.state);
      this.state = moveIntent(this.state, 'working').state;
      this.legs.set(id, {
        clientOrderId: id,
        orderId: order.orderId,
        legNumber: order.legNumber,
        accountId: 'main',
        exchange: 'binance',
        symbol: 'BTC/USDT',
        side: 'buy',
        type: order.type,
        price: order.price,
        stopPrice: order.stopPrice ?? null,
        timeInForce: order.timeInForce ?? null,
        reduceOnly: false,
        quantity: order.quantity,
        filledQuantity: '0',
        filledQuote: '0',
        venueOrderId: null,
        state: ended ? 'cancelled' : 'submitting',
        sendState: 'new',
        sendDeadline: null,
        sendCount: 0,
        errorCode: null,
        errorMessage: null,
        validUntil: this.validUntil,
        reducing: false,
        orderState: this.state,
      });
    }
    return this.getLeg(id);
  }

  claimSend(id: string, sendDeadline: number, marketTime: number): ClaimResult {
    const leg = this.getLeg(id);
    const refuse = (why: Extract<ClaimResult, { claimed: false }>['why']): ClaimResult => ({
      claimed: false,
      why,
      leg,
    });
    if (leg.sendState !== 'new') return refuse('taken');
    const ended = isFinalLeg(leg.state) || leg.state === 'cancel_pending';
    if (isFinalIntent(this.state) || ended) return refuse('order-ended');
    if (this.halted) return refuse('halted');
    if (marketTime > leg.validUntil) return refuse('expired');
    const claimed: Leg = {
      ...leg,
      sendState: 'sending',
      sendDeadline,
      sendCount: leg.sendCount + 1,
      state: leg.state === 'unknown' ? 'submitting' : leg.state,
    };
    this.legs.set(id, claimed);
    return { claimed: true, leg: claimed };
  }

  releaseSend(id: string, sendDeadline: number): boolean {
    const leg = this.getLeg(id);
    if (leg.sendState !== 'sending' || leg.sendDeadline !== sendDeadline) return false;
    this.legs.set(id, { ...leg, sendState: 'new', sendDeadline: null });
    return true;
  }

  recordLeg(update: LegUpdate): LegRecord {
    const leg = this.getLeg(update.clientOrderId);
    const booked = update.fills.filter(({ venueTradeId }) => !this.fills.has(venueTradeId));
    for (const fill of booked) {
      this.fills.set(fill.venueTradeId, decimal(fill.quantity));
      if (!isFinalIntent(this.state)) this.reserved = this.reserved.minus(fill.quantity);
    }
    const venue = update.venueOrder;
    const wanted: LegState = venue?.state ?? update.state ?? leg.state;
    const ours = venue === undefined && (wanted === 'expired' || wanted === 'cancelled');
    const { ofClaim } = update;
    const overtaken =
      ofClaim !== undefined && (leg.sendState !== 'sending' || leg.sendDeadline !== ofClaim);
    const move =
      overtaken || (ours && leg.sendState !== 'new')
        ? { state: leg.state, outcome: 'ignored' as const, detail: 'claimed' }
        : moveLeg(leg.state, wanted);
    const filled = Decimal.max(leg.filledQuantity, venue?.filledQuantity ?? '0');
    const sent = venue !== undefined || move.state === 'rejected' || update.fills.length > 0;
    const written: Leg = {
      ...leg,
      state: move.state,
      errorCode: update.errorCode ?? leg.errorCode,
      errorMessage: update.errorMessage ?? leg.errorMessage,
      venueOrderId: leg.venueOrderId ?? venue?.venueOrderId ?? null,
      filledQuantity: toDecimalString(filled),
      filledQuote: toDecimalString(filled.mul(100)),
      sendState: sent ? 'sent' : leg.sendState,
    };
    this.legs.set(leg.clientOrderId, written);
    return {
      leg: viewOf(written),
      booked: booked.map(({ venueTradeId }) => venueTradeId),
      guard: null,
      outcome: move.outcome,
      detail: move.detail,
    };
  }

  getOrder(): { readonly legs: readonly LegView[] } {
    return { legs: [...this.legs.values()].map(viewOf) };
  }

  /** Final once; what is held back is freed then, and only then. */
  settle(final: FinalState): void {
    const move = moveIntent(this.state, final.state);
    if (move.outcome !== 'applied') return;
    this.state = move.state;
    this.free();
  }

  free(): void {
    this.reserved = this.reserved.minus(this.quantity.minus(this.position));
  }
}
