/** An amend and a reconciliation over the stage, by the name of its recorded history. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { createWorkflows } from '../../adapters/temporal/workflows.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { reconcileWorkflow } from '../../workflows/reconcile-workflow.ts';
import type { OrderStage } from './order-stage.ts';
import { ACCOUNT, SYMBOL } from './stored-world.ts';

/** Of the price: reached soon. */
const NEAR = 0.9995;

type Care = (stage: OrderStage) => Promise<WorkflowHandle>;

/** Rests at so much of the price. */
async function resting(stage: OrderStage, share: number): Promise<string> {
  const price = Math.floor(Number(stage.simulator.state().prices[SYMBOL]) * share);
  const signal = await stage.signal({ type: 'limit', limitPrice: String(price) });
  await stage.send(signal);
  const { orders } = stage.house.repositories;
  while ((await orders.getOrder(signal.id).catch(() => null))?.status !== 'open') await sleep(50);
  return signal.id;
}

/** The market goes on until the order that rests nearest to it has filled. */
function fill(stage: OrderStage): void {
  const { openOrders } = stage.simulator.state();
  while (stage.simulator.state().openOrders >= openOrders) stage.simulator.advance(1);
}

async function amended(
  stage: OrderStage,
  orderId: string,
  quantity: string,
): Promise<WorkflowHandle> {
  const { client } = await stage.house.temporal();
  const limitPrice = String(Math.floor(Number(stage.simulator.state().prices[SYMBOL]) * 0.8));
  const step = { orderId, quantity, limitPrice, by: 'ada', requestId: 'r1' };
  await createWorkflows(client).startAmend(step);
  return client.workflow.getHandle(`amend:${orderId}`);
}

async function reconciled(stage: OrderStage): Promise<WorkflowHandle> {
  const { client } = await stage.house.temporal();
  return client.workflow.start<typeof reconcileWorkflow>('reconcileWorkflow', {
    ...{ taskQueue: ORDER_TASK_QUEUE, workflowId: `reconcile-${randomUUID()}` },
    args: [{ accountId: ACCOUNT }],
  });
}

export const ORDER_CARE: Readonly<Record<string, Care>> = {
  /** Cancelled, verified, and its remainder placed anew. */
  'amend-replaced': async (stage) => amended(stage, await resting(stage, 0.9), '0.015'),

  /** It has filled before it could be cancelled: nothing is left to place. */
  'amend-filled': async (stage) => {
    const orderId = await resting(stage, NEAR);
    const { client } = await stage.house.temporal();
    fill(stage);
    await client.workflow.getHandle(orderId).result();
    return amended(stage, orderId, '0.01');
  },

  'reconcile-agreed': reconciled,

  /** An order filled while no worker ran, and its workflow was terminated: its fill is booked. */
  'reconcile-repaired': async (stage) => {
    const orderId = await resting(stage, NEAR);
    const { client } = await stage.house.temporal();
    let found: WorkflowHandle | undefined;
    await stage.withoutWorker(async () => {
      await client.workflow.getHandle(orderId).terminate('a person did it');
      stage.simulator.cutStreams('user');
      fill(stage);
      // Before the one that the worker starts.
      found = await reconciled(stage);
    });
    if (found === undefined) throw new Error('it was not started');
    return found;
  },
};
