/** What a strategy is told of funding in a backtest. */
import type { AuxValue } from '../strategies/base-strategy.ts';
import { fundingName } from '../strategies/aux-names.ts';
import type { FundingSeries } from './contracts.ts';

/**
 * Answers `ctx.aux('funding:<exchange>:<symbol>')` with the last rate that was published by then, never a later
 * one; undefined before the first, and for every other name. A rate as a fraction, positive where longs pay.
 */
export function fundingAux(
  funding: readonly FundingSeries[],
  exchange: string,
): (name: string, now: number) => AuxValue | undefined {
  const byName = new Map(
    funding.map((series) => [fundingName({ exchange, symbol: series.symbol }), series]),
  );
  return (name, now) => {
    const series = byName.get(name);
    if (series === undefined) return undefined;
    let low = 0;
    let high = series.at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((series.at[middle] ?? Infinity) <= now) low = middle + 1;
      else high = middle;
    }
    const publishedAt = series.at[low - 1];
    if (publishedAt === undefined) return undefined;
    return { value: Number(series.rate[low - 1]), publishedAt };
  };
}
