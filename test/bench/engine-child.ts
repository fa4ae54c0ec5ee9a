/**
 * One measurement of the engine's bench in a process of its own: `node engine-child.ts WHAT BARS ROUNDS` prints
 * CPU milliseconds of each round, fills and memory as JSON. CPU time, the collector's and the compiler's threads
 * too: what else runs on the machine is in the time by the clock.
 */
import { type CountFills, crossBare, crossKeel, tenMarkets, walk } from './engine-workloads.ts';

export interface ChildResult {
  readonly ms: readonly number[];
  readonly fills: number;
  /** Peak resident memory above what was resident when the bars were there. */
  readonly memoryMb: number;
}

const MARKETS = 10;

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const [what = 'keel', bars = '1000', rounds = '1'] = process.argv.slice(2);
const length = Number(bars);
const series =
  what === 'markets'
    ? Array.from({ length: MARKETS }, (_, index) => walk(`C${String(index)}/USDT`, '5m', length / MARKETS, index + 1))
    : [walk('BTC/USDT', '1m', length)];
const [first] = series;
if (first === undefined) throw new Error('no bars');

const run = (): CountFills => {
  if (what === 'bare') return crossBare(first);
  return what === 'markets' ? tenMarkets(series) : crossKeel(first);
};

const heldMb = process.memoryUsage.rss() / 2 ** 20;
const ms: number[] = [];
/** Of the last round: as objects, those of each would be collected in the next. */
let countFills: CountFills = () => 0;
for (let round = 0; round < Number(rounds); round += 1) {
  ms.push(cpuMs(() => (countFills = run())));
}
const fills = countFills();
const memoryMb = process.resourceUsage().maxRSS / 1024 - heldMb;
process.stdout.write(JSON.stringify({ ms, fills, memoryMb } satisfies ChildResult));
