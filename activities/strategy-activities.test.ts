import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { KeelError } from '../core/errors.ts';
import { StrategyWorld, until } from '../test/factories/strategy-world.ts';
import type { InstanceDeps } from './run-strategy.ts';
import { createStrategyActivities, type StrategyActivities } from './strategy-activities.ts';

const INPUT = { strategyId: 'sma', runId: 'run-1' };

async function openWorld(): Promise<StrategyWorld> {
  const world = new StrategyWorld();
  await world.open();
  return world;
}

/** The activities over the world's store with some of its methods replaced. */
function over(
  world: StrategyWorld,
  change: Partial<InstanceDeps['repositories']['strategies']> = {},
  timing = {},
): StrategyActivities {
  const deps = world.deps();
  const strategies = { ...deps.repositories.strategies, ...change };
  return createStrategyActivities({
    ...deps,
    timing: { ...deps.timing, ...timing },
    repositories: { ...deps.repositories, strategies },
  });
}

function environment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

describe('beginRun', () => {
  it('begins the run', async () => {
    const world = await openWorld();
    await over(world).beginRun(INPUT);
    expect(world.record).toMatchObject({ runId: 'run-1', status: 'running' });
  });

  it('ends a run whose workflow is gone, and begins', async () => {
    const world = await openWorld();
    world.begin('orphan');
    const ended: string[] = [];
    const activities = over(world, {
      beginRun: async (_id, runId) => {
        if (world.record.status === 'running') throw new KeelError('CONFLICT', 'orphan is on');
        world.begin(runId);
        return world.record;
      },
      endRun: async (_id, runId, status, reason) => {
        ended.push(`${runId} ${status}: ${reason ?? ''}`);
        world.record = { ...world.record, status };
      },
    });
    await activities.beginRun(INPUT);
    expect(ended).toEqual(['orphan stopped: its workflow was gone']);
    expect(world.record).toMatchObject({ runId: 'run-1', status: 'running' });
  });

  // A conflict that is not about another run, and a strategy that is not there.
  it.each(['CONFLICT', 'NOT_FOUND'] as const)('fails for good with %s', async (code) => {
    const world = await openWorld();
    const activities = over(world, {
      beginRun: () => Promise.reject(new KeelError(code, 'no')),
    });
    await expect(activities.beginRun(INPUT)).rejects.toMatchObject({
      type: code,
      nonRetryable: true,
    });
  });
});

describe('runStrategy', () => {
  it('holds the instance, beats where it is, and is cancelled with what Temporal wants to hear', async () => {
    const world = await openWorld();
    world.begin('run-1');
    const context = environment();
    const beats: unknown[] = [];
    context.on('heartbeat', (progress) => beats.push(progress));
    const running = context.run((input: typeof INPUT) => over(world).runStrategy(input), INPUT);
    await until(() => beats.length > 2 && world.checkpoint?.state !== null);
    context.cancel('CANCELLED');
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(beats[0]).toEqual({ epoch: null, lastBar: {} });
    expect(beats.at(-1)).toMatchObject({ epoch: world.checkpoint?.epoch });
  });

  it('hands itself back when it has lasted long enough', async () => {
    const world = await openWorld();
    world.begin('run-1');
    const activities = over(world, {}, { rotateMs: 30 });
    expect(
      await environment().run((input: typeof INPUT) => activities.runStrategy(input), INPUT),
    ).toEqual({ ended: 'rotated' });
  });

  it('leaves an instance that a newer run took', async () => {
    const world = await openWorld();
    world.begin('run-2');
    expect(
      await environment().run((input: typeof INPUT) => over(world).runStrategy(input), INPUT),
    ).toEqual({ ended: 'superseded' });
  });

  it('fenced by another runner of its own run: fails so that Temporal tries again', async () => {
    const world = await openWorld();
    world.begin('run-1');
    const activities = over(world, {
      commit: () => Promise.reject(new KeelError('FENCED', 'a newer epoch')),
    });
    await expect(
      environment().run((input: typeof INPUT) => activities.runStrategy(input), INPUT),
    ).rejects.toMatchObject({ type: 'FENCED', nonRetryable: false });
  });

  it('fails for good on a type nobody registered', async () => {
    const world = new StrategyWorld({ type: 'moon-phase' });
    world.begin('run-1');
    await expect(
      environment().run((input: typeof INPUT) => over(world).runStrategy(input), INPUT),
    ).rejects.toMatchObject({ type: 'STRATEGY_UNKNOWN', nonRetryable: true });
  });
});

describe('endRun', () => {
  it('writes how the run ended', async () => {
    const world = await openWorld();
    world.begin('run-1');
    await over(world).endRun({ ...INPUT, status: 'failed', reason: 'it threw' });
    expect(world.record.status).toBe('failed');
  });
});
