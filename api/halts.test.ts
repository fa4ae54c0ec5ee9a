/** The kill switch over HTTP, and the pause of a strategy. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import request from 'supertest';
import { ask } from '../test/factories/api-answers.ts';
import { ApiWorld } from '../test/factories/api-world.ts';

let world: ApiWorld;
let app: Express;

beforeEach(async () => {
  world = new ApiWorld();
  app = await world.open();
});

const post = async (path: string, body: object, role: 'viewer' | 'trader' | 'risk' = 'trader') =>
  ask(
    request(app)
      .post(path)
      .set('authorization', await world.as(role))
      .send(body),
  );
const ALL = { scope: 'all', reason: 'odd prices' };

describe('halts', () => {
  it('is set by a trader, and only the risk role lifts it, with a reason', async () => {
    const set = await post('/halts', { ...ALL, flatten: true });
    expect(set.status).toBe(201);
    expect(set.body).toMatchObject({
      id: 1,
      scope: 'all',
      flatten: true,
      setBy: 'a-trader',
      liftedAt: null,
      workflowUrl: 'http://temporal/workflows/halt:1',
    });
    expect(world.sent).toEqual(['clean up after halt 1']);

    expect((await post('/halts/1/resume', { reason: 'calm' })).status).toBe(403);
    expect(world.halts[0]).toMatchObject({ liftedBy: null });
    expect((await post('/halts/1/resume', {}, 'risk')).status).toBe(400);
    const lifted = await post('/halts/1/resume', { reason: 'calm' }, 'risk');
    expect(lifted.body).toMatchObject({ liftedBy: 'a-risk', liftReason: 'calm' });
    const again = await post('/halts/1/resume', { reason: 'calm' }, 'risk');
    expect([again.status, again.body.error.code]).toEqual([409, 'CONFLICT']);
    expect(world.audit.map(({ action }) => action)).toEqual(['halt.set', 'halt.lift']);
  });

  it('are listed newest first, a page at a time', async () => {
    for (const reason of ['one', 'two', 'three']) await post('/halts', { ...ALL, reason });
    const get = async (query: string) =>
      ask(
        request(app)
          .get(`/halts${query}`)
          .set('authorization', await world.as('viewer')),
      );
    expect((await get('?limit=2')).body).toMatchObject({
      halts: [{ reason: 'three' }, { reason: 'two' }],
      next: '2',
    });
    expect((await get('?limit=2&after=2')).body).toMatchObject({
      halts: [{ reason: 'one' }],
      next: null,
    });
    for (const wrong of ['after=x', 'after=0', 'limit=501']) {
      expect((await get(`?${wrong}`)).status).toBe(400);
    }
  });

  it('is in force while Temporal is away', async () => {
    world.away.add('temporal');
    expect((await post('/halts', ALL)).status).toBe(201);
    expect(world.halts).toHaveLength(1);
  });

  it('says what is wrong, and halts nothing', async () => {
    const faults = [
      [{ scope: 'all' }, 400],
      [{ ...ALL, target: 'x' }, 400],
      [{ scope: 'symbol', reason: 'odd' }, 400],
      [{ scope: 'planet', target: 'x', reason: 'odd' }, 400],
      [{ scope: 'strategy', target: 'nobody', reason: 'odd' }, 404],
    ] as const;
    for (const [body, status] of faults) expect((await post('/halts', body)).status).toBe(status);
    expect((await post('/halts', ALL, 'viewer')).status).toBe(403);
    expect((await post('/halts/9/resume', { reason: 'calm' }, 'risk')).status).toBe(404);
    expect(world.halts).toEqual([]);
  });
});

describe('pause and stop of a strategy', () => {
  it('tells its workflow', async () => {
    world.addStrategy({ status: 'running', runId: 'run-1' });
    world.running.add('sma-btc');
    expect((await post('/strategies/sma-btc/pause', { reason: 'news' }, 'risk')).status).toBe(200);
    expect((await post('/strategies/sma-btc/resume', {})).status).toBe(200);
    expect((await post('/strategies/sma-btc/stop', { flatten: true }, 'risk')).status).toBe(202);
    expect(world.sent).toEqual([
      'pause sma-btc by a-risk',
      'resume sma-btc by a-trader',
      'stop sma-btc by a-risk, flatten',
    ]);
  });

  it('is for those who may: a risk owner does not open positions', async () => {
    world.addStrategy({ status: 'paused', runId: 'run-1' });
    world.running.add('sma-btc');
    expect((await post('/strategies/sma-btc/resume', {}, 'risk')).status).toBe(403);
    expect((await post('/strategies/nobody/pause', {})).status).toBe(404);
    expect(world.sent).toEqual([]);
  });
});
