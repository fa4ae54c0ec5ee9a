/**
 * `npx node test/bench/indicators.ts`: nanoseconds a value of Keel's indicators and of the library
 * `trading-signals`, on the same walk, turn about. The least of the rounds, for what else runs
 * on the machine only ever adds. Needs no servers.
 */
import { cpus } from 'node:os';
import { ATR, EMA, RSI, SMA } from 'trading-signals';
import { atrNext, atrStart } from '../../core/indicators/atr.ts';
import { emaNext, emaStart } from '../../core/indicators/ema.ts';
import { rsiNext, rsiStart } from '../../core/indicators/rsi.ts';
import { smaNext, smaStart } from '../../core/indicators/sma.ts';

const VALUES = 100_000;
const ROUNDS = 25;

interface WalkBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** A walk that is the same every time: 48 bits of a linear congruential generator. */
function walk(): WalkBar[] {
  let seed = 1n;
  let close = 50_000;
  return Array.from({ length: VALUES }, () => {
    seed = (seed * 25_214_903_917n + 11n) & 0xffff_ffff_ffffn;
    const open = close;
    close += Number(seed >> 16n) / 2 ** 31 - 1;
    return { open, high: Math.max(open, close) + 1, low: Math.min(open, close) - 1, close };
  });
}

/** Each makes a fresh indicator and returns what takes one bar. */
type Maker = () => (bar: WalkBar) => number | null;

function contestants(period: number): [name: string, keel: Maker, library: Maker][] {
  return [
    [
      `SMA(${String(period)})`,
      () => {
        const state = smaStart(period);
        return (bar) => smaNext(state, bar.close);
      },
      () => {
        const other = new SMA(period);
        return (bar) => other.add(bar.close);
      },
    ],
    [
      `EMA(${String(period)})`,
      () => {
        const state = emaStart(period);
        return (bar) => emaNext(state, bar.close);
      },
      () => {
        const other = new EMA(period);
        return (bar) => other.add(bar.close);
      },
    ],
    [
      `RSI(${String(period)})`,
      () => {
        const state = rsiStart(period);
        return (bar) => rsiNext(state, bar.close);
      },
      () => {
        const other = new RSI(period);
        return (bar) => other.add(bar.close);
      },
    ],
    [
      `ATR(${String(period)})`,
      () => {
        const state = atrStart(period);
        return (bar) => atrNext(state, bar);
      },
      () => {
        const other = new ATR(period);
        return (bar) => other.add(bar);
      },
    ],
  ];
}

function nanosecondsOf(make: Maker, bars: readonly WalkBar[]): { ns: number; last: number } {
  const next = make();
  let last = Number.NaN;
  const began = process.hrtime.bigint();
  for (const bar of bars) last = next(bar) ?? Number.NaN;
  return { ns: Number(process.hrtime.bigint() - began) / bars.length, last };
}

const bars = walk();
const rows = [14, 200].flatMap((period) =>
  contestants(period).map(([indicator, keel, library]) => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const a = nanosecondsOf(keel, bars);
      const b = nanosecondsOf(library, bars);
      // Both did the work: they end on the same value.
      if (Math.abs(a.last - b.last) > 1e-6 * Math.abs(b.last)) {
        throw new Error(`${indicator}: ${String(a.last)} here, ${String(b.last)} there`);
      }
      ours.push(a.ns);
      theirs.push(b.ns);
    }
    const [keelNs, libraryNs] = [Math.min(...ours), Math.min(...theirs)];
    return {
      indicator,
      'keel, ns': keelNs.toFixed(0),
      'library, ns': libraryNs.toFixed(0),
      'library / keel': (libraryNs / keelNs).toFixed(1),
    };
  }),
);
process.stdout.write(`${cpus()[0]?.model ?? '?'}, Node ${process.version}\n`);
console.table(rows);
