/** What a strategy is told of funding in a backtest. */
import type { AuxValue } from '../strategies/base-strategy.ts';
import { fundingName } from '../strategies/aux-names.ts';
import { AuxSeries } from '../strategies/aux-series.ts';
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
    funding.map(({ symbol, at, rate }) => [
      fundingName({ exchange, symbol }),
      new AuxSeries(at, rate.map(Number)),
    ]),
  );
  return (name, now) => byName.get(name)?.lastBy(now);
}
