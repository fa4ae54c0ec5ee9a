/** Where the `keel` command finds the API: environment first, then the file `keel login` and `npm start` write. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';

const savedSchema = z.strictObject({ url: z.url(), token: z.string().min(1) });
/** API root without a trailing slash, and the token to send. */
export type CliSettings = Readonly<z.infer<typeof savedSchema>>;

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as none. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The data folder: KEEL_DATA_DIR, or `.keel` here. */
export function dataFolder(environment: Environment = process.env): string {
  return given(environment, 'KEEL_DATA_DIR') ?? '.keel';
}

/** Where bars are kept: `bars` in KEEL_DATA_DIR, else in `keel` in the user's data folder, shared by all clones. */
export function barFolder(environment: Environment = process.env): string {
  const dataHome = given(environment, 'XDG_DATA_HOME') ?? join(homedir(), '.local', 'share');
  return join(given(environment, 'KEEL_DATA_DIR') ?? join(dataHome, 'keel'), 'bars');
}

function settingsFile(folder: string): string {
  return join(folder, 'cli.json');
}

/** Readable by its owner only: it holds a token. */
export function saveCliSettings(folder: string, settings: CliSettings): string {
  mkdirSync(folder, { recursive: true });
  const file = settingsFile(folder);
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  // `mode` counts only for a file that is new.
  chmodSync(file, 0o600);
  return file;
}

function readSaved(file: string): CliSettings | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new KeelError(
      'CONFIG_INVALID',
      `${file} cannot be read; delete it and run \`keel login\``,
      {
        cause: error,
      },
    );
  }
}

/** KEEL_API_URL and KEEL_TOKEN go before the file; `token` is absent where nobody logged in. */
export function loadCliSettings(environment: Environment = process.env): {
  readonly url: string;
  readonly token?: string;
} {
  const saved = readSaved(settingsFile(dataFolder(environment)));
  const url = (given(environment, 'KEEL_API_URL') ?? saved?.url ?? DEFAULT_URL).replace(/\/+$/, '');
  const token = given(environment, 'KEEL_TOKEN') ?? saved?.token;
  return token === undefined ? { url } : { url, token };
}
