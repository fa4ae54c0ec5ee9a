/**
 * The backtest engine against a bare event loop, SMA(10) over SMA(30) on a million bars, in CPU time: cold (each
 * run in a fresh process) and warm (many runs in a process, each loop in its own, for the garbage of one would be
 * collected at the cost of the other); its memory, its cost a bar from ten thousand to ten million bars, and ten
 * markets at once. `npm run bench -- engine` runs it alone; it needs no servers.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildResult } from './engine-child.ts';
import { median, type Ratio } from './ratio.ts';

const CHILD = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
const BARS = 1_000_000;
const COLD_PROCESSES = 15;
const WARM_PROCESSES = 3;
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

function child(what: 'bare' | 'keel' | 'markets', bars: number, rounds: number): ChildResult {
  const args = ['--disable-warning=ExperimentalWarning', CHILD, what, String(bars), String(rounds)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as ChildResult;
}

const perSecond = (milliseconds: number): number => BARS / (milliseconds / 1000);

/** Turn about, each in a process of its own; a process's first `warming` rounds are not counted. */
function pairs(processes: number, rounds: number, warming: number): { bare: ChildResult[]; keel: ChildResult[] } {
  const both: { bare: ChildResult[]; keel: ChildResult[] } = { bare: [], keel: [] };
  for (let each = 0; each < processes; each += 1) {
    const [bare, keel] = [child('bare', BARS, rounds), child('keel', BARS, rounds)];
    // Both did the work: they made the same fills.
    if (bare.fills !== keel.fills) {
      throw new Error(`${String(keel.fills)} fills in the engine, ${String(bare.fills)} in the bare loop`);
    }
    both.bare.push({ ...bare, ms: bare.ms.slice(warming) });
    both.keel.push({ ...keel, ms: keel.ms.slice(warming) });
  }
  return both;
}

const readings = (results: readonly ChildResult[]): number[] => results.flatMap(({ ms }) => ms).map(perSecond);

export function benchEngine(): EngineFigures {
  const cold = pairs(COLD_PROCESSES, 1, 0);
  const warm = pairs(WARM_PROCESSES, WARM_ROUNDS, WARMING);
  const markets = Array.from({ length: 3 }, () => child('markets', BARS, 1));
  return {
    figures: [
      {
        name: 'engine against a bare loop, warm',
        unit: 'bars/s',
        keel: readings(warm.keel),
        baseline: readings(warm.bare),
      },
      {
        name: 'engine against a bare loop, cold',
        unit: 'bars/s',
        keel: readings(cold.keel),
        baseline: readings(cold.bare),
      },
    ],
    engine: {
      memoryMb: Math.round(median(cold.keel.map(({ memoryMb }) => memoryMb))),
      linearity: LENGTHS.map(([bars, rounds]) => {
        // The least of the rounds: what else runs on the machine, and the compiler, only add.
        const least = Math.min(...child('keel', bars, rounds).ms);
        return { bars, nanosecondsPerBar: Math.round((least * 1e6) / bars) };
      }),
      tenMarketsBarsPerSecond: Math.round(
        perSecond(median(markets.flatMap(({ ms }) => ms))),
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
