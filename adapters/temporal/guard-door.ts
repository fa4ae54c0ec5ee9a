/** Guards' workflows as others reach them: told and, where they are not on, started by the same call. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { GuardMessage } from '../../core/guard.ts';
import { guardWorkflowId } from '../../core/guard-signal.ts';
import type { guardWorkflow } from '../../workflows/guard-workflow.ts';
import { KEEL_STRATEGY, KEEL_SYMBOL, ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import type { GuardDoor, OrderDoor } from '../guard-repository.ts';
import { unavailable } from './client.ts';
import { startOrder } from './start-order.ts';
import { createWorkflows } from './workflows.ts';

/** Whether a workflow of that id is on. */
async function isOn({ workflow }: Pick<Client, 'workflow'>, workflowId: string): Promise<boolean> {
  try {
    const { status } = await workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw unavailable(`Temporal does not tell of workflow ${workflowId}`, error);
  }
}

/** Order workflows as a guard starts and cancels them. */
export function createOrderDoor(client: Client): OrderDoor {
  const workflows = createWorkflows(client);
  return {
    async startOrder(signal) {
      if ((await startOrder(client, signal)) === 'started') return 'on';
      return (await isOn(client, signal.id)) ? 'on' : 'over';
    },
    cancelOrder: (orderId, request) => workflows.cancelOrder(orderId, request),
  };
}

export function createGuardDoor(client: Pick<Client, 'workflow'>): GuardDoor {
  return {
    async tellGuard({ strategyId, symbol }, message) {
      try {
        await client.workflow.signalWithStart<typeof guardWorkflow, [GuardMessage]>(
          'guardWorkflow',
          {
            workflowId: guardWorkflowId(strategyId, symbol),
            taskQueue: ORDER_TASK_QUEUE,
            args: [{ strategyId, symbol }],
            signal: message.kind,
            signalArgs: [message],
            staticSummary: `guard of ${symbol} · ${strategyId}`,
            typedSearchAttributes: new TypedSearchAttributes([
              { key: KEEL_STRATEGY, value: strategyId },
              { key: KEEL_SYMBOL, value: symbol },
            ]),
          },
        );
      } catch (error) {
        throw unavailable(`Temporal did not take the guard of ${strategyId} in ${symbol}`, error);
      }
    },

    isGuardOn: ({ strategyId, symbol }) => isOn(client, guardWorkflowId(strategyId, symbol)),
  };
}
