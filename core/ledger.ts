/**
 * What fills do to a position and to an account. The only arithmetic of its kind in Keel: storage, the
 * simulator, the paper venue and the backtest all call it.
 *
 * Two identities hold after any sequence of fills and funding payments, exactly:
 * - realisedPnl = quoteFlow + cost
 * - so, at any mark, realised + unrealised = quoteFlow + quantity × mark = the change of equity.
 *
 * A spot fill moves base against quote. A fill of a linear contract moves only what it realises and its fee,
 * both in the settlement asset.
 */
import { KeelError } from './errors.ts';
import type { AccountTrade, Fill } from './fill.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import type { Position } from './position.ts';
import { isContract, parseSymbol } from './symbol.ts';

/** The part of a fill that moves money. */
export type BookableFill = Pick<
  Fill,
  'symbol' | 'side' | 'price' | 'quantity' | 'feeAmount' | 'feeAsset'
>;

export interface LedgerEntry {
  readonly asset: string;
  /** Signed: what the account gains of the asset. */
  readonly amount: string;
  readonly kind: 'trade' | 'fee' | 'funding';
}

// Cost is the one figure that needs a division; a fixed number of places keeps every sum after it exact.
const COST_PLACES = 18;
// A contract's cost decides what its fills realise, and venues state that to 8 places.
const CONTRACT_COST_PLACES = 8;

/** A position that never traded. */
export function emptyPosition(symbol: string): Position {
  return {
    symbol,
    quantity: '0',
    cost: '0',
    realisedPnl: '0',
    quoteFlow: '0',
    fees: {},
    funding: '0',
  };
}

/** The cost of what is held after a fill: see `applyFill`. */
function nextCost(
  held: Decimal,
  after: Decimal,
  moved: Decimal,
  cost: Decimal,
  tradeFlow: Decimal,
  places: number,
): Decimal {
  if (after.isZero()) return new Decimal(0);
  if (!held.isZero() && held.isNegative() !== after.isNegative()) {
    // Crossed zero: only the share of the trade that opened the other side is cost.
    return tradeFlow.neg().mul(after).div(moved).toDecimalPlaces(places);
  }
  if (after.abs().gte(held.abs())) return cost.minus(tradeFlow);
  return cost.mul(after).div(held).toDecimalPlaces(places);
}

/**
 * Applies one fill to a position by average cost; long, short, and across zero.
 * - A fee in base changes the quantity held, on spot; cost stays the quote paid for it.
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
  const contract = isContract(fill.symbol);
  const fee = decimal(fill.feeAmount);
  const traded = decimal(fill.side === 'buy' ? fill.quantity : `-${fill.quantity}`);
  const tradeFlow = traded.mul(fill.price).neg();

  const held = decimal(position.quantity);
  const moved = fill.feeAsset === base && !contract ? traded.minus(fee) : traded;
  const quantity = held.plus(moved);
  const cost = nextCost(
    held,
    quantity,
    moved,
    decimal(position.cost),
    tradeFlow,
    contract ? CONTRACT_COST_PLACES : COST_PLACES,
  );
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
    funding: position.funding,
  };
}

/** Books funding received (+) or paid (−) on a contract, in its settlement asset. */
export function applyFunding(position: Position, amount: string): Position {
  const quoteFlow = decimal(position.quoteFlow).plus(amount);
  return {
    ...position,
    realisedPnl: toDecimalString(quoteFlow.plus(position.cost)),
    quoteFlow: toDecimalString(quoteFlow),
    funding: toDecimalString(decimal(position.funding).plus(amount)),
  };
}

/** What a contract's fill realises against the position before it, without its fee: nothing while it grows. */
export function realisedByFill(before: Position, fill: BookableFill): string {
  const free = { ...fill, feeAmount: '0' };
  const gained = decimal(applyFill(before, free).realisedPnl).minus(before.realisedPnl);
  return toDecimalString(gained);
}

/**
 * The account's movements by one fill: base, quote, and the fee unless it is zero; of a contract what it
 * realises, unless that is zero, and the fee. The balance of an asset is its opening balance plus the sum of
 * its entries.
 * @param before the position that the fill changes; only a contract's entries depend on it
 */
export function ledgerEntries(fill: BookableFill, before: Position): LedgerEntry[] {
  return [
    ...(isContract(fill.symbol)
      ? contractEntries(fill.symbol, realisedByFill(before, fill))
      : spotEntries(fill)),
    ...feeEntries(fill),
  ];
}

/**
 * The account's movements by a trade that belongs to no position of ours. As `ledgerEntries`; what a contract's
 * trade realised is the venue's word, and nothing where the venue has none.
 */
export function accountTradeEntries(trade: AccountTrade): LedgerEntry[] {
  return [
    ...(isContract(trade.symbol)
      ? contractEntries(trade.symbol, trade.realisedPnl ?? '0')
      : spotEntries(trade)),
    ...feeEntries(trade),
  ];
}

function feeEntries({ feeAmount, feeAsset }: BookableFill): LedgerEntry[] {
  const fee = decimal(feeAmount);
  return fee.isZero() ? [] : [{ asset: feeAsset, amount: toDecimalString(fee.neg()), kind: 'fee' }];
}

function spotEntries(fill: BookableFill): LedgerEntry[] {
  const { base, quote } = parseSymbol(fill.symbol);
  const traded = decimal(fill.side === 'buy' ? fill.quantity : `-${fill.quantity}`);
  return [
    { asset: base, amount: toDecimalString(traded), kind: 'trade' },
    { asset: quote, amount: toDecimalString(traded.mul(fill.price).neg()), kind: 'trade' },
  ];
}

function contractEntries(symbol: string, realised: string): LedgerEntry[] {
  const { settle, quote } = parseSymbol(symbol);
  const amount = toDecimalString(decimal(realised));
  return amount === '0' ? [] : [{ asset: settle ?? quote, amount, kind: 'trade' }];
}

/** Quote paid per base unit held, `null` when flat. Rounded to 18 places. */
export function averageCost(position: Pick<Position, 'quantity' | 'cost'>): string | null {
  const quantity = decimal(position.quantity);
  if (quantity.isZero()) return null;
  return toDecimalString(decimal(position.cost).div(quantity).toDecimalPlaces(COST_PLACES));
}

/** What closing at `mark` would earn, in quote and before fees. */
export function unrealisedPnl(position: Position, mark: string): string {
  return toDecimalString(decimal(position.quantity).mul(mark).minus(position.cost));
}
