/**
 * The backtest engine against a bare event loop, SMA(10) over SMA(30) on a million bars, in CPU time: cold (each
 * run in a fresh process) and warm (turn about in one process); its memory, its cost a bar from ten thousand to ten
 * million bars, and ten markets at once. `npm run bench -- engine` runs it alone; it needs no servers.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildResult } from './engine-child.ts';
import { median, type Ratio } from './ratio.ts';

const CHILD = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
const BARS = 1_000_000;
const COLD_ROUNDS = 5;
const WARM_ROUNDS = 15;
/** Rounds of a warm process that are not counted: the compiler is at work. */
const WARMING = 5;
/** Bars of a run, and the rounds in which it is warm. */
const LENGTHS = [
  [10_000, 60],
  [100_000, 20],
  [1_000_000, 8],
  [10_000_000, 3],
] as const;

export interface EngineFigures {
  readonly figures: readonly Ratio[];
  readonly engine: {
    /** Of a cold run over a million bars, above the bars' own. */
    readonly memoryMb: number;
    readonly linearity: readonly { readonly bars: number; readonly nanosecondsPerBar: number }[];
    /** Ten markets of 100,000 bars of 5m, a strategy with an hourly view; cold. */
    readonly tenMarketsBarsPerSecond: number;
  };
}

function child(what: 'bare' | 'keel' | 'both' | 'markets', bars: number, rounds: number): ChildResult {
  const args = ['--disable-warning=ExperimentalWarning', CHILD, what, String(bars), String(rounds)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as ChildResult;
}

const perSecond = (milliseconds: number): number => BARS / (milliseconds / 1000);

export function benchEngine(): EngineFigures {
  const cold = Array.from({ length: COLD_ROUNDS }, () => ({
    bare: child('bare', BARS, 1),
    keel: child('keel', BARS, 1),
  }));
  const warm = child('both', BARS, WARM_ROUNDS);
  const markets = Array.from({ length: 3 }, () => child('markets', BARS, 1));
  return {
    figures: [
      {
        name: 'engine against a bare loop, warm',
        unit: 'bars/s',
        keel: warm.keelMs.slice(WARMING).map(perSecond),
        baseline: warm.bareMs.slice(WARMING).map(perSecond),
      },
      {
        name: 'engine against a bare loop, cold',
        unit: 'bars/s',
        keel: cold.flatMap(({ keel }) => keel.keelMs).map(perSecond),
        baseline: cold.flatMap(({ bare }) => bare.bareMs).map(perSecond),
      },
    ],
    engine: {
      memoryMb: Math.round(median(cold.map(({ keel }) => keel.memoryMb))),
      linearity: LENGTHS.map(([bars, rounds]) => {
        // The least of the rounds: what else runs on the machine, and the compiler, only add.
        const least = Math.min(...child('keel', bars, rounds).keelMs);
        return { bars, nanosecondsPerBar: Math.round((least * 1e6) / bars) };
      }),
      tenMarketsBarsPerSecond: Math.round(
        perSecond(median(markets.flatMap(({ keelMs }) => keelMs))),
      ),
    },
  };
}

/** What is no ratio, as lines of text. */
export function engineText({ memoryMb, linearity, tenMarketsBarsPerSecond }: EngineFigures['engine']): string {
  const lengths = linearity
    .map(({ bars, nanosecondsPerBar }) => `${String(nanosecondsPerBar)} ns at ${String(bars)}`)
    .join(', ');
  return [
    `engine memory above a million bars: ${String(memoryMb)} MB`,
    `engine, a bar: ${lengths}`,
    `engine, 10 markets of 100000 bars of 5m with 1h, cold: ${String(tenMarketsBarsPerSecond)} bars/s`,
    '',
  ].join('\n');
}
