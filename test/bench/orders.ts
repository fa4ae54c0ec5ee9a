/**
 * Order workflows a second, signal to settled, against a bare workflow of as many activities that do nothing:
 * same Temporal, same worker settings, turn about in one run. Ours also writes PostgreSQL and trades at the
 * simulator.
 */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { signalId, type Signal } from '../../core/signal.ts';
import type { Session } from '../../cli/demo/session.ts';
import { DEMO_ACCOUNT } from '../../cli/demo/config.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { orderWorkflow } from '../../workflows/order-workflow.ts';
import type { bareWorkflow } from './bare-workflow.ts';
import type { Ratio } from './ratio.ts';

const ORDERS = 60;
/** admit, checkRisk, placeOrder, settleOrder. */
const ACTIVITIES = 4;
const ROUNDS = 3;

async function perSecond(work: (index: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: ORDERS }, (_, index) => work(index)));
  return ORDERS / ((performance.now() - startedAt) / 1000);
}

/** A small buy of a person's, each of a symbol's own strategy row: what the bench measures is the way, not a queue. */
function buy(strategyId: string, price: string, at: number, round: number, index: number): Signal {
  const runId = `person:bench-${String(round)}-${String(index)}-${String(Date.now())}`;
  const symbol = 'BTC/USDT';
  return {
    id: signalId({ runId, symbol, eventTime: at, sequence: 1 }),
    strategyId,
    strategyType: 'sma-cross',
    runId,
    source: { kind: 'person', name: 'bench' },
    accountId: DEMO_ACCOUNT,
    exchange: 'binance',
    symbol,
    sequence: 1,
    eventTime: at,
    validUntil: at + 3_600_000,
    wanted: { kind: 'order', side: 'buy', quantity: '0.001' },
    type: 'market',
    referencePrice: price,
    tag: 'bench',
  };
}

export async function benchOrders(session: Session, strategyId: string): Promise<Ratio> {
  const { temporal } = session.config;
  const connection = await NativeConnection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const worker = await Worker.create({
    connection,
    taskQueue: 'bench',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
    }),
    activities: { nothing: () => Promise.resolve() },
  });
  const keel: number[] = [];
  const baseline: number[] = [];
  await worker.runUntil(async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      baseline.push(
        await perSecond((index) =>
          client.workflow.execute<typeof bareWorkflow>('bareWorkflow', {
            workflowId: `bare-${String(Date.now())}-${String(round)}-${String(index)}`,
            taskQueue: 'bench',
            args: [ACTIVITIES],
          }),
        ),
      );
      const { marketTime, prices } = session.simulator.state();
      const price = prices['BTC/USDT'] ?? '0';
      keel.push(
        await perSecond(async (index) => {
          const signal = buy(strategyId, price, marketTime, round, index);
          const result = await client.workflow.execute<typeof orderWorkflow>('orderWorkflow', {
            workflowId: signal.id,
            taskQueue: ORDER_TASK_QUEUE,
            args: [{ signal, steps: 'local' }],
          });
          if (result.status !== 'filled') {
            throw new Error(
              `bench order ${signal.id} ended ${result.status}: ${result.reason ?? ''}`,
            );
          }
        }),
      );
    }
  });
  await connection.close();
  return {
    name: `order workflows/s against bare workflows of ${String(ACTIVITIES)} activities`,
    unit: 'workflows/s',
    keel,
    baseline,
  };
}
