/** What trading cost, how much was traded, and how much was held. */
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { BacktestFill, EquityCurve } from '../result.ts';
import { mean } from './risk.ts';

export interface Fees {
  /** Paid in quote, and in base at the fill's price; in quote, exact, rebates deducted. */
  readonly feesPaid: string;
  /** Paid in a third asset, such as BNB, which has no price here: by asset, exact. */
  readonly otherFees: Readonly<Record<string, string>>;
}

/** Adds up the fees of all fills, those of open trades too. */
export function totalFees(fills: readonly BacktestFill[]): Fees {
  let paid = new Decimal(0);
  const others = new Map<string, Decimal>();
  for (const fill of fills) {
    const { base, quote } = parseSymbol(fill.symbol);
    const fee = decimal(fill.feeAmount);
    if (fill.feeAsset === quote) paid = paid.plus(fee);
    else if (fill.feeAsset === base) paid = paid.plus(fee.mul(fill.price));
    else others.set(fill.feeAsset, fee.plus(others.get(fill.feeAsset) ?? 0));
  }
  return {
    feesPaid: toDecimalString(paid),
    otherFees: Object.fromEntries(
      [...others].map(([asset, amount]) => [asset, toDecimalString(amount)]),
    ),
  };
}

export interface Activity {
  /** Quote traded: Σ price × quantity of all fills, exact. */
  readonly volume: string;
  /** Volume / mean equity: how often the worth was traded, both ways counted. Null where mean equity is not above 0. */
  readonly turnover: number | null;
  /** Share of the bars at whose close something was held, 0..1. */
  readonly timeInMarket: number;
  /** Mean of invested / equity over all bars; above 1 only with leverage. Bars with no equity left count as 0. */
  readonly averageInvested: number;
}

/** Turnover after Bacon, Practical Portfolio Performance, 2nd ed., ch. 2, but with buys and sells added up. */
export function activity(fills: readonly BacktestFill[], curve: EquityCurve): Activity {
  const volume = fills.reduce(
    (sum, fill) => sum.plus(decimal(fill.price).mul(fill.quantity)),
    new Decimal(0),
  );
  const bars = curve.at.length;
  let held = 0;
  let invested = 0;
  let equity = 0;
  for (let bar = 0; bar < bars; bar += 1) {
    const value = curve.value[bar] ?? 0;
    const worth = curve.invested[bar] ?? 0;
    equity += value;
    if (worth > 0) held += 1;
    if (value > 0) invested += worth / value;
  }
  return {
    volume: toDecimalString(volume),
    turnover: equity > 0 ? volume.toNumber() / (equity / bars) : null,
    timeInMarket: bars === 0 ? 0 : held / bars,
    averageInvested: bars === 0 ? 0 : invested / bars,
  };
}

/** Mean over the symbols of last price / first price − 1: what holding equal parts of all would have returned. */
export function marketChange(
  markets: readonly { readonly firstPrice: number; readonly lastPrice: number }[],
): number | null {
  if (markets.length === 0) return null;
  return mean(markets.map(({ firstPrice, lastPrice }) => lastPrice / firstPrice - 1));
}
