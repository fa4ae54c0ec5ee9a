/**
 * The servers Keel needs, together: `const stack = await startStack({ mode, dataDir })`, then connect to its
 * addresses, and `await stack.stop()`. Embedded: PostgreSQL and Temporal. Native: Kafka and Redis as well.
 */
import { resolve } from 'node:path';
import { migrate } from '../adapters/storage/migrate.ts';
import { claimFolder } from './folder-lock.ts';
import { startKafka } from './kafka.ts';
import { portOf } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import type { OnProgress, Server, ServerName } from './server.ts';
import { StackError, messageOf } from './stack-error.ts';
import { startTemporal } from './temporal.ts';

export type StackMode = 'embedded' | 'native';

export interface StackOptions {
  readonly mode: StackMode;
  /** Holds all that the servers keep. Made where it is missing. */
  readonly dataDir: string;
  /** Told a line for a person at each step: `postgres: starts`. */
  readonly onProgress?: (text: string) => void;
  /** Where Temporal's web UI has encrypted payloads decoded. */
  readonly codecEndpoint?: string | undefined;
  /** Default the process's environment: KEEL_POSTGRES_PORT and the like. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Stack {
  readonly mode: StackMode;
  readonly dataDir: string;
  readonly postgresUrl: string;
  /** host:port */
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  /** Native only. */
  readonly kafkaBrokers?: readonly string[];
  /** Native only. */
  readonly redisUrl?: string;
  /** As they are now: a restart puts another in place. */
  readonly servers: readonly Server[];
  /** Names of the migrations that this start applied. */
  readonly migrated: readonly string[];
  /** Resolves when a server ends though nobody stopped it; never otherwise. */
  readonly lost: Promise<StackError>;
  /**
   * Starts a server again on its data and at its old address, be it lost or up (then it is stopped first).
   * Throws a StackError.
   */
  restart(name: ServerName): Promise<Server>;
  /** Stops all servers; no process is left after it. May be called twice. */
  stop(): Promise<void>;
}

const PORT_VARIABLES = {
  postgres: 'KEEL_POSTGRES_PORT',
  temporal: 'KEEL_TEMPORAL_PORT',
  temporalUi: 'KEEL_TEMPORAL_UI_PORT',
  kafka: 'KEEL_KAFKA_PORT',
  redis: 'KEEL_REDIS_PORT',
} as const;

type Ports = { readonly [K in keyof typeof PORT_VARIABLES]: number };

/** The configured ports; 0 stands for a free one. Throws a StackError that names every fault at once. */
export function portsOf(environment: NodeJS.ProcessEnv): Ports {
  const faults: string[] = [];
  const read = (key: keyof typeof PORT_VARIABLES): number => {
    const given = environment[PORT_VARIABLES[key]] ?? '';
    const port = given === '' ? 0 : Number(given);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      faults.push(`${PORT_VARIABLES[key]}=${given}`);
    return port;
  };
  const ports: Ports = {
    postgres: read('postgres'),
    temporal: read('temporal'),
    temporalUi: read('temporalUi'),
    kafka: read('kafka'),
    redis: read('redis'),
  };
  if (faults.length > 0) {
    throw new StackError(
      'stack',
      `not a port: ${faults.join(', ')}`,
      'give a whole number from 1 to 65535, or leave it out to get a free one',
    );
  }
  return ports;
}

/** Starts the servers of `mode` side by side, waits until all serve, runs the migrations. Throws a StackError. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  const ports = portsOf(options.environment ?? process.env);
  const say = options.onProgress ?? (() => undefined);
  const onProgress: OnProgress = (server, what) => {
    say(`${server}: ${what}`);
  };
  const native = options.mode === 'native';
  const common = { dataDir, onProgress };
  const starters: Readonly<Record<ServerName, (at: Ports) => Promise<Server>>> = {
    postgres: ({ postgres }) =>
      startPostgres({ ...common, port: postgres, kind: native ? 'native' : 'embedded' }),
    temporal: ({ temporal, temporalUi }) =>
      startTemporal({
        ...common,
        port: temporal,
        uiPort: temporalUi,
        codecEndpoint: options.codecEndpoint,
      }),
    kafka: ({ kafka }) => startKafka({ ...common, port: kafka }),
    redis: ({ redis }) => startRedis({ ...common, port: redis }),
  };
  const servers: Server[] = [];
  const lock = claimFolder(dataDir);

  const begin = async (name: ServerName, at: Ports): Promise<Server> => {
    const server = await starters[name](at);
    servers.push(server);
    say(`${server.name}: ready at ${withoutPassword(server.url)}`);
    return server;
  };
  const restart = async (name: ServerName): Promise<Server> => {
    const old = find(name);
    await old.stop();
    const port = portOf(old.url);
    const uiPort = old.uiUrl === undefined ? 0 : portOf(old.uiUrl);
    const fresh = await begin(name, { ...ports, [name]: port, temporalUi: uiPort });
    servers.splice(servers.indexOf(old), 1);
    return fresh;
  };
  const stop = async (): Promise<void> => {
    // Clients of the others end first, PostgreSQL last.
    const last = servers.filter((server) => server.name === 'postgres');
    await Promise.all(
      servers.filter((server) => !last.includes(server)).map((server) => server.stop()),
    );
    await Promise.all(last.map((server) => server.stop()));
    lock.release();
  };

  const names: readonly ServerName[] = native
    ? ['postgres', 'temporal', 'kafka', 'redis']
    : ['postgres', 'temporal'];
  // All of them are waited for also where one fails: what has started must be known to be stopped.
  const outcomes = await Promise.allSettled(names.map((name) => begin(name, ports)));
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  try {
    if (failures.length > 0) throw joinFailures(failures);
    const postgres = find('postgres');
    const migrated = await runMigrations(postgres.url);
    if (migrated.length > 0) say(`postgres: migrated (${migrated.join(', ')})`);
    const temporal = find('temporal');
    return {
      mode: options.mode,
      dataDir,
      postgresUrl: postgres.url,
      temporalAddress: temporal.url,
      temporalUiUrl: temporal.uiUrl ?? '',
      ...(native ? { kafkaBrokers: [find('kafka').url], redisUrl: find('redis').url } : {}),
      // In the order of the starts, whichever was ready first.
      get servers() {
        return names.flatMap((name) => servers.filter((server) => server.name === name));
      },
      migrated,
      lost: Promise.race(servers.map((server) => server.lost)),
      restart,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  function find(name: ServerName): Server {
    const server = servers.find((candidate) => candidate.name === name);
    if (server === undefined) throw new Error(`${name} was not started`);
    return server;
  }
}

async function runMigrations(url: string): Promise<string[]> {
  try {
    return await migrate(url);
  } catch (error) {
    throw new StackError(
      'postgres',
      `the migrations failed: ${messageOf(error)}`,
      'see which file it names under migrations/; nothing of that file was applied',
      { cause: error },
    );
  }
}

function joinFailures(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  return new StackError(
    'stack',
    `${String(failures.length)} servers failed:\n${failures.map(messageOf).join('\n')}`,
    'see to each of them; nothing was left running',
    { cause: new AggregateError(failures) },
  );
}

/** An address fit for a terminal or a log. */
export function withoutPassword(url: string): string {
  return url.replace(/(\/\/[^:/@]+):[^@]*@/, '$1@');
}
