#!/usr/bin/env node
/**
 * The `keel` command: a client of the HTTP API, and research on this machine (data, backtests). Exit codes:
 * 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 the state does not allow it, 5 no token or not
 * allowed, 6 not to be reached.
 */
import { Command, CommanderError } from 'commander';
import { dataFolder, loadCliSettings } from '../config/cli-settings.ts';
import { type ErrorCode, KeelError } from '../core/errors.ts';
import { CliError, createApiClient, EXIT, type ExitCode } from './api-client.ts';
import { addCommands } from './command-groups.ts';
import { progressLine } from './progress.ts';
import type { Io, Session } from './session.ts';
import { USUAL_WIDTH } from './tables.ts';

/** Runs one command line (without `node keel`) and gives its exit code; never throws. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const json = asksForJson(args);
  let exit: ExitCode = EXIT.ok;
  const findingsFail = (): void => {
    exit = EXIT.failure;
  };
  try {
    const program = await createProgram(args, io, findingsFail);
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    io.progress?.('');
    return tell(error, io, json);
  }
}

function asksForJson(args: readonly string[]): boolean {
  return args.includes('--json');
}

async function createProgram(
  args: readonly string[],
  io: Io,
  findingsFail: () => void,
): Promise<Command> {
  const json = asksForJson(args);
  const program = new Command('keel')
    .description('Backtest strategies; start, stop and see a Keel house from a terminal.')
    .option('--json', 'print JSON instead of tables')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        io.out(text.trimEnd());
      },
      writeErr: (text) => {
        if (!json) io.err(text.trimEnd());
      },
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 the state does not allow it,\n' +
        '5 no token or not allowed, 6 not to be reached.\n' +
        'KEEL_API_URL and KEEL_TOKEN go before what `keel login` or `npm start` stored in .keel/cli.json.',
    );
  const session: Session = {
    io,
    dataFolder: dataFolder(io.environment),
    width: io.columns ?? USUAL_WIDTH,
    api() {
      const { url, token } = loadCliSettings(io.environment);
      return createApiClient(url, token);
    },
    print(data, text) {
      io.out(json ? JSON.stringify(data, null, 2) : text(data));
    },
    findingsFail,
  };
  await addCommands(program, session, args);
  settle(program.commands, program);
  return program;
}

/** `--json` works wherever it is written, and every command fails as the program does. */
function settle(commands: readonly Command[], program: Command): void {
  for (const command of commands) {
    command.option('--json', 'print JSON instead of tables').copyInheritedSettings(program);
    settle(command.commands, program);
  }
}

/** Every failure as one shape: `{error: {code, message}}` on standard output with `--json`, else a line. */
function tell(error: unknown, io: Io, json: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version are no failures; the rest commander has told already.
    if (error.exitCode === 0) return EXIT.ok;
    if (json) io.out(JSON.stringify({ error: { code: 'USAGE', message: error.message } }, null, 2));
    return EXIT.usage;
  }
  const { exitCode, code, message } = known(error);
  if (json) io.out(JSON.stringify({ error: { code, message } }, null, 2));
  else io.err(`keel: ${message}${exitCode === EXIT.forbidden ? hint(code) : ''}`);
  return exitCode;
}

/** Of errors that arise here, not at the API; all others are wrong input. */
const EXIT_OF: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  STRATEGY_FAILED: EXIT.failure,
  INTERNAL: EXIT.failure,
  NOT_FOUND: EXIT.notFound,
  CONFLICT: EXIT.conflict,
};

function known(error: unknown): { exitCode: ExitCode; code: string; message: string } {
  if (error instanceof CliError) return error;
  if (error instanceof KeelError) {
    const exitCode = EXIT_OF[error.code] ?? EXIT.usage;
    return { exitCode, code: error.code, message: error.message };
  }
  return {
    exitCode: EXIT.failure,
    code: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
  };
}

function hint(code: string): string {
  return code === 'UNAUTHENTICATED' ? '\nRun `keel login`, or set KEEL_TOKEN.' : '';
}

if (import.meta.main) {
  // Who reads may stop reading, as `| head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const { askSecret } = await import('./secret-prompt.ts');
  const args = process.argv.slice(2);
  process.exitCode = await run(args, {
    environment: process.env,
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    askSecret,
    ...(process.stdout.isTTY ? { columns: process.stdout.columns } : {}),
    ...(process.stderr.isTTY && !asksForJson(args)
      ? {
          progress: progressLine(
            (text) => process.stderr.write(text),
            () => performance.now(),
          ),
        }
      : {}),
  });
}
