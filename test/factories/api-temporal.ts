/** Temporal as far as the API asks it: what runs is a list of ids, what is sent a list of sentences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyDoor } from '../../adapters/temporal/study-door.ts';
import type { Deployments, WorkerBuild } from '../../adapters/temporal/deployments.ts';
import { historyJsonSchema } from '../../adapters/temporal/history-json.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';
import { KeelError } from '../../core/errors.ts';
import type { StrategyState } from '../../workflows/strategy-messages.ts';
import { HISTORIES } from '../histories.ts';
import type { ApiState } from './api-state.ts';

export function workflowsOf(state: ApiState): Workflows {
  const on = (id: string): void => {
    if (!state.running.has(id)) throw new KeelError('NOT_FOUND', `${id} does not run`);
  };
  return {
    startStrategy: async ({ strategyId }) => {
      if (state.away.has('temporal')) throw new KeelError('UNAVAILABLE', 'Temporal is away');
      if (state.running.has(strategyId))
        throw new KeelError('CONFLICT', `${strategyId} runs already`);
      state.running.add(strategyId);
    },
    stopStrategy: async (strategyId, { by, flatten = false }) => {
      on(strategyId);
      state.sent.push(`stop ${strategyId} by ${by}${flatten ? ', flatten' : ''}`);
    },
    pauseStrategy: async (strategyId, { by }) => {
      on(strategyId);
      state.sent.push(`pause ${strategyId} by ${by}`);
      return strategyState(strategyId, 'paused');
    },
    resumeStrategy: async (strategyId, { by }) => {
      on(strategyId);
      state.sent.push(`resume ${strategyId} by ${by}`);
      return strategyState(strategyId, 'running');
    },
    startAmend: async ({ orderId, quantity, limitPrice }) => {
      state.sent.push(`amend ${orderId} to ${quantity} at ${limitPrice}`);
    },
    startHalt: async ({ haltId }) => {
      if (state.away.has('temporal')) throw new KeelError('UNAVAILABLE', 'Temporal is away');
      state.sent.push(`clean up after halt ${String(haltId)}`);
    },
    cancelOrder: async (orderId, { by }) => {
      on(orderId);
      state.sent.push(`cancel ${orderId} by ${by}`);
    },
    history: async (id) => {
      on(id);
      return historyJsonSchema.parse(
        JSON.parse(readFileSync(join(HISTORIES, 'order-filled.json'), 'utf8')),
      );
    },
    runs: async (id) => state.running.has(id),
    reconcile: async (accountId) => {
      on(`reconcile:${accountId}`);
      state.sent.push(`reconcile ${accountId}`);
    },
    decideOrder: async (orderId, verb, { by, note, role }) => {
      on(orderId);
      state.sent.push(`${verb} ${orderId} by ${by} (${role}): ${note ?? ''}`);
    },
    ping: async () => undefined,
  };
}

export function deployments(builds: Map<string, WorkerBuild>): Deployments {
  return {
    list: async () => [...builds.values()],
    makeCurrent: async (buildId) => {
      const build = builds.get(buildId);
      if (build === undefined) {
        throw new KeelError('CONFLICT', `build ${buildId} cannot become current`);
      }
      for (const other of builds.values()) {
        if (other.status === 'current') builds.set(other.buildId, { ...other, status: 'draining' });
      }
      builds.set(buildId, { ...build, status: 'current' });
    },
  };
}

function strategyState(strategyId: string, phase: StrategyState['phase']): StrategyState {
  return { strategyId, runId: 'run-1', phase, reason: null, restarts: 0, remaining: '' };
}

export function studyDoor(state: ApiState): StudyDoor {
  const tell =
    (verb: string) =>
    async (studyId: string, { by }: { readonly by: string }): Promise<void> => {
      state.sent.push(`${verb} ${studyId} by ${by}`);
    };
  return {
    start: async ({ studyId }, summary) => {
      if (state.away.has('temporal')) throw new KeelError('UNAVAILABLE', 'Temporal is away');
      state.sent.push(`start ${studyId}: ${summary}`);
    },
    pause: tell('pause'),
    resume: tell('resume'),
    cancel: tell('cancel'),
  };
}
