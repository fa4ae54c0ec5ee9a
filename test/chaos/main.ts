/**
 * `npm run chaos -- --orders 1000 --seed 7 --minutes 20`: the native stack under faults and kills, then the
 * verdict. Exit code 0 when nothing is wrong, 1 when something is, 2 for a wrong flag.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { KeelError } from '../../core/errors.ts';
import { runChaos } from './chaos-run.ts';
import { formatChaos } from './report.ts';

interface Flags {
  readonly orders: number;
  readonly seed: number;
  readonly minutes: number;
  readonly kills?: number;
  readonly intensity: number;
  readonly keep?: true;
}

const KILLS_A_MINUTE = 4;
const QUIET_TIMEOUT_MS = 5 * 60_000;

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`"${text}" is not a whole number of ${String(least)} or more`);
    }
    return value;
  };
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(
        `"${text}" is not a number from ${String(least)} to ${String(most)}`,
      );
    }
    return value;
  };
}

const program = new Command('npm run chaos --')
  .description(
    'Trade on the native stack while the venue fails and processes are killed; then audit it.',
  )
  .option('--orders <n>', 'signals to send', whole(1), 100)
  .option(
    '--seed <n>',
    'draws orders, faults and kills; give it again to repeat a failure',
    whole(0),
    1,
  )
  .option('--minutes <n>', 'wall-clock minutes over which they are spread', number(0.1, 600), 2)
  .option('--kills <n>', `default: ${String(KILLS_A_MINUTE)} a minute`, whole(0))
  .option('--intensity <share>', "share of the venue's calls that fail", number(0, 0.9), 0.35)
  .option('--keep', 'leave the data folder, with its logs, behind')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

async function main(flags: Flags): Promise<number> {
  const { orders, seed, minutes, intensity } = flags;
  const kills = flags.kills ?? Math.round(minutes * KILLS_A_MINUTE);
  const dataDir = mkdtempSync(join(tmpdir(), 'keel-chaos-'));
  // PostgreSQL, run as another user where we are root, must be able to walk in.
  chmodSync(dataDir, 0o755);
  process.stdout.write(
    `Keel · chaos · ${String(orders)} orders, ${String(kills)} kills, ${String(minutes)} min, seed ${String(seed)} · ${dataDir}\n`,
  );
  try {
    const result = await runChaos({
      orders,
      seed,
      spanMs: minutes * 60_000,
      kills,
      intensity,
      quietTimeoutMs: QUIET_TIMEOUT_MS,
      dataDir,
      onProgress: (text) => {
        process.stdout.write(`    ${text}\n`);
      },
    });
    process.stdout.write(`${formatChaos(result)}\n`);
    process.stdout.write(
      `\nThe same again: npm run chaos -- --orders ${String(orders)} --seed ${String(seed)} --minutes ${String(minutes)} --kills ${String(kills)} --intensity ${String(intensity)}\n`,
    );
    return result.wrong.length === 0 ? 0 : 1;
  } finally {
    if (flags.keep !== true) rmSync(dataDir, { recursive: true, force: true });
  }
}

program.parse();
main(program.opts<Flags>()).then(
  (code) => {
    process.exit(code);
  },
  (error: unknown) => {
    process.stderr.write(
      `\nnpm run chaos failed. ${error instanceof KeelError ? error.message : String((error as Error).stack)}\n`,
    );
    process.exit(1);
  },
);
