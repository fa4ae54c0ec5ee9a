/**
 * `npm start`: the whole main job on this machine. Servers, simulator, workers, two strategies, one recorded
 * day, a summary, and links; then it stays up until Ctrl-C.
 *
 * The venue is the simulator, spoken to by the real Binance adapter. What it and the books hold is kept under
 * the data folder, so that a second run goes on with the next recorded day.
 */
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { KeelError } from '../core/errors.ts';
import { CODEC_PATH } from '../api/codec.ts';
import { freePort, LOOPBACK } from '../stack/ports.ts';
import { StackError } from '../stack/stack-error.ts';
import { startStack, withoutPassword } from '../stack/stack.ts';
import type { DemoEncryption } from './demo/config.ts';
import { payloadKeys } from './demo/payload-keys.ts';
import { openSession, tradeDay, type Day, type Session } from './demo/session.ts';
import { stopDemoStrategies } from './demo/strategies.ts';
import { formatSummary, progressText } from './demo/summary.ts';
import { createTerminal, type Terminal } from './demo/terminal.ts';

interface StartOptions {
  readonly once?: true;
  readonly native?: true;
  readonly fresh?: true;
  readonly encrypt?: true;
  readonly bars: number;
  readonly speed: number;
  readonly dataDir: string;
  readonly strategyPath?: readonly string[];
}

const DAY_BARS = 1440;
const BAR_MS = 60_000;

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) {
    throw new InvalidArgumentError(`"${value}" is not a whole number of 0 or more`);
  }
  return number;
}

const program = new Command('npm start --')
  .description('Run the embedded stack, replay a recorded day, trade it with two strategies.')
  .option(
    '--once',
    'stop after the summary; exit code 1 if books and venue differ or an order is open',
  )
  .option('--native', 'real Kafka and Redis, every worker a process of its own')
  .option('--fresh', 'forget earlier runs: delete the data folder first')
  .option('--encrypt', 'from now on encrypt what Temporal stores; its UI asks the API to decode it')
  .option('--bars <n>', 'minutes to replay', wholeNumber, DAY_BARS)
  .option('--speed <n>', 'times real speed; 0 is as fast as the pipeline allows', wholeNumber, 0)
  .option('--strategy-path <path...>', 'files with your own strategies, or folders of such files')
  .option('--data-dir <path>', 'where servers and simulator keep their data', '.keel');

async function main(options: StartOptions): Promise<number> {
  const terminal = createTerminal();
  const mode = options.native === true ? 'native' : 'embedded';
  const dataDir = resolve(options.dataDir);
  if (options.fresh === true) await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  terminal.line(`Keel · ${mode} stack · data in ${dataDir}`);

  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      interrupted.abort();
    });
  }

  const encryption = await encryptionOf(dataDir, options);
  const stack = await startStack({
    mode,
    dataDir,
    codecEndpoint: encryption && `http://${LOOPBACK}:${String(encryption.apiPort)}${CODEC_PATH}`,
    onProgress: (text) => {
      terminal.line(`    ${text}`);
    },
  });
  try {
    terminal.step(
      'servers',
      `${withoutPassword(stack.postgresUrl)}, Temporal ${stack.temporalAddress}`,
    );
    const session = await openSession({
      mode,
      stack,
      dataDir,
      encryption,
      strategyPath: (options.strategyPath ?? []).map((path) => resolve(path)),
      // Where somebody chose the folder, `keel data import` with KEEL_DATA_DIR set to it puts bars there.
      libraryDir: program.getOptionValueSource('dataDir') === 'cli' ? dataDir : undefined,
      onStep: (name, detail) => {
        terminal.step(name, detail);
      },
    });
    try {
      const day = await trade(session, options, terminal, interrupted.signal);
      tellDay(day, terminal);
      tellLinks(session, stack.temporalUiUrl, terminal);
      if (options.once !== true && !interrupted.signal.aborted) {
        terminal.line('\nUp until Ctrl-C.');
        await Promise.race([once(interrupted.signal, 'abort'), stack.lost.then(throwIt)]);
        terminal.line('Stopping …');
      }
      await stopDemoStrategies(session.api);
      return day.audit.differences.length === 0 ? 0 : 1;
    } finally {
      await session.close();
    }
  } finally {
    await stack.stop();
  }
}

/** Temporal's web UI starts before the API and is told its address, so the port is chosen here. */
async function encryptionOf(
  dataDir: string,
  options: StartOptions,
): Promise<DemoEncryption | undefined> {
  const settings = payloadKeys(dataDir, options.encrypt === true);
  return settings && { settings, apiPort: await freePort() };
}

function throwIt(error: Error): never {
  throw error;
}

async function trade(
  session: Session,
  options: StartOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Day> {
  let counted = '';
  let countedAt = 0;
  const day = await tradeDay(session, {
    bars: options.bars,
    pauseMs: options.speed === 0 ? 0 : BAR_MS / options.speed,
    signal,
    onStart: (runs) => {
      terminal.step('strategies', `${[...runs.keys()].join(', ')} running\n`);
    },
    onBar: async (played, state, runs) => {
      // Counting is for a person's eye: twice a second is enough.
      if (Date.now() - countedAt > 500) {
        counted = await progressText(session.repositories, runs);
        countedAt = Date.now();
      }
      const at = new Date(state.marketTime).toISOString().slice(0, 16).replace('T', ' ');
      terminal.progress(
        played / options.bars,
        `${at}  ${String(played)}/${String(options.bars)} bars  ${counted}`,
      );
    },
  });
  terminal.endProgress();
  return day;
}

function tellDay(day: Day, terminal: Terminal): void {
  const { audit } = day;
  terminal.line(`\n${String(day.played)} bars in ${(day.tookMs / 1000).toFixed(1)} s`);
  terminal.line(formatSummary(day.summaries));
  terminal.line();
  for (const difference of audit.differences) terminal.line(`  ✘ ${difference}`);
  if (audit.differences.length === 0) {
    terminal.step(
      'books',
      `${String(audit.orders)} orders, ${String(audit.legs)} venue orders, ${String(audit.fills)} fills: ` +
        'all final, and the ledger agrees with the venue to the last digit',
    );
  }
}

function tellLinks(session: Session, temporalUiUrl: string, terminal: Terminal): void {
  const { namespace } = session.config.temporal;
  terminal.line(`\n  Temporal UI   ${temporalUiUrl}/namespaces/${namespace}/workflows`);
  terminal.line(`  API page      ${session.api.url}/docs`);
  terminal.line(`  metrics       ${session.api.url}/metrics`);
  if (session.firstPassword !== undefined) {
    terminal.line(`  log in as     admin, password ${session.firstPassword} (told this once)`);
  }
  if (session.config.temporal.encryption !== undefined) {
    terminal.line(
      '  encrypted     to read payloads in the Temporal UI, log in at the API page with the',
    );
    terminal.line(
      '                same browser; then, at the glasses on top of the UI: "Use my browser',
    );
    terminal.line(`                setting", ${session.api.url}${CODEC_PATH},`);
    terminal.line('                "Include cross-origin credentials", Apply');
  }
  terminal.line('  from here     npm run keel -- status');
}

program.parse();
main(program.opts<StartOptions>()).then(
  (code) => {
    process.exit(code);
  },
  (error: unknown) => {
    const known = error instanceof KeelError || error instanceof StackError;
    process.stderr.write(
      `\nnpm start failed. ${known ? error.message : String((error as Error).stack)}\n`,
    );
    process.exit(1);
  },
);
