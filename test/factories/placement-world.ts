/**
 * A venue and a store in memory for the placement protocol's tests, as unkind as the real ones may be: the
 * venue takes a used client order id again, answers late, drops answers and shows orders late; any call can
 * crash its caller before or after it took effect, or hang and go on later. Time is virtual.
 */
import { KeelError, type ErrorCode } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import { isFinalLeg, moveLeg } from '../../core/leg-machine.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { LegState } from '../../core/order.ts';
import type {
  ClaimResult,
  Leg,
  LegRecord,
  LegUpdate,
  NewLeg,
} from '../../adapters/order-repository.ts';
import type { PlaceOrderRequest, VenueOrderWithFills } from '../../adapters/trade-adapter.ts';
import { viewOf, type LegNote, type LegPorts } from '../../activities/placement.ts';

/** What the venue does with the n-th request it gets; the last one repeats. */
export type VenueMood =
  | { readonly kind: 'accept' }
  /** Takes the order and lets it rest; `fillAtVenue` trades it. */
  | { readonly kind: 'rest' }
  /** Takes the order, and the answer is lost. `showAfterMs`: how long reads do not know it. */
  | { readonly kind: 'accept-drop'; readonly showAfterMs: number }
  /** The request never arrives, and nobody says so. */
  | { readonly kind: 'lose' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode }
  | { readonly kind: 'duplicate' };

/** What happens to the n-th port call, counted from 1. */
export type Mishap = 'crash-before' | 'crash-after' | 'hang';

export const ORDER: NewLeg = {
  orderId: '0123456789abcdef01234567',
  legNumber: 1,
  quantity: '0.5',
  type: 'market',
  price: null,
};
export const VALID_FOR_MS = 40_000;
const VISIBILITY = {
  clockErrorMs: 500,
  engineTimeoutMs: 10_000,
  visibilityLagMs: 2_000,
  retentionMs: 86_400_000,
};

export class World {
  now = 1_700_000_000_000;
  readonly start = this.now;
  calls = 0;
  /** Orders the venue took, in the order in which it took them. */
  readonly taken: { seen: VenueOrderWithFills; readonly visibleAt: number }[] = [];
  leg: Leg | undefined;
  halted = false;
  superseded = false;
  requests = 0;
  cancels = 0;
  /** How many cancels the venue takes in without doing anything. */
  deafToCancels = 0;
  readonly notes: LegNote[] = [];
  private readonly between = new Map<number, () => void>();
  private readonly moods: readonly VenueMood[];
  private readonly mishaps: ReadonlyMap<number, Mishap>;
  private readonly reducing: boolean;
  /** Callers that hang; `resume` lets them go on. */
  private hanging: (() => void)[] = [];

  constructor(
    moods: readonly VenueMood[],
    mishaps: ReadonlyMap<number, Mishap> = new Map(),
    reducing = false,
  ) {
    this.moods = moods;
    this.mishaps = mishaps;
    this.reducing = reducing;
  }

  /** Runs the protocol as Temporal does: a crash is run again a second later. Returns the last attempt's result. */
  async drive<T>(attempt: (ports: LegPorts) => Promise<T>): Promise<T> {
    for (let attempts = 0; attempts < 60; attempts += 1) {
      let crash: () => void = () => undefined;
      const crashed = new Promise<'crashed'>((resolve) => {
        crash = () => {
          resolve('crashed');
        };
      });
      const run = attempt(this.ports(crash)).then(
        (value) => ({ value }),
        (error: unknown) => {
          if (error instanceof KeelError && error.retryable) return 'retry' as const;
          throw error;
        },
      );
      const result = await Promise.race([run, crashed]);
      if (typeof result === 'object') return result.value;
      this.now += 1_000;
    }
    throw new Error('sixty attempts did not end it');
  }

  /** Something that happens just before the n-th call from now on: 1 is the next. */
  beforeCall(n: number, happen: () => void): void {
    this.between.set(this.calls + n, happen);
  }

  /** Lets every hanging caller go on, as a process that was stopped and wakes up. */
  async resume(): Promise<void> {
    const sleepers = this.hanging;
    this.hanging = [];
    for (const wake of sleepers) wake();
    for (let turns = 0; turns < 200; turns += 1) await Promise.resolve();
  }

  ports(crash: () => void = () => undefined): LegPorts {
    const call = async <T>(effect: () => T): Promise<T> => {
      this.calls += 1;
      this.between.get(this.calls)?.();
      if (this.calls > 1_000) throw new Error('the protocol goes round in circles');
      const mishap = this.mishaps.get(this.calls);
      const never = new Promise<never>(() => undefined);
      if (mishap === 'crash-before') {
        crash();
        return never;
      }
      if (mishap === 'hang') {
        // The process stalls before the call; Temporal gives up on it and tries elsewhere.
        crash();
        await new Promise<void>((resolve) => this.hanging.push(resolve));
      }
      await Promise.resolve();
      if (mishap !== 'crash-after') return effect();
      // It took effect, for better or worse, and nobody hears of it.
      await Promise.allSettled([Promise.resolve().then(effect)]);
      crash();
      return never;
    };
    return {
      adapter: {
        visibility: VISIBILITY,
        marketTime: () => call(() => this.now),
        placeOrder: (request) => call(() => this.place(request)),
        cancelOrder: () =>
          call(() => {
            this.cancelAtVenue();
          }),
        getOrderStatus: () => call(() => this.status()),
        findOrder: () => call(() => this.visible()),
      },
      store: {
        prepareLeg: (order) => call(() => this.prepare(order)),
        getLeg: () => call(() => this.row()),
        claimSend: (_id, deadline, marketTime) => call(() => this.claim(deadline, marketTime)),
        releaseSend: (_id, deadline) => call(() => this.release(deadline)),
        recordLeg: (update) => call(() => this.record(update)),
      },
      clock: { now: () => this.now },
      sleep: async (ms) => {
        this.now += ms;
        await Promise.resolve();
      },
      sendWindowMs: 5_000,
      note: (note) => {
        this.notes.push(note);
      },
    };
  }

  // ---- the venue ----

  private place(request: PlaceOrderRequest): VenueOrderWithFills {
    const mood = this.moods[Math.min(this.requests, this.moods.length - 1)] ?? { kind: 'accept' };
    // Both the adapter and the venue refuse a request past its deadline.
    if (this.now > request.deadline) throw new KeelError('VENUE_CLOCK', 'outside the recvWindow');
    this.requests += 1;
    switch (mood.kind) {
      case 'accept':
        return this.take(request, 0);
      case 'rest':
        return this.take(request, 0, 'open');
      case 'accept-drop':
        this.take(request, mood.showAfterMs);
        this.now += 10_000;
        throw new KeelError('VENUE_UNKNOWN_OUTCOME', 'the connection was cut');
      case 'lose':
        this.now += 10_000;
        throw new KeelError('VENUE_UNKNOWN_OUTCOME', 'no answer within 10 s');
      case 'refuse':
        throw new KeelError(mood.code, 'refused');
      case 'duplicate':
        this.take(request, 0);
        throw new KeelError('VENUE_DUPLICATE_ID', 'duplicate order sent');
    }
  }

  private take(
    request: PlaceOrderRequest,
    showAfterMs: number,
    state: 'filled' | 'open' = 'filled',
  ): VenueOrderWithFills {
    const venueOrderId = String(this.taken.length + 1);
    const { clientOrderId, symbol, side, type, quantity } = request;
    const resting: VenueOrderWithFills = {
      order: {
        clientOrderId,
        venueOrderId,
        symbol,
        side,
        type,
        price: null,
        stopPrice: request.stopPrice ?? null,
        quantity,
        filledQuantity: '0',
        filledQuote: '0',
        state: 'open',
        rawStatus: 'NEW',
        updatedAt: this.now,
      },
      fills: [],
    };
    const seen = state === 'open' ? resting : filledBy(resting, quantity, this.now);
    this.taken.push({ seen, visibleAt: this.now + showAfterMs });
    return seen;
  }

  /** Trades so much of the newest order, at 100. */
  fillAtVenue(quantity: string): void {
    const last = this.taken.at(-1);
    if (last === undefined) throw new Error('the venue has no order to fill');
    last.seen = filledBy(last.seen, quantity, this.now);
  }

  private cancelAtVenue(): void {
    this.cancels += 1;
    const last = this.taken.at(-1);
    if (last === undefined || isFinalLeg(last.seen.order.state)) {
      throw new KeelError('VENUE_ORDER_NOT_FOUND', 'nothing is open under this id');
    }
    if (this.cancels <= this.deafToCancels) return;
    last.seen = {
      ...last.seen,
      order: { ...last.seen.order, state: 'cancelled', rawStatus: 'CANCELED' },
    };
  }

  private visible(): VenueOrderWithFills | null {
    return this.taken.find(({ visibleAt }) => visibleAt <= this.now)?.seen ?? null;
  }

  private status(): VenueOrderWithFills {
    const seen = this.visible();
    if (seen === null) throw new KeelError('VENUE_ORDER_NOT_FOUND', 'unknown order');
    return seen;
  }

  // ---- the store ----

  private row(): Leg {
    if (this.leg === undefined) throw new KeelError('NOT_FOUND', 'no such leg');
    return this.leg;
  }

  private prepare(order: NewLeg): Leg {
    this.leg ??= {
      stopPrice: null,
      timeInForce: null,
      reduceOnly: false,
      ...order,
      clientOrderId: `keel${order.orderId}01`,
      accountId: 'test',
      exchange: 'binance',
      symbol: 'BTC/USDT',
      side: 'buy',
      filledQuantity: '0',
      filledQuote: '0',
      venueOrderId: null,
      state: 'submitting',
      sendState: 'new',
      sendDeadline: null,
      sendCount: 0,
      errorCode: null,
      errorMessage: null,
      validUntil: this.start + VALID_FOR_MS,
      reducing: this.reducing,
      orderState: 'working',
    };
    return this.leg;
  }

  private claim(sendDeadline: number, marketTime: number): ClaimResult {
    const leg = this.row();
    if (leg.sendState !== 'new') return { claimed: false, why: 'taken', leg };
    if (this.superseded || isFinalLeg(leg.state))
      return { claimed: false, why: 'order-ended', leg };
    if (this.halted) return { claimed: false, why: 'halted', leg };
    if (!leg.reducing && marketTime > leg.validUntil)
      return { claimed: false, why: 'expired', leg };
    this.leg = {
      ...leg,
      sendState: 'sending',
      sendDeadline,
      sendCount: leg.sendCount + 1,
      state: 'submitting',
    };
    return { claimed: true, leg: this.leg };
  }

  private release(sendDeadline: number): boolean {
    const leg = this.row();
    if (leg.sendState !== 'sending' || leg.sendDeadline !== sendDeadline) return false;
    this.leg = { ...leg, sendState: 'new', sendDeadline: null };
    return true;
  }

  private record(update: LegUpdate): LegRecord {
    const leg = this.row();
    const wanted: LegState = update.venueOrder?.state ?? update.state ?? leg.state;
    // Our own word that a leg never reached the venue holds only while nobody holds the right to send it.
    const ours =
      update.venueOrder === undefined && (wanted === 'expired' || wanted === 'cancelled');
    const { ofClaim } = update;
    const overtaken =
      ofClaim !== undefined && (leg.sendState !== 'sending' || leg.sendDeadline !== ofClaim);
    const move =
      overtaken || (ours && leg.sendState !== 'new')
        ? { state: leg.state, outcome: 'ignored' as const, detail: 'claimed' }
        : moveLeg(leg.state, wanted);
    this.leg = {
      ...leg,
      state: move.state,
      errorCode: update.errorCode ?? leg.errorCode,
      errorMessage: update.errorMessage ?? leg.errorMessage,
      ...(update.venueOrder === undefined
        ? {}
        : {
            sendState: 'sent' as const,
            venueOrderId: update.venueOrder.venueOrderId,
            filledQuantity: update.venueOrder.filledQuantity,
            filledQuote: update.venueOrder.filledQuote,
          }),
    };
    return {
      leg: viewOf(this.leg),
      booked: [],
      guard: null,
      outcome: move.outcome,
      detail: move.detail,
    };
  }
}

function filledBy(seen: VenueOrderWithFills, quantity: string, now: number): VenueOrderWithFills {
  const { order } = seen;
  const filledQuantity = decimal(order.filledQuantity).plus(quantity);
  const fill: Fill = {
    exchange: 'binance',
    symbol: order.symbol,
    venueTradeId: `t${order.venueOrderId}-${String(seen.fills.length + 1)}`,
    venueOrderId: order.venueOrderId,
    clientOrderId: order.clientOrderId,
    side: order.side,
    price: '100',
    quantity,
    feeAmount: '0',
    feeAsset: 'USDT',
    liquidity: 'taker',
    executedAt: now,
  };
  const whole = filledQuantity.eq(order.quantity);
  return {
    order: {
      ...order,
      filledQuantity: toDecimalString(filledQuantity),
      filledQuote: toDecimalString(filledQuantity.mul(100)),
      state: whole ? 'filled' : 'partially_filled',
      rawStatus: whole ? 'FILLED' : 'PARTIALLY_FILLED',
      updatedAt: now,
    },
    fills: [...seen.fills, fill],
  };
}
