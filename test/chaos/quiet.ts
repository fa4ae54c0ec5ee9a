/** Waiting for a chaos run to come to rest: all orders final but the stops of live guards, all messages read. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { reconcileWorkflow } from '../../workflows/reconcile-workflow.ts';
import type { ChaosHouse } from './chaos-house.ts';
import { busFacts, unfinishedOrders } from './gather.ts';
import { isLive, restless, standingStop } from './verdict-guards.ts';

const PROGRESS_MS = 30_000;

/**
 * Waits until every signal has an order, no order is open but a guard's resting stop, and every guard is where
 * it belongs. What is still amiss at the end is told, and meanwhile every half minute.
 */
export async function untilQuiet(
  house: ChaosHouse,
  signals: readonly { readonly id: string }[],
  {
    timeoutMs,
    onProgress,
  }: { readonly timeoutMs: number; readonly onProgress: (text: string) => void },
): Promise<string[]> {
  const from = Date.now();
  for (let told = 0; ;) {
    const state = await quietState(house, signals).catch((error: unknown) => String(error));
    if (state === undefined) return [];
    const waited = Date.now() - from;
    if (waited > timeoutMs) return [`not quiet after ${String(timeoutMs / 1_000)} s: ${state}`];
    if (waited >= (told + 1) * PROGRESS_MS) {
      told += 1;
      onProgress(`not quiet yet: ${state}`);
    }
    await sleep(500);
  }
}

async function quietState(
  { db, client, repositories }: ChaosHouse,
  signals: readonly { readonly id: string }[],
): Promise<string | undefined> {
  const { count } = await db
    .selectFrom('orders')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where(
      'order_id',
      'in',
      signals.map(({ id }) => id),
    )
    .executeTakeFirstOrThrow();
  if (Number(count) < signals.length)
    return `${String(signals.length - Number(count))} signal(s) without an order`;
  const guards = (await repositories.guards.listGuards()).filter(isLive);
  const standing = guards.flatMap((guard) => standingStop(guard) ?? []);
  const open = (await unfinishedOrders(db)).filter((id) => !standing.includes(id));
  if (open.length > 0)
    return `${String(open.length)} order(s) open: ${open.slice(0, 3).join(', ')}`;
  const [amiss] = guards.flatMap((guard) => restless(guard) ?? []);
  if (amiss !== undefined) return amiss;
  const running = async (type: string): Promise<number> => {
    const query = `WorkflowType = '${type}' and ExecutionStatus = 'Running'`;
    return (await client.workflow.count(query)).count;
  };
  for (const [type, expected] of [
    ['orderWorkflow', standing.length],
    ['guardWorkflow', guards.length],
    ['haltWorkflow', 0],
    ['amendWorkflow', 0],
  ] as const) {
    const found = await running(type);
    if (found !== expected)
      return `${String(found)} ${type}(s) running, ${String(expected)} should be`;
  }
  return undefined;
}

/** Holds every account against its venue once more, with the market at rest. Tells of those where that failed. */
export async function reconcileAll({ client, venues }: ChaosHouse): Promise<string[]> {
  const failed: string[] = [];
  for (const { accountId } of venues) {
    try {
      await client.workflow.execute<typeof reconcileWorkflow>('reconcileWorkflow', {
        ...{ taskQueue: ORDER_TASK_QUEUE, workflowId: `reconcile-at-rest:${accountId}` },
        args: [{ accountId }],
      });
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      failed.push(`${accountId} could not be reconciled: ${rootCause(error) ?? error.message}`);
    }
  }
  return failed;
}

/** Waits until every consumer group has read what there is. */
export async function untilRead(house: ChaosHouse, timeoutMs: number): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { consumers } = await busFacts(house.brokers);
    if (consumers.every(({ behind }) => behind === 0)) return [];
    if (Date.now() > deadline)
      return [`messages were not read within ${String(timeoutMs / 1_000)} s`];
    await sleep(500);
  }
}
