/**
 * `npm run bench`: ratios against bare baselines, measured turn about in one run on the native stack. Prints
 * a table and writes bench/results.json. Read the ratios; the absolutes are this machine's.
 * `npm run bench -- orders bus` measures those parts alone, and writes nothing; `engine`, `bars` and `sweep` need
 * no servers.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSession, type Session } from '../../cli/demo/session.ts';
import { startDemoStrategies } from '../../cli/demo/strategies.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { benchBars } from './bars.ts';
import { benchBus } from './bus.ts';
import { benchEngine, engineText, type EngineFigures } from './engine.ts';
import { benchHalt } from './halt.ts';
import { benchKlines } from './klines.ts';
import { benchOrders } from './orders.ts';
import { median, ratioOf, roundsOf, type Measured as Ratios } from './ratio.ts';
import { benchSweep } from './sweep.ts';

const RESULTS = fileURLToPath(new URL('../../bench', import.meta.url));

/** The bench asks for more than a real account may: what it measures is Keel. */
const LIMITS = { weightPerMinute: 1_000_000, ordersPer10Seconds: 100_000 };

const STRATEGY = 'sma-cross-btc';

interface Measured extends Ratios {
  readonly engine?: EngineFigures['engine'];
}

type Part = (session: Session, stack: Stack) => Promise<Measured>;

/** By the name that the command line takes, in the order in which they run. */
const WITH_SERVERS: Readonly<Record<string, Part>> = {
  orders: (session) => benchOrders(session, STRATEGY),
  klines: async (session, stack) => ({
    figures: [await benchKlines(stack.postgresUrl, session.repositories.klines)],
  }),
  bus: async (_session, stack) => ({
    figures: [await benchBus(stack.kafkaBrokers ?? [], String(Date.now()))],
  }),
  halts: async (session) => ({ figures: [await benchHalt(session, STRATEGY)] }),
};
const WITHOUT: Readonly<Record<string, () => Measured | Promise<Measured>>> = {
  sweep: () => ({ figures: [benchSweep()] }),
  bars: () => ({ figures: benchBars() }),
  engine: benchEngine,
};

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The parts that are asked for, one after another. */
async function measureEach<A extends unknown[]>(
  parts: Readonly<Record<string, (...given: A) => Measured | Promise<Measured>>>,
  asked: readonly string[],
  ...given: A
): Promise<Measured> {
  let all: Measured = { figures: [] };
  for (const [name, part] of Object.entries(parts)) {
    if (!asked.includes(name)) continue;
    say(`${name} …`);
    all = joined(all, await part(...given));
  }
  return all;
}

function joined(one: Measured, other: Measured): Measured {
  return { ...one, ...other, figures: [...one.figures, ...other.figures] };
}

async function measureWithServers(dataDir: string, asked: readonly string[]): Promise<Measured> {
  if (!asked.some((name) => name in WITH_SERVERS)) return { figures: [] };
  say('starting the native stack …');
  const stack = await startStack({ mode: 'native', dataDir, environment: {} });
  try {
    // Workers of the embedded kind: the order bench measures the workflow, not the number of processes.
    const session = await openSession({ mode: 'embedded', stack, dataDir, onStep: say, limits: LIMITS });
    try {
      await startDemoStrategies(session.api);
      return await measureEach(WITH_SERVERS, asked, session, stack);
    } finally {
      await session.close();
    }
  } finally {
    await stack.stop();
  }
}

const known = [...Object.keys(WITH_SERVERS), ...Object.keys(WITHOUT)];
const wanted = process.argv.slice(2);
const strange = wanted.filter((name) => !known.includes(name));
if (strange.length > 0) {
  say(`the bench has no part ${strange.join(', ')}; its parts are ${known.join(', ')}`);
  process.exit(2);
}
const asked = wanted.length === 0 ? known : wanted;

const dataDir = mkdtempSync(join(tmpdir(), 'keel-bench-'));
chmodSync(dataDir, 0o755);
try {
  const served = await measureWithServers(dataDir, asked);
  const measured = joined(served, await measureEach(WITHOUT, asked));
  const { engine, figures, historyEvents } = measured;
  console.table(
    figures.map((figure) => ({
      figure: figure.name,
      ratio: ratioOf(figure).toFixed(2),
      rounds: roundsOf(figure)
        .map((ratio) => ratio.toFixed(2))
        .join(' '),
      keel: `${median(figure.keel).toFixed(0)} ${figure.unit}`,
      baseline: `${median(figure.baseline).toFixed(0)} ${figure.unit}`,
    })),
  );
  if (historyEvents !== undefined)
    process.stdout.write(`history events of a plain market order: ${String(historyEvents)}\n`);
  if (engine !== undefined) process.stdout.write(engineText(engine));
  if (wanted.length === 0) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(
      join(RESULTS, 'results.json'),
      `${JSON.stringify({ at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, ...measured }, null, 2)}\n`,
    );
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(0);
