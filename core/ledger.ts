/**
 * What fills do to a position and to an account. The only arithmetic of its kind in Keel: storage, the
 * simulator, the paper venue and the backtest all call it.
 *
 * Two identities hold after any sequence of fills, exactly:
 * - realisedPnl = quoteFlow + cost
 * - so, at any mark, realised + unrealised = quoteFlow + quantity × mark = the change of equity.
 */
import { KeelError } from './errors.ts';
import type { Fill } from './fill.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import type { Position } from './position.ts';
import { parseSymbol } from './symbol.ts';

/** The part of a fill that moves money. */
export type BookableFill = Pick<
  Fill,
  'symbol' | 'side' | 'price' | 'quantity' | 'feeAmount' | 'feeAsset'
>;

export interface LedgerEntry {
  readonly asset: string;
  /** Signed: what the account gains of the asset. */
  readonly amount: string;
  readonly kind: 'trade' | 'fee';
}

// Cost is the one figure that needs a division; a fixed number of places keeps every sum after it exact.
const COST_PLACES = 18;

/** A position that never traded. */
export function emptyPosition(symbol: string): Position {
  return { symbol, quantity: '0', cost: '0', realisedPnl: '0', quoteFlow: '0', fees: {} };
}

/** The cost of what is held after a fill: see `applyFill`. */
function nextCost(
  held: Decimal,
  after: Decimal,
  moved: Decimal,
  cost: Decimal,
  tradeFlow: Decimal,
): Decimal {
  if (after.isZero()) return new Decimal(0);
  if (!held.isZero() && held.isNegative() !== after.isNegative()) {
    // Crossed zero: only the share of the trade that opened the other side is cost.
    return tradeFlow.neg().mul(after).div(moved).toDecimalPlaces(COST_PLACES);
  }
  if (after.abs().gte(held.abs())) return cost.minus(tradeFlow);
  return cost.mul(after).div(held).toDecimalPlaces(COST_PLACES);
}

/**
 * Applies one fill to a position by average cost; long, short, and across zero.
 * - A fee in base changes the quantity held; cost stays the quote paid for it.
 * - A fee in quote lowers realised P&L and the quote flow.
 * - A fee in a third asset is recorded in `fees` only.
 *
 * Spot and linear contracts. Throws INVALID_INPUT when the fill is of another symbol.
 */
export function applyFill(position: Position, fill: BookableFill): Position {
  if (fill.symbol !== position.symbol) {
    throw new KeelError(
      'INVALID_INPUT',
      `a fill of ${fill.symbol} cannot change a position in ${position.symbol}; pass that symbol's position`,
    );
  }
  const { base, quote } = parseSymbol(fill.symbol);
  const fee = decimal(fill.feeAmount);
  const traded = decimal(fill.side === 'buy' ? fill.quantity : `-${fill.quantity}`);
  const tradeFlow = traded.mul(fill.price).neg();

  const held = decimal(position.quantity);
  const moved = fill.feeAsset === base ? traded.minus(fee) : traded;
  const quantity = held.plus(moved);
  const cost = nextCost(held, quantity, moved, decimal(position.cost), tradeFlow);
  const quoteFee = fill.feeAsset === quote ? fee : new Decimal(0);
  const quoteFlow = decimal(position.quoteFlow).plus(tradeFlow).minus(quoteFee);
  const fees = fee.isZero()
    ? position.fees
    : {
        ...position.fees,
        [fill.feeAsset]: toDecimalString(decimal(position.fees[fill.feeAsset] ?? '0').plus(fee)),
      };
  return {
    symbol: position.symbol,
    quantity: toDecimalString(quantity),
    cost: toDecimalString(cost),
    realisedPnl: toDecimalString(quoteFlow.plus(cost)),
    quoteFlow: toDecimalString(quoteFlow),
    fees,
  };
}

/**
 * The account's movements by one fill: base, quote, and the fee unless it is zero. The balance of an asset
 * is its opening balance plus the sum of its entries.
 */
export function ledgerEntries(fill: BookableFill): LedgerEntry[] {
  const { base, quote } = parseSymbol(fill.symbol);
  const traded = decimal(fill.side === 'buy' ? fill.quantity : `-${fill.quantity}`);
  const entries: LedgerEntry[] = [
    { asset: base, amount: toDecimalString(traded), kind: 'trade' },
    { asset: quote, amount: toDecimalString(traded.mul(fill.price).neg()), kind: 'trade' },
  ];
  const fee = decimal(fill.feeAmount);
  if (!fee.isZero()) {
    entries.push({ asset: fill.feeAsset, amount: toDecimalString(fee.neg()), kind: 'fee' });
  }
  return entries;
}

/** Quote paid per base unit held, `null` when flat. Rounded to 18 places. */
export function averageCost(position: Position): string | null {
  const quantity = decimal(position.quantity);
  if (quantity.isZero()) return null;
  return toDecimalString(decimal(position.cost).div(quantity).toDecimalPlaces(COST_PLACES));
}

/** What closing at `mark` would earn, in quote and before fees. */
export function unrealisedPnl(position: Position, mark: string): string {
  return toDecimalString(decimal(position.quantity).mul(mark).minus(position.cost));
}
