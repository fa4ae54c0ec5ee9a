/** What a real Temporal server keeps of a workflow when payloads are encrypted: nothing that we said. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { describeWith, testServers } from '../../test/servers.ts';
import { fakeStrategySteps } from '../../test/factories/strategy-steps.ts';
import { STRATEGY_TASK_QUEUE } from '../../workflows/strategy-names.ts';
import type { strategyWorkflow } from '../../workflows/strategy-workflow.ts';
import { connectTemporal, type TemporalHandle } from './client.ts';
import { parseHistory } from './history-json.ts';
import { createWorker, workflowBundle } from './worker.ts';
import { createWorkflows } from './workflows.ts';

const { History } = proto.temporal.api.history.v1;
const { DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;

const KEY = { id: '2026-01', key: randomBytes(32).toString('base64') };
const SECRETS = ['run-of-12-btc', 'balance of 12.5 BTC is gone', 'strategy of 12.5 BTC'];

describeWith('temporal', 'encrypted payloads', () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const open: TemporalHandle[] = [];

  async function connect(encrypted: boolean): Promise<TemporalHandle> {
    const server = await connectTemporal({
      address: testServers().temporalAddress ?? '',
      namespace: 'default',
      ...(encrypted ? { encryption: { keys: [KEY], current: KEY.id } } : {}),
    });
    open.push(server);
    return server;
  }

  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  it('show the server neither inputs, results, summaries nor failures; our client reads them all', async () => {
    const server = await connect(true);
    const taskQueue = `${STRATEGY_TASK_QUEUE}-encrypted-${String(Date.now())}`;
    const { activities, ended } = fakeStrategySteps({
      runStrategy: () =>
        Promise.reject(ApplicationFailure.nonRetryable(SECRETS[1], 'STRATEGY_FAILED')),
    });
    const worker = await createWorker(server, { taskQueue, activities, workflows: true });
    const handle = await worker.runUntil(async () => {
      const started = await server.client.workflow.start<typeof strategyWorkflow>(
        'strategyWorkflow',
        {
          workflowId: taskQueue,
          taskQueue,
          args: [{ strategyId: 'sma', runId: SECRETS[0]! }],
          staticSummary: SECRETS[2]!,
          memo: { note: SECRETS[2] },
        },
      );
      expect(await started.result()).toEqual({
        phase: 'failed',
        reason: `STRATEGY_FAILED: ${SECRETS[1]!}`,
      });
      return started;
    });
    expect(ended[0]).toMatchObject({ runId: SECRETS[0] });

    const plain = await connect(false);
    const kept = await plain.client.workflow.getHandle(handle.workflowId).fetchHistory();
    const description = await plain.client.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: handle.workflowId },
    });
    const bytes = [
      History.encode(kept).finish(),
      DescribeWorkflowExecutionResponse.encode(description).finish(),
    ]
      .map((part) => Buffer.from(part).toString('latin1'))
      .join();
    expect(bytes).toContain('binary/encrypted');
    expect(bytes).toContain('Encoded failure');
    for (const secret of SECRETS) expect(bytes.includes(secret)).toBe(false);

    const json = await createWorkflows(server.client).history(handle.workflowId);
    const saved = JSON.stringify(json);
    expect(saved).toContain(SECRETS[1]);
    expect(saved).toContain(Buffer.from(JSON.stringify(SECRETS[2])).toString('base64'));
    expect(saved).not.toMatch(/stack|identity|node_modules/i);
    expect(saved).not.toContain(hostname());
    const { history } = parseHistory(saved);
    const replayed = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
      { workflowId: handle.workflowId, history },
    ]);
    for await (const { error } of replayed) expect(error).toBeUndefined();
    await expect(createWorkflows(server.client).history('nobody')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      createWorkflows(server.client).history(handle.workflowId, 'no run id'),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
