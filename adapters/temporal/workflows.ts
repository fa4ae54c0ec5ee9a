/** What others ask of workflows that run: start one, tell one to stop, cancel its order. It runs none itself. */
import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { KeelError } from '../../core/errors.ts';
import type { CancelRequest } from '../../workflows/order-outcome.ts';
import { KEEL_STRATEGY } from '../../workflows/order-names.ts';
import { STRATEGY_TASK_QUEUE, strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type { StopRequest, StrategyInput } from '../../workflows/strategy-workflow.ts';

export interface Workflows {
  /** Throws CONFLICT while the strategy's workflow is on. */
  startStrategy(input: StrategyInput): Promise<void>;
  /** Throws NOT_FOUND when it does not run. */
  stopStrategy(strategyId: string, request: StopRequest): Promise<void>;
  /** Throws NOT_FOUND when the order's workflow is over, or never was. */
  cancelOrder(orderId: string, request: CancelRequest): Promise<void>;
  /** Resolves when Temporal answers; throws UNAVAILABLE. */
  ping(): Promise<void>;
}

/** Every failure becomes one of our codes: CONFLICT, NOT_FOUND or UNAVAILABLE. */
async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new KeelError('CONFLICT', `${what}: it runs already`, { cause: error });
    }
    if (error instanceof WorkflowNotFoundError) {
      throw new KeelError('NOT_FOUND', `${what}: its workflow does not run`, { cause: error });
    }
    const reason = isGrpcServiceError(error) ? error.details : String(error);
    throw new KeelError('UNAVAILABLE', `${what}: Temporal does not answer (${reason})`, {
      cause: error,
    });
  }
}

export function createWorkflows(client: Client): Workflows {
  const { workflow } = client;
  return {
    async startStrategy(input) {
      const { strategyId, runId } = input;
      await asked(`start strategy ${strategyId}`, () =>
        workflow.start('strategyWorkflow', {
          taskQueue: STRATEGY_TASK_QUEUE,
          workflowId: strategyWorkflowId(strategyId),
          args: [input],
          staticSummary: `strategy ${strategyId}`,
          staticDetails: `run \`${runId}\``,
          memo: { strategyId, runId },
          typedSearchAttributes: new TypedSearchAttributes([
            { key: KEEL_STRATEGY, value: strategyId },
          ]),
        }),
      );
    },
    async stopStrategy(strategyId, request) {
      await asked(`stop strategy ${strategyId}`, () =>
        workflow.getHandle(strategyWorkflowId(strategyId)).signal('stop', request),
      );
    },
    async cancelOrder(orderId, request) {
      await asked(`cancel order ${orderId}`, () =>
        workflow.getHandle(orderId).signal('cancel', request),
      );
    },
    async ping() {
      await asked('reach Temporal', () =>
        client.withDeadline(Date.now() + 3_000, () => client.workflowService.getSystemInfo({})),
      );
    },
  };
}
