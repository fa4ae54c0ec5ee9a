/** Studies over made-up bars. */
import { fileURLToPath } from 'node:url';
import type { Study } from '../../backtest/optimise/study.ts';
import { createInstrument } from './market.ts';
import { makeSeries } from './bars.ts';

/** Strategies with faults on purpose. */
export const CHEATS = fileURLToPath(new URL('strategies/cheats.ts', import.meta.url));

/** A strategy over `bars` hours, or minutes for those of CHEATS. */
export function createStudy(
  strategyType: string,
  {
    bars = 2000,
    interval = '1h',
    parameters = {},
  }: {
    readonly bars?: number;
    readonly interval?: '1m' | '1h';
    readonly parameters?: Readonly<Record<string, unknown>>;
  } = {},
): Study {
  return {
    input: {
      strategyType,
      exchange: 'binance',
      series: [makeSeries(bars, { interval, seed: 7 })],
      instruments: { 'BTC/USDT': createInstrument() },
      wallet: '10000',
    },
    parameters: { interval, ...parameters },
    strategyPaths: [CHEATS],
  };
}
