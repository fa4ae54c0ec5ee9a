/**
 * The native stack at work on a simulated venue, every worker a process of its own, and a hand that kills any
 * part of it: `openChaosHouse(options)`, then `kill(target, downMs)`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { createKafkaBus } from '../../adapters/bus/kafka.ts';
import type { EventBus } from '../../adapters/event-bus.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { openDatabase, type Database } from '../../adapters/storage/database.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import { connectTemporal } from '../../adapters/temporal/client.ts';
import { createWorkflows, type Workflows } from '../../adapters/temporal/workflows.ts';
import { demoConfig, RECORDED_MARKET, SIMULATOR_KEYS } from '../../cli/demo/config.ts';
import { WORKERS, type WorkerName } from '../../cli/demo/processes.ts';
import { superviseWorkers } from '../../cli/demo/supervised-worker.ts';
import { parseConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Simulator } from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/server.ts';
import { CHAOS_VENUES, type ChaosExchange, LEVERAGE } from './venues.ts';
import { freePort } from '../../stack/ports.ts';
import { send, waitForEnd } from '../../stack/processes.ts';
import type { ServerName } from '../../stack/server.ts';
import { startStack, type Stack } from '../../stack/stack.ts';

export const SERVERS: readonly ServerName[] = ['postgres', 'temporal', 'kafka', 'redis'];
/** All connections to the venue's streams are cut. */
export const CONNECTIONS = 'venue connections';
/** What can be killed. Research has no part in orders: a kill of it would take the turn of one that has. */
export const TARGETS: readonly string[] = [
  ...WORKERS.filter((name) => name !== 'research'),
  ...SERVERS,
  CONNECTIONS,
];

/** Long enough for most who approve, short enough for some that nobody does. */
const APPROVAL_TIMEOUT_MS = 12_000;
const FUNDING_EVERY_MS = 10 * 60_000;
const KEYS = { ...SIMULATOR_KEYS, passphrase: 'simulator-passphrase' } as const;

/** More than all orders of a run together can use up. */
const OPENING = { USDT: '100000000', BTC: '100' };

export interface ChaosVenue {
  readonly accountId: string;
  readonly exchange: ChaosExchange;
  readonly symbols: readonly string[];
  readonly simulator: Simulator;
}

export interface ChaosHouse {
  readonly venues: readonly ChaosVenue[];
  readonly repositories: Repositories;
  readonly db: Kysely<Database>;
  readonly bus: EventBus;
  readonly client: Client;
  readonly workflows: Workflows;
  readonly brokers: readonly string[];
  /** Processes that ended though nobody killed them, with how. They were started anew. */
  readonly ended: readonly string[];
  /**
   * SIGKILL. Resolves once the part is up again: a server after `downMs` and its start, a worker as soon as its
   * supervisor has another. False where the part was down already.
   */
  kill(target: string, downMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface ChaosHouseOptions {
  readonly dataDir: string;
  onProgress(text: string): void;
}

/** Throws KeelError or StackError; what had started by then is stopped. */
export async function openChaosHouse(options: ChaosHouseOptions): Promise<ChaosHouse> {
  const { dataDir } = options;
  const onProgress = (text: string): void => {
    options.onProgress(text);
  };
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const stack = await startStack({ mode: 'native', dataDir, environment: {}, onProgress });
    closers.push(() => stack.stop());
    const venues: ChaosVenue[] = [];
    for (const venue of CHAOS_VENUES) {
      const simulator = await startSimulator({
        venue: venue.exchange,
        ...RECORDED_MARKET,
        // A contract follows the same prices: its recording is shorter than a long run.
        recordings: RECORDED_MARKET.recordings.flatMap(({ file }) =>
          venue.symbols.map((symbol) => ({ file, symbol })),
        ),
        contracts: { fundingEveryMs: FUNDING_EVERY_MS },
        pace: 'stepped',
        balances: OPENING,
        ...KEYS,
        // A run trades in minutes what is meant for a day: its orders are not to wait for each other's weight.
        limits: { weightPerMinute: 30_000 },
      });
      closers.push(() => simulator.close());
      venues.push({ ...venue, simulator });
    }
    const config = await configure(stack, venues, dataDir);
    const db = openDatabase(config.postgresUrl, { onConnectionError: () => undefined });
    const repositories = createRepositories(db);
    closers.push(() => repositories.close());
    const brokers = stack.kafkaBrokers ?? [];
    const bus = createKafkaBus({ brokers, source: 'chaos' });
    closers.push(() => bus.close());
    const temporal = await connectTemporal(config.temporal);
    const { client } = temporal;
    closers.push(() => temporal.close());

    const killing = new Set<string>();
    const ended: string[] = [];
    const workers = await superviseWorkers(
      { KEEL_CONFIG_JSON: JSON.stringify(config) },
      {
        onReady: ({ name, pid }) => {
          onProgress(`${name}: pid ${String(pid)}`);
        },
        onEnd: (name, how) => {
          if (!killing.has(name)) ended.push(`${name} ${how}`);
        },
      },
    );
    closers.push(() => workers.stop());

    const killWorker = async (name: WorkerName): Promise<boolean> => {
      const worker = workers.byName.get(name);
      if (worker?.current() === undefined) return false;
      await worker.kill();
      await worker.restart();
      return true;
    };
    return {
      venues,
      repositories,
      db,
      bus,
      client,
      workflows: createWorkflows(client),
      brokers,
      ended,
      async kill(target, downMs) {
        if (killing.has(target)) return false;
        killing.add(target);
        try {
          if (target === CONNECTIONS) {
            return venues.reduce((cut, { simulator }) => cut + simulator.cutStreams('all'), 0) > 0;
          }
          const server = SERVERS.find((name) => name === target);
          if (server !== undefined) return await killServer(stack, server, downMs);
          const worker = WORKERS.find((name) => name === target);
          if (worker !== undefined) return await killWorker(worker);
          throw new RangeError(`${target} cannot be killed; there are ${TARGETS.join(', ')}`);
        } finally {
          killing.delete(target);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The demo's house, with the other venues beside Binance spot. */
async function configure(
  stack: Stack,
  venues: readonly ChaosVenue[],
  dataDir: string,
): Promise<Config> {
  const [binance, ...others] = venues;
  if (binance === undefined) throw new RangeError('no venue');
  const demo = demoConfig(stack, binance.simulator, dataDir);
  return parseConfig(
    {
      ...demo,
      api: { ...demo.api, port: await freePort() },
      venues: [
        ...demo.venues,
        ...others.map(({ accountId, exchange, symbols, simulator: { httpUrl, wsUrl } }) => ({
          ...{ adapter: exchange, accountId, restUrl: httpUrl, symbols, leverage: LEVERAGE },
          ...(exchange === 'okx'
            ? { ...KEYS, wsUrl }
            : { ...SIMULATOR_KEYS, streamUrl: wsUrl, userStreamUrl: wsUrl }),
        })),
      ],
      risk: { ...demo.risk, approvalTimeoutMs: APPROVAL_TIMEOUT_MS },
    },
    'the configuration of a chaos run',
  );
}

const END_MS = 10_000;

async function killServer(stack: Stack, name: ServerName, downMs: number): Promise<boolean> {
  const server = stack.servers.find((candidate) => candidate.name === name);
  if (server === undefined || !send(server.pid, 'SIGKILL')) return false;
  await waitForEnd(server.pid, END_MS);
  await sleep(downMs);
  await stack.restart(name);
  return true;
}
