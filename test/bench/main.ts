/**
 * `npm run bench`: ratios against bare baselines, measured turn about in one run on the native stack. Prints
 * a table and writes bench/results.json. Read the ratios; the absolutes are this machine's.
 * `npm run bench -- engine` measures the backtest engine alone, without servers, and writes nothing.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSession } from '../../cli/demo/session.ts';
import { startDemoStrategies } from '../../cli/demo/strategies.ts';
import { startStack } from '../../stack/stack.ts';
import { benchBars } from './bars.ts';
import { benchBus } from './bus.ts';
import { benchEngine, engineText } from './engine.ts';
import { benchHalt } from './halt.ts';
import { benchKlines } from './klines.ts';
import { benchOrders } from './orders.ts';
import { median, ratioOf, type Ratio } from './ratio.ts';
import { benchSweep } from './sweep.ts';

const RESULTS = fileURLToPath(new URL('../../bench', import.meta.url));

/** The bench asks for more than a real account may: what it measures is Keel. */
const LIMITS = { weightPerMinute: 1_000_000, ordersPer10Seconds: 100_000 };

async function measure(
  dataDir: string,
): Promise<{ readonly figures: readonly Ratio[]; readonly historyEvents: number }> {
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  say('starting the native stack …');
  const stack = await startStack({ mode: 'native', dataDir, environment: {} });
  try {
    // Workers of the embedded kind: the order bench measures the workflow, not the number of processes.
    const session = await openSession({ mode: 'embedded', stack, dataDir, onStep: say, limits: LIMITS });
    try {
      await startDemoStrategies(session.api);
      say('orders …');
      const orders = await benchOrders(session, 'sma-cross-btc');
      say('sweep …');
      const sweep = await benchSweep();
      say('bars …');
      const bars = benchBars();
      say('klines …');
      const klines = await benchKlines(stack.postgresUrl, session.repositories.klines);
      say('bus …');
      const bus = await benchBus(stack.kafkaBrokers ?? [], String(Date.now()));
      say('halts …');
      const halt = await benchHalt(session, 'sma-cross-btc');
      return { figures: [bus, ...orders.figures, halt, klines, ...bars, sweep], historyEvents: orders.historyEvents };
    } finally {
      await session.close();
    }
  } finally {
    await stack.stop();
  }
}

function table(figures: readonly Ratio[]): void {
  console.table(
    figures.map((figure) => ({
      figure: figure.name,
      ratio: ratioOf(figure).toFixed(2),
      keel: `${median(figure.keel).toFixed(0)} ${figure.unit}`,
      baseline: `${median(figure.baseline).toFixed(0)} ${figure.unit}`,
    })),
  );
}

if (process.argv[2] === 'engine') {
  const { figures, engine } = benchEngine();
  table(figures);
  process.stdout.write(engineText(engine));
  process.exit(0);
}

const dataDir = mkdtempSync(join(tmpdir(), 'keel-bench-'));
chmodSync(dataDir, 0o755);
try {
  const { figures: ofServices, historyEvents } = await measure(dataDir);
  process.stderr.write('engine …\n');
  const { figures: ofEngine, engine } = benchEngine();
  const figures = [...ofServices, ...ofEngine];
  table(figures);
  process.stdout.write(`history events of a plain market order: ${String(historyEvents)}\n`);
  process.stdout.write(engineText(engine));
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    join(RESULTS, 'results.json'),
    `${JSON.stringify({ at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, historyEvents, engine, figures }, null, 2)}\n`,
  );
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(0);
