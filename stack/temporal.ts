/** Temporal's dev server with its web UI: `await startTemporal({ dataDir })`, then connect to `.url`. */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';
import { cacheFolder } from './folders.ts';
import { choosePort, LOOPBACK } from './ports.ts';
import { endLeftovers } from './processes.ts';
import { launch, type OnProgress, type Server } from './server.ts';
import { StackError } from './stack-error.ts';
import { findTemporal } from './temporal-program.ts';

export interface TemporalOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly uiPort?: number;
  /** Where the web UI has encrypted payloads decoded: an address without the last `/decode`. */
  readonly codecEndpoint?: string | undefined;
  /** False for tests: the database file begins empty, and its writes are not flushed. Default true. */
  readonly durable?: boolean;
  readonly cacheDir?: string;
  readonly onProgress?: OnProgress;
}

const STOP_MS = 10_000;

/** Starts the dev server with our search attributes; `url` is host:port, `uiUrl` its web UI. Throws StackError. */
export async function startTemporal(options: TemporalOptions): Promise<Server> {
  const root = resolve(options.dataDir);
  const folder = join(root, 'temporal');
  const logFile = join(root, 'logs', 'temporal.log');
  const say = (what: string): void => options.onProgress?.('temporal', what);
  mkdirSync(folder, { recursive: true });

  const command = await findTemporal({
    configured: process.env['TEMPORAL_CLI'],
    path: process.env['PATH'] ?? '',
    cacheDir: options.cacheDir ?? cacheFolder(),
    say,
  });
  const left = await endLeftovers('temporal', folder, 'SIGTERM', STOP_MS);
  if (left.length > 0) say(`stopped process ${left.join(', ')}, left behind by an earlier run`);
  const port = await choosePort('temporal', options.port);
  const uiPort = await choosePort('temporal', options.uiPort);
  const databaseFile = join(folder, 'temporal.db');
  if (options.durable === false) rmSync(databaseFile, { force: true });
  const address = `${LOOPBACK}:${String(port)}`;
  say('starts');
  return launch({
    name: 'temporal',
    url: address,
    uiUrl: `http://${LOOPBACK}:${String(uiPort)}`,
    command,
    args: [
      'server',
      'start-dev',
      '--ip',
      LOOPBACK,
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      ...(options.codecEndpoint === undefined
        ? []
        : ['--ui-codec-endpoint', options.codecEndpoint]),
      '--log-level',
      'warn',
      // Also where nothing need be kept: a killed run's server is found again by the folder it names.
      '--db-filename',
      databaseFile,
      ...(options.durable === false ? ['--sqlite-pragma', 'synchronous=0'] : []),
      ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
        '--search-attribute',
        `${name}=${type}`,
      ]),
    ],
    logFile,
    probe: () => checkServes(address),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_MS,
    remedy: `read ${logFile}; if ${folder} is damaged, move it away (its workflows' history is lost, orders stay in PostgreSQL)`,
  });
}

/** Serves when the namespace is there and every search attribute of ours is known. */
async function checkServes(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
    if (missing.length > 0) {
      throw new StackError(
        'temporal',
        `search attributes ${missing.join(', ')} are not there yet`,
        'wait',
      );
    }
  } finally {
    await connection.close();
  }
}
