/**
 * Brings up PostgreSQL, Temporal, Kafka and Redis once per jest run, side by side, in a folder of their own.
 * jest calls this once for each project that names it: the first call starts, the next ones find it done.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimFolder, ownerOf } from '../stack/folder-lock.ts';
import { startKafka } from '../stack/kafka.ts';
import { endServersIn } from '../stack/leftovers.ts';
import { startPostgres } from '../stack/postgres.ts';
import { startRedis } from '../stack/redis.ts';
import type { Server } from '../stack/server.ts';
import { messageOf } from '../stack/stack-error.ts';
import { startTemporal } from '../stack/temporal.ts';
import { running } from './running-servers.ts';
import { timeSkippingProgram } from './time-skipping-program.ts';
import {
  serverVariable,
  TEST_SERVER_VARIABLES,
  TEST_SERVERS,
  type TestServer,
} from './server-variables.ts';

/** KEEL_TEST_SERVERS=postgres,temporal starts only these, for a fast loop on a few files. */
function wantedServers(): TestServer[] {
  const wanted = process.env['KEEL_TEST_SERVERS']?.split(',');
  return TEST_SERVERS.filter((name) => wanted === undefined || wanted.includes(name));
}

const PREFIX = 'keel-jest-';
/** A run that begins has made its folder and is about to claim it. */
const YOUNG_MS = 30_000;

/** A run that was killed could not stop its servers: their folder has no living owner. */
async function endKilledRuns(): Promise<void> {
  const folders = readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter(
      (folder) => Date.now() - statSync(folder).mtimeMs > YOUNG_MS && ownerOf(folder) === undefined,
    );
  for (const folder of folders) {
    await endServersIn(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

export default async function globalSetup(): Promise<void> {
  if (running.started) return;
  running.started = true;
  const begin = Date.now();
  await endKilledRuns();
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  claimFolder(dataDir);
  // PostgreSQL, run as another user where we are root, must be able to walk in.
  chmodSync(dataDir, 0o755);
  running.dataDir = dataDir;
  const starts: Record<TestServer, () => Promise<Server>> = {
    postgres: () => startPostgres({ dataDir, durable: false }),
    temporal: () => startTemporal({ dataDir, durable: false }),
    kafka: () => startKafka({ dataDir }),
    redis: () => startRedis({ dataDir }),
  };
  // Brought here where it is missing: suites that run side by side would all bring it.
  await timeSkippingProgram();
  const skipped: string[] = [];
  const said: string[] = [];
  await Promise.all(
    wantedServers().map(async (name) => {
      const variable = TEST_SERVER_VARIABLES[name];
      if (serverVariable(name) !== undefined) {
        said.push(`${name} as ${variable} says`);
        return;
      }
      try {
        const server = await starts[name]();
        running.servers.push(server);
        process.env[variable] = server.url;
        said.push(`${name} ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      } catch (error) {
        skipped.push(`SKIPPED: tests that need ${name}: ${messageOf(error)}`);
      }
    }),
  );
  process.stderr.write(`servers for tests: ${said.join(', ')}\n`);
  if (skipped.length === 0) return;
  if (process.env['KEEL_REQUIRE'] === 'all') {
    await running.stop();
    throw new Error(`KEEL_REQUIRE=all, and not all servers are to be had.\n${skipped.join('\n')}`);
  }
  process.stderr.write(`${skipped.join('\n')}\n`);
}
