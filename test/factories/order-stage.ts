/**
 * The way from a signal to the venue, for real: simulator, PostgreSQL, Temporal, dispatcher and orders
 * worker in this process, and the scenarios that are driven over it, by tests and by record-histories.ts.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { SIGNAL } from '../../adapters/bus/messages.ts';
import { signalTopic } from '../../adapters/bus/topics.ts';
import type { StrategyQuota } from '../../adapters/strategy-repository.ts';
import { parseConfig } from '../../config/load.ts';
import { actionOf, signalId, type Signal } from '../../core/signal.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  type Simulator,
  type VenueName,
} from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/server.ts';
import { startDispatcher } from '../../workers/dispatcher.ts';
import { buildHouse, type House } from '../../workers/house.ts';
import { startOrders } from '../../workers/orders.ts';
import type { OrderResult, Progress } from '../../workflows/order-messages.ts';
import type { orderWorkflow } from '../../workflows/order-workflow.ts';
import { createSignal, storeRunningStrategy, SYMBOL } from './stored-world.ts';

/** Of the stage's second venue. */
export const OTHER_ACCOUNT = 'okx-other';

type Dialect = Extract<VenueName, 'binance' | 'okx'>;

const RECORDING = 'data/BTCUSDT-binance-1m-2024-12-10.csv';

export interface OrderStage {
  readonly simulator: Simulator;
  /** A second venue, where the stage was opened with one: account `OTHER_ACCOUNT`. */
  readonly other: Simulator | null;
  readonly house: House;
  /** Makes a running strategy of its own and a signal of it at the market's time. */
  signal(change: Partial<Signal>, quota?: Partial<StrategyQuota>): Promise<Signal>;
  /** Publishes the signal as a strategy does, and waits until its workflow is there. */
  send(signal: Signal): Promise<WorkflowHandle<typeof orderWorkflow>>;
  /** What happens while no orders worker runs. */
  withoutWorker(happen: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function openOrderStage(servers: {
  /** A migrated database of its own. */
  readonly postgresUrl: string;
  /** A namespace without other workers of these queues; absent: `default`. */
  readonly temporal: { readonly address: string; readonly namespace?: string };
  /** Needs a Temporal server of its own: unversioned workers get no tasks beside a current build. */
  readonly versioned?: true;
  /** Default `binance`. */
  readonly venue?: Dialect;
  /** Opening balances of a second venue, which speaks OKX's dialect. */
  readonly other?: Readonly<Record<string, string>>;
}): Promise<OrderStage> {
  const { venue: exchange = 'binance' } = servers;
  const accountId = `${exchange}-sandbox`;
  const market = { recordings: [{ file: RECORDING }], warmupBars: 60 };
  const simulator = await startSimulator({ ...market, venue: exchange });
  const other =
    servers.other === undefined
      ? null
      : await startSimulator({ ...market, venue: 'okx', balances: servers.other });
  const config = parseConfig({
    mode: 'sandbox',
    postgresUrl: servers.postgresUrl,
    temporal: {
      ...servers.temporal,
      ...(servers.versioned === undefined ? {} : { versioning: {} }),
    },
    venues: [
      venueOf(exchange, accountId, simulator),
      ...(other === null ? [] : [venueOf('okx', OTHER_ACCOUNT, other)]),
    ],
    // Long enough for a test's person, short enough to wait for.
    risk: { approvalTimeoutMs: 3_000 },
    log: { level: 'silent' },
  });
  const house = await buildHouse('orders', config);
  await house.bus.ensureTopics(
    ['buy', 'sell', 'flat'].map((action) => `signals.sma-cross.${action}`),
  );
  let orders = await startOrders(house);
  const dispatcher = await startDispatcher(house);
  // Workflow ids follow from it: stages that share a Temporal server must not share them.
  const stageId = `stage-${randomBytes(4).toString('hex')}`;
  let strategies = 0;

  return {
    simulator,
    other,
    house,
    async signal(change, quota = {}) {
      strategies += 1;
      // Workflow ids come of it, on a server that tests share.
      const strategyId = `${stageId}-${String(strategies)}`;
      await storeRunningStrategy(house.repositories, strategyId, quota, { accountId, exchange });
      const { marketTime, prices } = simulator.state();
      return createSignal({
        ...{ strategyId, accountId, exchange },
        eventTime: marketTime,
        validUntil: marketTime + 60_000,
        referencePrice: prices[SYMBOL] ?? '0',
        tag: 'golden-cross',
        ...change,
      });
    },
    async send(signal) {
      const topic = signalTopic(signal.strategyType, actionOf(signal));
      const { id, eventTime } = signal;
      await house.bus.publish(topic, SIGNAL, [
        { id, key: signal.strategyId, time: eventTime, data: signal },
      ]);
      const { client } = await house.temporal();
      return client.workflow.getHandle<typeof orderWorkflow>(id);
    },
    async withoutWorker(happen) {
      await orders.stop();
      await happen();
      orders = await startOrders(house);
    },
    async close() {
      await dispatcher.stop();
      await orders.stop();
      await house.close();
      await simulator.close();
      await other?.close();
    },
  };
}

/** A venue's entry in the configuration. */
function venueOf(adapter: Dialect, accountId: string, venue: Simulator): object {
  const { httpUrl: restUrl, wsUrl } = venue;
  const addresses =
    adapter === 'okx'
      ? { restUrl, wsUrl, passphrase: DEFAULT_PASSPHRASE }
      : { restUrl, streamUrl: wsUrl, wsApiUrl: wsUrl };
  const keys = { apiKey: DEFAULT_API_KEY, secret: DEFAULT_SECRET };
  return { adapter, accountId, ...addresses, ...keys, symbols: [SYMBOL] };
}

/** The next signal of the same run. */
export function nextSignal(signal: Signal, change: Partial<Signal>): Signal {
  const later = { ...signal, sequence: signal.sequence + 1, ...change };
  if (later.type === 'market') delete later.limitPrice;
  return { ...later, id: signalId(later) };
}

export interface Played {
  readonly handle: WorkflowHandle<typeof orderWorkflow>;
  readonly result: OrderResult;
}

async function play(
  stage: OrderStage,
  signal: Signal,
  meanwhile: (handle: Played['handle']) => Promise<void> = () => Promise.resolve(),
): Promise<Played> {
  const handle = await stage.send(signal);
  await meanwhile(handle);
  return { handle, result: await handle.result() };
}

/** Waits until the venue has the order resting. */
async function resting(stage: OrderStage): Promise<void> {
  while (stage.simulator.state().openOrders === 0) await sleep(50);
  // A round more, so that the tracker has begun.
  await sleep(500);
}

const RITA = { by: 'rita', role: 'risk' };

async function awaitingApproval(handle: Played['handle']): Promise<void> {
  while ((await handle.query<Progress>('state')).wait === null) await sleep(50);
}

function farLimit(stage: OrderStage): Partial<Signal> {
  const price = Math.floor(Number(stage.simulator.state().prices[SYMBOL]) * 0.9);
  return { type: 'limit', limitPrice: String(price) };
}

/** One path an order can take each, by the name of its recorded history. */
export const SCENARIOS: Readonly<Record<string, (stage: OrderStage) => Promise<Played>>> = {
  filled: async (stage) => play(stage, await stage.signal({})),

  denied: async (stage) => play(stage, await stage.signal({}, { maxOrderNotional: '100' })),

  rejected: async (stage) => {
    stage.simulator.faults.add({
      seed: 1,
      rules: [{ match: { ...PLACING }, fault: { kind: 'reject' } }],
    });
    return play(stage, await stage.signal({}));
  },

  cancelled: async (stage) =>
    play(stage, await stage.signal(farLimit(stage)), async (handle) => {
      await resting(stage);
      await handle.signal('cancel', { by: 'ada', reason: 'changed her mind' });
    }),

  /** Of a newer flat target, which finds an order resting in its way: that one is cancelled first. */
  blocked: async (stage) => {
    const entry = await stage.signal({});
    await play(stage, entry);
    const wanted = { kind: 'target', quantity: '0.02' } as const;
    const more = nextSignal(entry, { ...farLimit(stage), wanted });
    await stage.send(more);
    await resting(stage);
    return play(
      stage,
      nextSignal(more, { type: 'market', wanted: { kind: 'target', quantity: '0' } }),
    );
  },

  approved: async (stage) =>
    play(stage, await stage.signal({}, { approvalNotional: '100' }), async (handle) => {
      await awaitingApproval(handle);
      await handle.executeUpdate('approve', { args: [{ ...RITA, note: 'hedged elsewhere' }] });
    }),

  'rejected-by-person': async (stage) =>
    play(stage, await stage.signal({}, { approvalNotional: '100' }), async (handle) => {
      await awaitingApproval(handle);
      await handle.executeUpdate('reject', { args: [{ ...RITA, note: 'too large' }] });
    }),

  'approval-expired': async (stage) =>
    play(stage, await stage.signal({}, { approvalNotional: '100' })),

  'cancelled-while-awaiting': async (stage) =>
    play(stage, await stage.signal({}, { approvalNotional: '100' }), async (handle) => {
      await awaitingApproval(handle);
      await handle.signal('cancel', { by: 'ada' });
    }),

  'timed-out': async (stage) =>
    play(stage, await stage.signal({ ...farLimit(stage), timeoutMs: 60_000 }), async () => {
      await resting(stage);
      stage.simulator.advance(1);
    }),

  /** The request never arrives and nobody says so: looked up until not-found is conclusive, then sent again. */
  'retried-after-ambiguous-timeout': async (stage) => {
    stage.simulator.faults.add({
      seed: 1,
      rules: [{ match: { ...PLACING }, fault: { kind: 'dropRequest' } }],
    });
    return play(stage, await stage.signal({}));
  },

  /** The order is taken and the answer lost: found by looking, never sent twice. */
  'answer-dropped': async (stage) => {
    stage.simulator.faults.add({
      seed: 1,
      rules: [{ match: { ...PLACING }, fault: { kind: 'dropAnswer', how: 'cut' } }],
    });
    return play(stage, await stage.signal({}));
  },
};

const PLACING = { action: 'place', nth: 1, times: 1, probability: 1 } as const;
