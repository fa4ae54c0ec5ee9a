/** Guards over HTTP: who sees, sets and clears the stops of positions. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import request from 'supertest';
import type { Role } from '../adapters/repositories.ts';
import { ask } from '../test/factories/api-answers.ts';
import { ApiWorld } from '../test/factories/api-world.ts';
import { createGuard } from '../test/factories/guards.ts';

let world: ApiWorld;
let app: Express;

beforeEach(async () => {
  world = new ApiWorld();
  app = await world.open();
  world.addStrategy();
  const shown = { setBy: 'order:x', held: '0.5', averageCost: '100', updatedAt: 1 };
  const key = { strategyId: 'sma-btc', symbol: 'BTC/USDT' };
  world.guards.push(
    { ...createGuard(key), ...shown },
    { ...createGuard({ ...key, strategyId: 'old', state: 'ended', ending: 'dust' }), ...shown },
  );
});

const get = async (path: string) =>
  ask(
    request(app)
      .get(path)
      .set('authorization', await world.as('viewer')),
  );
const post = async (path: string, body: object, role: Role) =>
  ask(
    request(app)
      .post(path)
      .set('authorization', await world.as(role))
      .send(body),
  );
const KEY = { strategyId: 'sma-btc', symbol: 'BTC/USDT' };
const STOPS = { stopLoss: { fraction: '0.05' } };

describe('guards', () => {
  it('shows those that live, and those that ended where asked to', async () => {
    expect((await get('/guards')).body).toMatchObject({
      guards: [{ ...KEY, held: '0.5', ending: null }],
    });
    expect((await get('/guards?live=false')).body).toMatchObject({
      guards: [KEY, { strategyId: 'old', state: 'ended', ending: 'dust' }],
    });
  });

  it('come a page at a time', async () => {
    const first = (await get('/guards?live=false&limit=1')).body;
    expect(first).toMatchObject({ guards: [KEY], next: 'sma-btc BTC/USDT' });
    const after = `&after=${encodeURIComponent(String(first.next))}`;
    const second = (await get(`/guards?live=false&limit=1${after}`)).body;
    expect(second).toMatchObject({ guards: [{ strategyId: 'old' }], next: null });
    for (const wrong of ['limit=0', 'limit=501', 'after=sma-btc', 'page=2']) {
      expect((await get(`/guards?${wrong}`)).status).toBe(400);
    }
  });

  it('are set by a trader and cleared by the risk role, with a reason', async () => {
    const set = await post('/guards', { ...KEY, stops: STOPS }, 'trader');
    expect(set).toMatchObject({ status: 202, body: { spec: STOPS } });
    expect((await post('/guards/clear', { ...KEY, reason: 'moved' }, 'trader')).status).toBe(403);
    expect((await post('/guards/clear', KEY, 'risk')).status).toBe(400);
    expect((await post('/guards/clear', { ...KEY, reason: 'moved' }, 'risk')).status).toBe(202);
    expect(world.sent).toEqual(Array(2).fill('look at the guard of sma-btc in BTC/USDT'));
    expect(world.audit.map(({ action }) => action)).toEqual(['guard.set', 'guard.clear']);
  });

  it('say what is wrong, and change nothing', async () => {
    expect((await post('/guards', { ...KEY, stops: {} }, 'trader')).status).toBe(400);
    const nobody = { ...KEY, strategyId: 'nobody' };
    expect((await post('/guards', { ...nobody, stops: STOPS }, 'trader')).status).toBe(404);
    expect((await post('/guards/clear', { ...nobody, reason: 'x' }, 'risk')).status).toBe(404);
    expect(world.sent).toEqual([]);
  });
});
