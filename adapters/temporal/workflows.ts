/** What others ask of workflows that run: start one, tell one to stop, cancel its order. It runs none itself. */
import {
  isGrpcServiceError,
  ScheduleNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import { KeelError, type ErrorCode } from '../../core/errors.ts';
import { historyToJson, type HistoryJson } from './history-json.ts';
import type { CancelRequest } from '../../workflows/order-outcome.ts';
import type { HaltInput } from '../../workflows/halt-workflow.ts';
import { haltWorkflowId } from '../../workflows/halt-names.ts';
import { KEEL_STRATEGY, ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import { triggerReconciliation } from './schedules.ts';
import { STRATEGY_TASK_QUEUE, strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type {
  PauseRequest,
  StopRequest,
  StrategyInput,
  StrategyState,
} from '../../workflows/strategy-messages.ts';

export interface Workflows {
  /** Throws CONFLICT while the strategy's workflow is on. */
  startStrategy(input: StrategyInput): Promise<void>;
  /** Throws NOT_FOUND when it does not run. */
  stopStrategy(strategyId: string, request: StopRequest): Promise<void>;
  /** Resolves once its entries are denied. Throws NOT_FOUND when it does not run, CONFLICT unless it is running. */
  pauseStrategy(strategyId: string, request: PauseRequest): Promise<StrategyState>;
  /** Throws NOT_FOUND when it does not run, CONFLICT unless it is paused. */
  resumeStrategy(strategyId: string, request: PauseRequest): Promise<StrategyState>;
  /** Begins the cleaning up after a halt; one that is under way goes on. */
  startHalt(input: HaltInput, summary: string): Promise<void>;
  /** Throws NOT_FOUND when the order's workflow is over, or never was. */
  cancelOrder(orderId: string, request: CancelRequest): Promise<void>;
  /**
   * A workflow's history, decrypted and naming no machine; of its newest run where none is given. Throws
   * NOT_FOUND for an unknown workflow or run, INVALID_INPUT for what is no run id.
   */
  history(workflowId: string, runId?: string): Promise<HistoryJson>;
  /** Whether a workflow of that id is on. Throws UNAVAILABLE when Temporal cannot tell. */
  runs(workflowId: string): Promise<boolean>;
  /** Reconciles an account now, beside its schedule. Throws NOT_FOUND where it has none. */
  reconcile(accountId: string): Promise<void>;
  /** Resolves when Temporal answers; throws UNAVAILABLE. */
  ping(): Promise<void>;
}

/** By gRPC's code: what the server answers to a question it understood. */
const REFUSALS: Readonly<Record<number, ErrorCode>> = { 3: 'INVALID_INPUT', 5: 'NOT_FOUND' };

/** Every failure becomes one of our codes: CONFLICT, NOT_FOUND, INVALID_INPUT or UNAVAILABLE. */
async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new KeelError('CONFLICT', `${what}: it runs already`, { cause: error });
    }
    if (error instanceof WorkflowNotFoundError) {
      throw new KeelError('NOT_FOUND', `${what}: there is no such workflow, or it is over`, {
        cause: error,
      });
    }
    if (isGrpcServiceError(error)) {
      const code: number = error.code;
      const ours = REFUSALS[code];
      if (ours !== undefined)
        throw new KeelError(ours, `${what}: ${error.details}`, { cause: error });
    }
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      throw new KeelError('CONFLICT', `${what}: ${error.cause.message}`, { cause: error });
    }
    if (error instanceof ScheduleNotFoundError) {
      throw new KeelError('NOT_FOUND', `${what}: it has no schedule; does an orders worker run?`, {
        cause: error,
      });
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
    pauseStrategy: (strategyId, request) =>
      asked(`pause strategy ${strategyId}`, () =>
        workflow
          .getHandle(strategyWorkflowId(strategyId))
          .executeUpdate<StrategyState, [PauseRequest]>('pause', { args: [request] }),
      ),
    resumeStrategy: (strategyId, request) =>
      asked(`resume strategy ${strategyId}`, () =>
        workflow
          .getHandle(strategyWorkflowId(strategyId))
          .executeUpdate<StrategyState, [PauseRequest]>('resume', { args: [request] }),
      ),
    async startHalt(input, summary) {
      await asked(`clean up after halt ${String(input.haltId)}`, () =>
        workflow.start('haltWorkflow', {
          taskQueue: ORDER_TASK_QUEUE,
          workflowId: haltWorkflowId(input.haltId),
          workflowIdConflictPolicy: 'USE_EXISTING',
          args: [input],
          staticSummary: summary,
        }),
      );
    },
    async cancelOrder(orderId, request) {
      await asked(`cancel order ${orderId}`, () =>
        workflow.getHandle(orderId).signal('cancel', request),
      );
    },
    async history(workflowId, runId) {
      const history = await asked(`history of ${workflowId}`, () =>
        workflow.getHandle(workflowId, runId).fetchHistory(),
      );
      return historyToJson(history, client.options.loadedDataConverter.payloadCodecs);
    },
    async runs(workflowId) {
      try {
        const { status } = await asked(`look at workflow ${workflowId}`, () =>
          workflow.getHandle(workflowId).describe(),
        );
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof KeelError && error.code === 'NOT_FOUND') return false;
        throw error;
      }
    },
    async reconcile(accountId) {
      await asked(`reconcile ${accountId}`, () => triggerReconciliation(client, accountId));
    },
    async ping() {
      await asked('reach Temporal', () =>
        client.withDeadline(Date.now() + 3_000, () => client.workflowService.getSystemInfo({})),
      );
    },
  };
}
