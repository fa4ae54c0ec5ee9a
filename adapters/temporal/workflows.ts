/** What others ask of workflows that run: start one, tell one to stop, cancel its order. It runs none itself. */
import {
  isGrpcServiceError,
  ScheduleNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import type { AmendStep } from '../../core/amend.ts';
import { ERROR_CODES, KeelError, type ErrorCode } from '../../core/errors.ts';
import type { DecisionRequest } from '../../workflows/order-messages.ts';
import { historyToJson, type HistoryJson } from './history-json.ts';
import type { CancelRequest } from '../../workflows/order-outcome.ts';
import type { HaltInput } from '../../workflows/halt-workflow.ts';
import { haltWorkflowId } from '../../workflows/halt-names.ts';
import { amendWorkflowId, KEEL_STRATEGY, ORDER_TASK_QUEUE } from '../../workflows/order-names.ts';
import { triggerReconciliation } from './schedules.ts';
import { STRATEGY_TASK_QUEUE, strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type { PauseRequest } from '../../workflows/pausing.ts';
import type {
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
  /** Throws CONFLICT while another amend of the order is under way. */
  startAmend(step: AmendStep): Promise<void>;
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
  /**
   * A person's word on an order that waits for it; resolves once it is written down. Throws FORBIDDEN for a
   * role that may not, CONFLICT for an order that waits for nobody, NOT_FOUND when its workflow is over.
   */
  decideOrder(orderId: string, verb: 'approve' | 'reject', request: DecisionRequest): Promise<void>;
  /** Resolves when Temporal answers; throws UNAVAILABLE. */
  ping(): Promise<void>;
}

/** By gRPC's code: what the server answers to a question it understood. */
const REFUSALS: Readonly<Record<number, ErrorCode>> = { 3: 'INVALID_INPUT', 5: 'NOT_FOUND' };

/** How long an update may take before its caller hears so: less than `keel` waits for the API. */
const UPDATE_PATIENCE_MS = 10_000;

/** What a workflow refused, in its own code and words. */
function refused(what: string, error: WorkflowUpdateFailedError): KeelError {
  const { cause } = error;
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const code = typeof type === 'string' && type in ERROR_CODES ? (type as ErrorCode) : 'CONFLICT';
  return new KeelError(code, `${what}: ${cause?.message ?? error.message}`, { cause: error });
}

/** Every failure becomes one of our codes: CONFLICT, NOT_FOUND, INVALID_INPUT, UNAVAILABLE, or what was refused with. */
export async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
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
    if (error instanceof WorkflowUpdateFailedError) throw refused(what, error);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      const reason = `asked, and not done within ${String(UPDATE_PATIENCE_MS)} ms; do its workers run? It may still be done`;
      throw new KeelError('UNAVAILABLE', `${what}: ${reason}`, { cause: error });
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

/** Asks by an update, which waits for a worker: so long and no longer. Throws as `asked`. */
export function update<T>(client: Client, what: string, ask: () => Promise<T>): Promise<T> {
  return asked(what, () => client.withDeadline(Date.now() + UPDATE_PATIENCE_MS, ask));
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
      update(client, `pause strategy ${strategyId}`, () =>
        workflow
          .getHandle(strategyWorkflowId(strategyId))
          .executeUpdate<StrategyState, [PauseRequest]>('pause', { args: [request] }),
      ),
    resumeStrategy: (strategyId, request) =>
      update(client, `resume strategy ${strategyId}`, () =>
        workflow
          .getHandle(strategyWorkflowId(strategyId))
          .executeUpdate<StrategyState, [PauseRequest]>('resume', { args: [request] }),
      ),
    async startAmend(step) {
      await asked(`amend order ${step.orderId}`, () =>
        workflow.start('amendWorkflow', {
          taskQueue: ORDER_TASK_QUEUE,
          workflowId: amendWorkflowId(step.orderId),
          args: [step],
          staticSummary: `amend to ${step.quantity} at ${step.limitPrice}, by ${step.by}`,
        }),
      );
    },
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
    async decideOrder(orderId, verb, request) {
      await update(client, `${verb} order ${orderId}`, () =>
        workflow.getHandle(orderId).executeUpdate(verb, { args: [request] }),
      );
    },
    async ping() {
      await asked('reach Temporal', () =>
        client.withDeadline(Date.now() + 3_000, () => client.workflowService.getSystemInfo({})),
      );
    },
  };
}
