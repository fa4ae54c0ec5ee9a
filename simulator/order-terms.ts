/** What follows from one order's own terms: what it locks, whether it fills at a price, and how much at once. */
import {
  isMarketable,
  isStopReached,
  limitFillPrice,
  stopReachedPrice,
} from '../core/fill-model.ts';
import type { Side } from '../core/fill.ts';
import { Decimal, decimal, floorToStep } from '../core/money.ts';
import type { Candle } from './candles.ts';
import type { EngineOrder, NewOrder, OrderKind } from './orders.ts';

/** The engine's refusals; no order exists after one. */
export class Refusal extends Error {
  readonly reason:
    | 'INSUFFICIENT_BALANCE'
    | 'DUPLICATE'
    | 'WOULD_MATCH'
    | 'WOULD_TRIGGER'
    | 'TOO_SMALL'
    | 'INSUFFICIENT_MARGIN'
    | 'REDUCE_ONLY';

  constructor(reason: Refusal['reason']) {
    super(`the order is refused: ${reason}`);
    this.name = 'Refusal';
    this.reason = reason;
  }
}

/** An order as it is before anything has happened to it. A quote quantity is turned into base at `fillPrice`. */
export function newOrder(
  orderId: number,
  request: NewOrder,
  fillPrice: string,
  at: number,
): EngineOrder {
  const step = request.instrument.quantityStep;
  const quantity =
    request.quantity === undefined
      ? floorToStep(decimal(request.quoteQuantity ?? '0').div(fillPrice), step)
      : decimal(request.quantity);
  if (!quantity.isPositive() || quantity.isZero()) {
    throw new Refusal('TOO_SMALL');
  }
  return {
    orderId,
    clientOrderId: request.clientOrderId,
    instrument: request.instrument,
    side: request.side,
    kind: request.kind,
    timeInForce: request.timeInForce,
    price: decimal(request.price ?? '0'),
    stopPrice: request.stopPrice === undefined ? undefined : decimal(request.stopPrice),
    quantity,
    quoteQuantity: decimal(request.quoteQuantity ?? '0'),
    reduceOnly: request.reduceOnly ?? false,
    cause: undefined,
    placedAt: at,
    triggeredAt: undefined,
    state: 'NEW',
    filled: new Decimal(0),
    filledQuote: new Decimal(0),
    updatedAt: at,
    plan: request.fillPlan,
  };
}

/** Whether it would fill at the price of the moment. */
export function isMarketableNow(request: NewOrder, price: string): boolean {
  if (request.stopPrice !== undefined) {
    return false;
  }
  return (
    request.kind === 'MARKET' ||
    isMarketable({ side: request.side, limitPrice: request.price ?? '0', price })
  );
}

/** Whether the price of the moment has reached its trigger; false for what has none. */
export function wouldTrigger(request: NewOrder, price: string): boolean {
  const { stopPrice } = request;
  return stopPrice !== undefined && isStopReached({ side: triggerSide(request), stopPrice, price });
}

/** A take-profit is reached from the other side. */
function triggerSide(order: { readonly kind: OrderKind; readonly side: Side }): Side {
  if (order.kind !== 'TAKE_PROFIT') {
    return order.side;
  }
  return order.side === 'buy' ? 'sell' : 'buy';
}

/** The price at which a resting order is reached within a minute: its limit's, or its trigger's; else null. */
export function reachedPrice(order: EngineOrder, bar: Candle): string | null {
  const { side, stopPrice } = order;
  return stopPrice === undefined || order.triggeredAt !== undefined
    ? limitFillPrice({ side, limitPrice: order.price.toFixed(), bar })
    : stopReachedPrice({ side: triggerSide(order), stopPrice: stopPrice.toFixed(), bar });
}

/** The price at which a resting order is reckoned: its limit, or its trigger. */
export function restingPrice(order: EngineOrder): Decimal {
  return order.kind === 'STOP_LIMIT' ? order.price : (order.stopPrice ?? order.price);
}

/** Whether it waits for the market: what has a limit, and a stop until its trigger is reached. */
export function rests({ kind, triggeredAt }: EngineOrder): boolean {
  return kind === 'STOP_LIMIT' || (kind !== 'MARKET' && triggeredAt === undefined);
}

/** Whether money is locked for it: for spot orders that rest. A contract's margin is reckoned, not locked. */
export function holdsLock(order: EngineOrder): boolean {
  return rests(order) && order.instrument.contract === undefined;
}

/** What so much of an order costs: quote for a purchase, base for a sale; no fee. */
export function lockOf(
  order: EngineOrder,
  quantity: Decimal,
  price: Decimal,
): { asset: string; amount: Decimal } {
  return order.side === 'buy'
    ? { asset: order.instrument.quote, amount: quantity.mul(price) }
    : { asset: order.instrument.base, amount: quantity };
}

/** Whether its plan leaves nothing unfilled, all pieces at once. */
export function fillsWhole({ plan, quantity }: EngineOrder): boolean {
  if (plan === undefined || plan.rest === 'fill') return true;
  const planned = plan.quantities.reduce((sum, piece) => sum.add(piece), new Decimal(0));
  return planned.gte(quantity);
}

/** The quantity the next chance fills: the rest, or the plan's next piece. */
export function nextPiece(order: EngineOrder): Decimal {
  const rest = order.quantity.sub(order.filled);
  if (order.plan === undefined) {
    return rest;
  }
  const [next, ...later] = order.plan.quantities;
  if (next === undefined) {
    return order.plan.rest === 'fill' ? rest : new Decimal(0);
  }
  order.plan = { ...order.plan, quantities: later };
  return Decimal.min(rest, next);
}

/** How far along a bar's path a price is first reached, in quote units, at `least` or later; Infinity where never. */
export function distanceTo(path: readonly number[], price: number, least = 0): number {
  let walked = 0;
  for (const [index, to] of path.entries()) {
    const from = path[index - 1] ?? to;
    const distance = walked + Math.abs(price - from);
    if ((from - price) * (to - price) <= 0 && distance >= least) {
      return distance;
    }
    walked += Math.abs(to - from);
  }
  return Infinity;
}
