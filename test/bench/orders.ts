/**
 * Order workflows against bare workflows of as many activities that do nothing: same Temporal, same worker
 * settings, turn about in one run. Ours also writes PostgreSQL and trades at the simulator.
 * - throughput: signal to settled, many at once;
 * - latency: signal to the venue having the order, one at a time, against the bare workflow's start to its
 *   second activity, which is the one that would send.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { signalId, type Signal } from '../../core/signal.ts';
import type { Session } from '../../cli/demo/session.ts';
import { DEMO_ACCOUNT } from '../../cli/demo/config.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { orderWorkflow } from '../../workflows/order-workflow.ts';
import type { bareWorkflow, BareActivities } from './bare-workflow.ts';
import { percentile, type Measured, type Ratio } from './ratio.ts';

const ORDERS = 60;
/** decide, placeOrder, settleOrder. */
const STEPS = 3;
const SENDING_STEP = 2;
const ROUNDS = 3;
/** One at a time, a round. */
const SINGLES = 40;

/** A small buy of a person's: what the bench measures is the way, not a queue of one strategy. */
export function buy(session: Session, strategyId: string, name: string): Signal {
  const { marketTime, prices } = session.simulator.state();
  const runId = `person:bench-${name}-${String(Date.now())}`;
  const symbol = 'BTC/USDT';
  return {
    id: signalId({ runId, symbol, eventTime: marketTime, sequence: 1 }),
    strategyId,
    strategyType: 'sma-cross',
    runId,
    source: { kind: 'person', name: 'bench' },
    accountId: DEMO_ACCOUNT,
    exchange: 'binance',
    symbol,
    sequence: 1,
    eventTime: marketTime,
    validUntil: marketTime + 3_600_000,
    wanted: { kind: 'order', side: 'buy', quantity: '0.0001' },
    type: 'market',
    referencePrice: prices[symbol] ?? '0',
    tag: 'bench',
  };
}

/** Starts the order's workflow as the dispatcher does. */
export async function startOrder(client: Client, signal: Signal) {
  return client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
    workflowId: signal.id,
    taskQueue: ORDER_TASK_QUEUE,
    args: [{ signal, steps: 'local' }],
  });
}

interface Ways {
  readonly session: Session;
  readonly strategyId: string;
  readonly client: Client;
  /** Bare workflow → when its sending step ran, `performance.now()`. */
  readonly sent: ReadonlyMap<string, number>;
}

async function perSecond(work: (index: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: ORDERS }, (_, index) => work(index)));
  return ORDERS / ((performance.now() - startedAt) / 1000);
}

async function runOrder({ client, session, strategyId }: Ways, name: string): Promise<void> {
  const handle = await startOrder(client, buy(session, strategyId, name));
  const result = await handle.result();
  if (result.status === 'filled') return;
  throw new Error(`a bench order ended ${result.status}: ${result.reason ?? ''}`);
}

function runBare({ client }: Ways, name: string): Promise<void> {
  const workflowId = `bare-${name}-${String(Date.now())}`;
  return client.workflow.execute<typeof bareWorkflow>('bareWorkflow', {
    workflowId,
    taskQueue: 'bench',
    args: [workflowId, STEPS],
  });
}

/** Milliseconds from the start of the workflow to the order at the venue. */
async function orderLatency(ways: Ways, name: string): Promise<number> {
  const { simulator } = ways.session;
  const before = simulator.state().orders;
  const startedAt = performance.now();
  let arrivedAt: number | undefined;
  const done = runOrder(ways, name);
  while (arrivedAt === undefined) {
    await sleep(1);
    if (simulator.state().orders > before) arrivedAt = performance.now();
  }
  await done;
  return arrivedAt - startedAt;
}

async function bareLatency(ways: Ways, name: string): Promise<number> {
  const startedAt = performance.now();
  const workflowId = `bare-${name}-${String(Date.now())}`;
  await ways.client.workflow.execute<typeof bareWorkflow>('bareWorkflow', {
    workflowId,
    taskQueue: 'bench',
    args: [workflowId, STEPS],
  });
  return (ways.sent.get(workflowId) ?? Number.NaN) - startedAt;
}

async function measure(ways: Ways): Promise<Ratio[]> {
  const rates: { keel: number[]; baseline: number[] } = { keel: [], baseline: [] };
  const delays: { keel: number[]; baseline: number[] } = { keel: [], baseline: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = (index: number): string => `${String(round)}-${String(index)}`;
    rates.baseline.push(await perSecond((index) => runBare(ways, name(index))));
    rates.keel.push(await perSecond((index) => runOrder(ways, name(index))));
    const ours: number[] = [];
    const bare: number[] = [];
    for (let single = 0; single < SINGLES; single += 1) {
      bare.push(await bareLatency(ways, `single-${name(single)}`));
      ours.push(await orderLatency(ways, `single-${name(single)}`));
    }
    delays.keel.push(percentile(ours, 0.95));
    delays.baseline.push(percentile(bare, 0.95));
  }
  return [
    {
      name: `order workflows/s against bare workflows of ${String(STEPS)} activities`,
      unit: 'workflows/s',
      ...rates,
    },
    {
      name: 'p95 signal to venue against a bare workflow to its second activity (lower is better)',
      unit: 'ms',
      ...delays,
    },
  ];
}

/** Events in the history of a plain market order. */
async function historyEvents(ways: Ways): Promise<number> {
  const handle = await startOrder(ways.client, buy(ways.session, ways.strategyId, 'history'));
  await handle.result();
  return (await handle.fetchHistory()).events?.length ?? 0;
}

export async function benchOrders(session: Session, strategyId: string): Promise<Measured> {
  const { temporal } = session.config;
  const connection = await NativeConnection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const sent = new Map<string, number>();
  const activities: BareActivities = {
    nothing({ workflow, step }) {
      if (step === SENDING_STEP) sent.set(workflow, performance.now());
      return Promise.resolve();
    },
  };
  const worker = await Worker.create({
    connection,
    taskQueue: 'bench',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
    }),
    activities: { ...activities },
  });
  const ways = { session, strategyId, client, sent };
  const result = await worker.runUntil(async () => ({
    figures: await measure(ways),
    historyEvents: await historyEvents(ways),
  }));
  await connection.close();
  return result;
}
