/** An order in a backtest: one per request of the strategy, from asking to its end. */
import type { Side } from '../core/fill.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { IntentState, OrderStatus, OrderView } from '../core/order.ts';
import { Decimal } from '../core/money.ts';
import type { Request, SignalOwner } from '../strategies/context.ts';
import { fromFixedPoint } from './fixed-point.ts';
import { FEE_PLACES, type Market } from './market.ts';
import { minus, type Scaled, times } from './scaled.ts';

export class Order {
  /** Counts up in a run, from 1. */
  readonly number: number;
  readonly request: Request;
  readonly market: Market;
  side: Side;
  /** Scaled as the market's quantities. */
  quantity: Scaled = 0;
  filled: Scaled = 0;
  /** Price × quantity of its fills, scaled as the market's notionals. */
  filledQuote: Scaled = 0;
  /** Limit price on the tick; null for other orders. */
  price: string | null = null;
  reducing = false;
  state: IntentState = 'pending';
  status: OrderStatus = 'pending';
  reasonCode: string | null = null;
  reason: string | null = null;
  /** The bar of its market (by index) at whose open it reaches the venue. */
  dueAtBar = 0;
  /** Market time at which it reached the venue; null before. */
  placedAt: number | null = null;
  updatedAt = Number.NaN;
  endedAt: number | null = null;
  version = 0;
  /** Paid, with FEE_PLACES places, in the one asset that fees of its side are taken in; null before the first fill. */
  fee: Scaled = 0;
  feeAsset: string | null = null;
  /** Of stop-limits: the trigger was reached, it is a limit order now. */
  triggered = false;
  #reserved: Scaled = 0;
  #reserveUnit: Scaled = 1;
  readonly #onEnd: (order: Order) => void;

  constructor(
    number: number,
    request: Request,
    market: Market,
    side: Side,
    onEnd: (order: Order) => void,
  ) {
    this.number = number;
    this.#onEnd = onEnd;
    this.request = request;
    this.market = market;
    this.side = side;
    this.updatedAt = request.eventTime;
  }

  get remaining(): Scaled {
    return minus(this.quantity, this.filled);
  }

  /** Quote held back for it, whole and as money. */
  get reserved(): Scaled {
    return times(this.#reserved, this.#reserveUnit);
  }

  /** Holds back so many units of money; multiplied only when it is asked for, since money is rarely a safe integer. */
  reserve(amount: Scaled, unit: Scaled = 1): void {
    this.#reserved = amount;
    this.#reserveUnit = unit;
  }

  /** Reached the venue and waits there. */
  get rests(): boolean {
    return this.placedAt !== null && this.endedAt === null;
  }

  /** Its trigger, in quote, while it waits for it. */
  get trigger(): string | undefined {
    return this.triggered ? undefined : this.request.stopPrice;
  }

  get isOver(): boolean {
    return isFinalIntent(this.state);
  }

  end(
    state: IntentState,
    status: OrderStatus,
    at: number,
    code: string | null = null,
    reason: string | null = null,
  ): void {
    this.state = state;
    this.status = status;
    this.reasonCode = code;
    this.reason = reason;
    this.endedAt = at;
    this.touch(at);
    this.#onEnd(this);
  }

  touch(at: number): void {
    this.updatedAt = at;
    this.version += 1;
  }

  view(owner: SignalOwner): OrderView {
    const { request, market } = this;
    const amount = (value: Scaled): string => fromFixedPoint(value, market.quantityPlaces);
    const filledQuote = fromFixedPoint(this.filledQuote, market.notionalPlaces);
    return {
      orderId: request.id,
      version: this.version,
      ...owner,
      source: { kind: 'strategy', name: owner.strategyId },
      symbol: request.symbol,
      side: this.side,
      type: request.type,
      price: this.price,
      quantity: amount(this.quantity),
      filledQuantity: amount(this.filled),
      filledQuote,
      averagePrice:
        this.filled === 0
          ? null
          : new Decimal(filledQuote).div(amount(this.filled)).toDecimalPlaces(18).toFixed(),
      fees: this.feeAsset === null ? {} : { [this.feeAsset]: fromFixedPoint(this.fee, FEE_PLACES) },
      reducing: this.reducing,
      state: this.state,
      status: this.status,
      reasonCode: this.reasonCode,
      reason: this.reason,
      tag: request.tag,
      eventTime: request.eventTime,
      validUntil: request.validUntil,
      createdAt: request.eventTime,
      updatedAt: this.updatedAt,
      legs: [],
    };
  }
}
