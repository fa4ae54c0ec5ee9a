/** What follows from one order's own terms: what it locks, whether it fills at a price, and how much at once. */
import { isMarketable } from '../core/fill-model.ts';
import { Decimal, decimal, floorToStep } from '../core/money.ts';
import type { EngineOrder, NewOrder } from './orders.ts';

/** The engine's refusals; no order exists after one. */
export class Refusal extends Error {
  readonly reason: 'INSUFFICIENT_BALANCE' | 'DUPLICATE' | 'WOULD_MATCH' | 'TOO_SMALL';

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
    quantity,
    quoteQuantity: decimal(request.quoteQuantity ?? '0'),
    placedAt: at,
    state: 'NEW',
    filled: new Decimal(0),
    filledQuote: new Decimal(0),
    updatedAt: at,
    plan: request.fillPlan,
  };
}

/** Whether it would fill at the price of the moment. */
export function isMarketableNow(request: NewOrder, price: string): boolean {
  return (
    request.kind === 'MARKET' ||
    isMarketable({ side: request.side, limitPrice: request.price ?? '0', price })
  );
}

/** The price at which an order is reckoned: its own limit, or what it fills at. */
export function lockPrice(order: EngineOrder, fillPrice: Decimal): Decimal {
  return order.kind === 'MARKET' ? fillPrice : order.price;
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

/** How far along a bar's path a price is first reached, in quote units. */
export function distanceTo(path: readonly number[], price: number): number {
  let walked = 0;
  for (const [index, to] of path.entries()) {
    const from = path[index - 1] ?? to;
    if ((from - price) * (to - price) <= 0) {
      return walked + Math.abs(price - from);
    }
    walked += Math.abs(to - from);
  }
  return walked;
}
