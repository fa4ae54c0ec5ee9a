/**
 * Runs the simulated venue alone:
 * `node simulator/main.ts --data data/BTCUSDT-binance-spot-1m-2024-12.csv.gz --speed 60 --port 9080`
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { KeelError } from '../core/errors.ts';
import { type SimulatorOptions, type VenueName, VENUES } from './options.ts';
import { startSimulator } from './server.ts';

interface Flags {
  readonly venue: VenueName;
  readonly data: string[];
  readonly port: number;
  readonly host: string;
  readonly speed?: number;
  readonly stepped?: boolean;
  readonly wait?: boolean;
  readonly startAt?: number;
  readonly warmupBars?: number;
  readonly balance: Record<string, string>;
  readonly feeIn: string;
  readonly feePrice?: Record<string, string>;
  readonly slippageBps: number;
  readonly apiKey?: string;
  readonly secret?: string;
  readonly passphrase?: string;
  readonly stateFile?: string;
}

const program = new Command('simulator')
  .description("A venue that speaks Binance's or OKX's wire protocol over recorded minutes.")
  .requiredOption(
    '--data <file...>',
    'CSV or CSV.gz, as FILE or BTC/USDT=FILE; several share one clock',
  )
  .addOption(new Option('--venue <name>', 'whose protocol').choices(VENUES).default('binance'))
  .option('--port <n>', 'port; 0 is a free one', number, 0)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--speed <n>', 'times real speed; 0 is as fast as it goes', number)
  .option('--stepped', 'move on only by POST /sim/advance (default without --speed)')
  .option('--wait', 'with --speed: wait for POST /sim/start')
  .option(
    '--start-at <time>',
    'first forming minute, milliseconds or ISO; before it is history',
    time,
  )
  .option('--warmup-bars <n>', 'or: so many minutes of history', number)
  .option('--balance <list>', 'opening balances', amounts, { USDT: '100000', BTC: '0' })
  .option('--fee-in <asset>', '"received", or an asset such as BNB', 'received')
  .option('--fee-price <list>', 'price of the fee asset by quote, such as USDT=600', amounts)
  .option('--slippage-bps <n>', 'slippage of market orders', number, 0)
  .option('--api-key <key>', 'default simulator-key')
  .option('--secret <secret>', 'default simulator-secret')
  .option('--passphrase <text>', 'OKX only; default simulator-passphrase')
  .option('--state-file <file>', 'keep orders, balances and market time here');

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError(`"${text}" is no number of zero or more`);
  }
  return value;
}

function time(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError(
      `"${text}" is no time: give milliseconds or 2024-12-10T00:00:00Z`,
    );
  }
  return value;
}

function amounts(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (
    !pairs.every(
      ([asset, amount]) => /^[A-Z0-9]+$/.test(asset ?? '') && /^\d+(\.\d+)?$/.test(amount ?? ''),
    )
  ) {
    throw new InvalidArgumentError(`"${text}" is no list such as USDT=100000,BTC=0.5`);
  }
  return Object.fromEntries(pairs) as Record<string, string>;
}

function optionsOf(flags: Flags): SimulatorOptions {
  const {
    data,
    speed,
    stepped,
    balance,
    feePrice,
    startAt,
    warmupBars,
    apiKey,
    secret,
    passphrase,
    stateFile,
  } = flags;
  return {
    recordings: data.map((entry) => {
      const [, symbol, file] = /^([A-Z0-9]+\/[A-Z0-9]+(?::[A-Z0-9]+)?)=(.+)$/.exec(entry) ?? [];
      return symbol === undefined || file === undefined ? { file: entry } : { symbol, file };
    }),
    venue: flags.venue,
    port: flags.port,
    host: flags.host,
    balances: balance,
    feeIn: flags.feeIn,
    slippageBps: flags.slippageBps,
    pace: speed === undefined || stepped === true ? 'stepped' : { speed },
    ...(feePrice === undefined ? {} : { feeAssetPrices: feePrice }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(warmupBars === undefined ? {} : { warmupBars }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(secret === undefined ? {} : { secret }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(stateFile === undefined ? {} : { stateFile }),
  };
}

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const options = optionsOf(flags);
  const simulator = await startSimulator(options);
  const { marketTime, totalBars } = simulator.state();
  process.stdout.write(
    `${flags.venue} at ${simulator.httpUrl} and ${simulator.wsUrl}; ` +
      `${String(totalBars)} minutes from ${new Date(marketTime).toISOString()}\n`,
  );
  if (options.pace !== 'stepped' && flags.wait !== true) {
    simulator.start();
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void simulator.close();
    });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof KeelError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
