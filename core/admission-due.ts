/** What is due for a signal, in signed base units, by what is held and what is open at the venue. */
import type { AdmissionInput, OpenOrder } from './admission-verdict.ts';
import { Decimal, decimal } from './money.ts';
import { hasLimit } from './order-type.ts';

const ZERO = new Decimal(0);

function signed(order: Pick<OpenOrder, 'side' | 'remaining'>): Decimal {
  const remaining = decimal(order.remaining);
  return order.side === 'buy' ? remaining : remaining.neg();
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), ZERO);
}

/** True when a change by `delta` can only make `position` smaller. */
export function reduces(position: Decimal, delta: Decimal): boolean {
  if (position.isZero() || delta.isZero()) return false;
  return position.isNegative() !== delta.isNegative() && delta.abs().lte(position.abs());
}

/**
 * The sent orders that stand in the way of a target: those on the other side of what is due, and all of
 * them when they have already overshot it.
 * @param without target − position
 * @param due target − position − what is open at the venue
 */
function inTheWay(sent: readonly OpenOrder[], without: Decimal, due: Decimal): OpenOrder[] {
  const direction = due.isZero() ? without : due;
  const overshot =
    direction.isZero() || (!due.isZero() && due.isNegative() !== without.isNegative());
  if (overshot || without.isZero()) return [...sent];
  return sent.filter((order) => signed(order).isNegative() !== direction.isNegative());
}

/** What is due for the signal, in signed base units, before flooring; or the verdict that ends it. */
export function due(
  input: AdmissionInput,
  sent: readonly OpenOrder[],
): { readonly delta: Decimal; readonly reducing: boolean } | { readonly block: readonly string[] } {
  const { wanted } = input.signal;
  const position = decimal(input.position);
  if (wanted.kind === 'target') {
    const without = decimal(wanted.quantity).minus(position);
    const delta = without.minus(sum(sent.map(signed)));
    const blocking = inTheWay(sent, without, delta);
    // A close at market is not met by a limit order that may rest for ever, such as a take-profit.
    if (input.signal.type === 'market' && reduces(position, without)) {
      blocking.push(...sent.filter((order) => hasLimit(order.type) && !blocking.includes(order)));
    }
    if (blocking.length > 0) return { block: blocking.map((order) => order.orderId) };
    return { delta, reducing: reduces(position, delta) };
  }
  const delta = signed({ side: wanted.side, remaining: wanted.quantity });
  const opens = delta.gt(0) ? position.gte(0) : position.lte(0);
  // What it guarded is gone, by a liquidation say: a guard never opens a position.
  if (opens && input.signal.source.kind === 'guard') return { delta: ZERO, reducing: true };
  if (opens) return { delta, reducing: false };
  // A closing order takes what others have not spoken for: min(held, held − open orders on its side).
  const spokenFor = sum(
    input.openOrders.filter((order) => order.side === wanted.side).map((order) => signed(order)),
  );
  const free = Decimal.max(position.abs().minus(spokenFor.abs()), 0);
  const spot = input.instrument.contract === undefined;
  const mayTurn = !spot && input.signal.source.kind !== 'guard';
  if (mayTurn && delta.abs().gt(free)) return { delta, reducing: false };
  const capped = Decimal.min(delta.abs(), free);
  return { delta: delta.isNegative() ? capped.neg() : capped, reducing: true };
}
