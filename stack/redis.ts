/** Redis on this machine: `await startRedis({ dataDir })`, then connect to `.url`. Not a system service. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { choosePort, LOOPBACK } from './ports.ts';
import { endLeftovers } from './processes.ts';
import { findOnPath } from './run-command.ts';
import { launch, type OnProgress, type Server } from './server.ts';
import { StackError } from './stack-error.ts';

export interface RedisOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly onProgress?: OnProgress;
}

const STOP_MS = 10_000;

/** Starts `redis-server` from PATH on the loopback address. Throws a StackError that says how to install it. */
export async function startRedis(options: RedisOptions): Promise<Server> {
  const root = resolve(options.dataDir);
  const folder = join(root, 'redis');
  const logFile = join(root, 'logs', 'redis.log');
  const command = findOnPath('redis-server');
  if (command === undefined) {
    throw new StackError(
      'redis',
      'there is no redis-server on PATH',
      'install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or use --mode embedded, which needs none',
    );
  }
  mkdirSync(folder, { recursive: true });
  const left = await endLeftovers('redis-server', folder, 'SIGTERM', STOP_MS);
  if (left.length > 0) {
    options.onProgress?.(
      'redis',
      `stopped process ${left.join(', ')}, left behind by an earlier run`,
    );
  }
  const port = await choosePort('redis', options.port);
  const url = `redis://${LOOPBACK}:${String(port)}`;
  options.onProgress?.('redis', existsSync(join(folder, 'dump.rdb')) ? 'starts' : 'starts, empty');
  return launch({
    name: 'redis',
    url,
    command,
    args: [
      ...['--bind', LOOPBACK],
      ...['--port', String(port)],
      ...['--dir', folder],
      ...['--daemonize', 'no'],
      // Redis rewrites its command line otherwise, and a killed run's server is found again by the folder there.
      ...['--set-proc-title', 'no'],
    ],
    logFile,
    probe: () => ping(url),
    readyTimeoutMs: 20_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_MS,
    remedy: `read ${logFile}; Redis holds only a cache: the folder ${folder} may be removed (version 6.2 or newer is needed)`,
  });
}

async function ping(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2000,
  });
  client.on('error', () => {
    // connect() rejects with it.
    client.disconnect();
  });
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}
