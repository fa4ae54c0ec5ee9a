/**
 * A house at work on a recorded market: simulator, workers, the operator's way in. `npm start` opens one on
 * the embedded or native stack; the end-to-end tests open the same and pull at it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createTokens, signingSecret } from '../../api/auth.ts';
import { openDatabase } from '../../adapters/storage/database.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { saveCliSettings } from '../../config/cli-settings.ts';
import type { Config } from '../../config/schema.ts';
import { KeelError } from '../../core/errors.ts';
import type { Kline } from '../../core/kline.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/options.ts';
import { intervalMs } from '../../core/time.ts';
import { startSimulator } from '../../simulator/server.ts';
import { freePort } from '../../stack/ports.ts';
import { startAll } from '../../workers/all.ts';
import { createApiClient, type ApiClient } from '../api-client.ts';
import { auditBooks, type AuditResult } from './audit.ts';
import {
  DEMO_ACCOUNT,
  demoConfig,
  RECORDED_MARKET,
  SIMULATOR_KEYS,
  type DemoChoices,
  type StackAddresses,
} from './config.ts';
import type { WorkerName } from './processes.ts';
import { replay, type ReplayState } from './replay.ts';
import { startDemoStrategies } from './strategies.ts';
import { type SupervisedWorker, superviseWorkers } from './supervised-worker.ts';
import { summarise, type StrategySummary } from './summary.ts';

const COLLECT_TIMEOUT_MS = 30_000;
const MANAGE_TIMEOUT_MS = 15_000;
/** After a kill Temporal needs up to its heartbeat and activity time-outs to carry on. */
const QUIET_TIMEOUT_MS = 120_000;

export interface SessionOptions extends DemoChoices {
  readonly mode: 'embedded' | 'native';
  readonly stack: StackAddresses;
  /** The simulator's state, logs and the operator's token are kept here. */
  readonly dataDir: string;
  /** Of the simulated venue, where they are not to be the real one's. */
  readonly limits?: SimulatorOptions['limits'];
  /** Where the recorded market begins on a fresh data folder (ms UTC); the demo's own beginning without. */
  readonly startAt?: number | undefined;
  /** Told when a part is up. */
  onStep(name: string, detail: string): void;
}

export interface Session {
  readonly config: Config;
  readonly simulator: Simulator;
  readonly repositories: Repositories;
  readonly api: ApiClient;
  /** Of user admin, told only by the session that made it. */
  readonly firstPassword: string | undefined;
  /** Native: resolves once another process does a worker's duty. One that was killed is replaced in any case. */
  restart(name: WorkerName): Promise<void>;
  /** Native: SIGKILL. */
  kill(name: WorkerName): Promise<void>;
  /** Stops everything the session started, producers first. */
  close(): Promise<void>;
}

interface Workers {
  readonly api: { readonly url: string; readonly firstPassword?: string | undefined };
  readonly processes: ReadonlyMap<WorkerName, SupervisedWorker>;
  stop(): Promise<void>;
}

/** Throws KeelError or StackError; what had started by then is stopped. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const simulator = await startSimulator({
      ...RECORDED_MARKET,
      ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
      pace: 'stepped',
      balances: { USDT: '50000', BTC: '0' },
      ...SIMULATOR_KEYS,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      stateFile: join(options.dataDir, 'simulator.json'),
    });
    closers.push(() => simulator.close());
    const config = demoConfig(options.stack, simulator, options.dataDir, options);
    const repositories = createRepositories(openDatabase(config.postgresUrl));
    closers.push(() => repositories.close());
    await resumeMarket(simulator, repositories);
    const marketTime = new Date(simulator.state().marketTime)
      .toISOString()
      .slice(0, 16)
      .replace('T', ' ');
    options.onStep(
      'simulator',
      `${simulator.httpUrl}, Binance spot, BTC/USDT from ${marketTime} UTC`,
    );
    const workers =
      options.mode === 'native'
        ? await spawnWorkers(config, options)
        : await runWorkers(config, options);
    closers.push(() => workers.stop());

    await untilCollected(repositories, simulator.state().marketTime);
    const token = await operatorToken(config, repositories);
    saveCliSettings(options.dataDir, { url: workers.api.url, token });
    const processOf = (name: WorkerName): SupervisedWorker => {
      const found = workers.processes.get(name);
      if (found === undefined)
        throw new KeelError('CONFLICT', `${name} is no process of its own here`);
      return found;
    };
    return {
      config,
      simulator,
      repositories,
      api: createApiClient(workers.api.url, token),
      firstPassword: workers.api.firstPassword,
      restart: (name) => processOf(name).restart(),
      kill: (name) => processOf(name).kill(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function newestBar(repositories: Repositories): Promise<Kline | null> {
  return repositories.klines.newest('binance', 'BTC/USDT', '1m');
}

/**
 * A simulator that was killed may come back some minutes early: a venue's clock never goes back, so it is
 * brought to where our books are. Throws CONFLICT when the recording has no minutes left.
 */
async function resumeMarket(simulator: Simulator, repositories: Repositories): Promise<void> {
  const newest = await newestBar(repositories);
  const behindMs = (newest?.closeAt ?? 0) - simulator.state().marketTime;
  if (behindMs > 0) simulator.advance(Math.ceil(behindMs / intervalMs('1m')));
  if (simulator.state().done) {
    throw new KeelError(
      'CONFLICT',
      'the recorded market is used up: `npm start -- --fresh` forgets earlier runs and begins again',
    );
  }
}

/** Strategies warm up from stored bars: waits until the collector has stored all there are. */
async function untilCollected(repositories: Repositories, marketTime: number): Promise<void> {
  const deadline = Date.now() + COLLECT_TIMEOUT_MS;
  for (;;) {
    const newest = await newestBar(repositories);
    if (newest !== null && newest.closeAt >= marketTime) return;
    if (Date.now() > deadline) {
      throw new KeelError(
        'UNAVAILABLE',
        `the collector stored no bars up to ${new Date(marketTime).toISOString()}: see the log`,
      );
    }
    await sleep(20);
  }
}

/**
 * The manager follows the events at its own pace: audits until the balances it derives have caught up with
 * the venue. If they never do, the result says in what they differ.
 */
async function auditManaged(
  { repositories, simulator }: Session,
  runs: ReadonlyMap<string, string>,
): Promise<AuditResult> {
  const deadline = Date.now() + MANAGE_TIMEOUT_MS;
  for (;;) {
    const result = await auditBooks(simulator.httpUrl, DEMO_ACCOUNT, repositories, runs.values());
    if (result.differences.length === 0 || Date.now() > deadline) return result;
    await sleep(100);
  }
}

/** The person at this machine is its operator: a token of the admin's, valid as long as a day of work. */
async function operatorToken(config: Config, repositories: Repositories): Promise<string> {
  const secret = await signingSecret(config.api.jwtSecret, repositories.settings);
  return createTokens(secret).issue({ name: 'admin', role: 'admin' }, '24h');
}

async function runWorkers(config: Config, options: SessionOptions): Promise<Workers> {
  const all = await startAll(config);
  options.onStep(
    'workers',
    'collector, strategy, dispatcher, orders, risk-monitor, manager, research, api in this process',
  );
  return { api: all.api, processes: new Map(), stop: () => all.stop() };
}

const apiReady = z.object({ url: z.string(), firstPassword: z.string().optional() });

async function spawnWorkers(given: Config, options: SessionOptions): Promise<Workers> {
  // A port that stays, so that an API that is started again is found where it was.
  const config = { ...given, api: { ...given.api, port: given.api.port || (await freePort()) } };
  const workers = await superviseWorkers(
    { KEEL_CONFIG_JSON: JSON.stringify(config) },
    {
      onReady: ({ name, pid, ready }) => {
        options.onStep(name, `pid ${String(pid)}, ${String(ready['metrics'])}`);
      },
      onEnd: (name, how) => {
        options.onStep(name, `ended (${how}), starts again`);
      },
    },
  );
  const api = apiReady.parse(workers.byName.get('api')?.current()?.ready);
  return { api, processes: workers.byName, stop: () => workers.stop() };
}

export interface DayOptions {
  readonly bars: number;
  /** Wall-clock pause after each bar; 0 goes as fast as the pipeline allows. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Told the strategies' runs (strategy id → run id) before the first bar. */
  onStart?(runs: ReadonlyMap<string, string>): void;
  /** Awaited before the next bar: this is where tests pull plugs. */
  onBar(
    played: number,
    state: ReplayState,
    runs: ReadonlyMap<string, string>,
  ): Promise<void> | void;
}

export interface Day {
  readonly played: number;
  /** Wall-clock ms spent replaying. */
  readonly tookMs: number;
  readonly summaries: readonly StrategySummary[];
  readonly audit: AuditResult;
}

/** Starts the strategies anew, replays the bars, and compares the books with the venue. */
export async function tradeDay(session: Session, options: DayOptions): Promise<Day> {
  const runs = await startDemoStrategies(session.api);
  options.onStart?.(runs);
  const startedAt = Date.now();
  const played = await replay({
    simulatorUrl: session.simulator.httpUrl,
    strategies: session.repositories.strategies,
    bars: options.bars,
    quietTimeoutMs: QUIET_TIMEOUT_MS,
    pauseMs: options.pauseMs,
    signal: options.signal,
    onBar: (count, state) => options.onBar(count, state, runs),
  });
  const tookMs = Date.now() - startedAt;
  // Before the summary, which tells what the manager derived.
  const audit = await auditManaged(session, runs);
  return { played, tookMs, summaries: await summarise(session.repositories, runs), audit };
}
