import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Express } from 'express';
import request from 'supertest';
import { ask } from '../test/factories/api-answers.ts';
import type { Role } from '../adapters/repositories.ts';
import { ApiWorld } from '../test/factories/api-world.ts';

/** Hashing is slow on purpose, and slower on a busy machine. */
jest.setTimeout(30_000);

let world: ApiWorld;
let app: Express;

beforeEach(async () => {
  world = new ApiWorld();
  app = await world.open();
});

const get = async (path: string) =>
  ask(
    request(app)
      .get(path)
      .set('authorization', await world.as('viewer')),
  );
const post = async (path: string, body: object = {}, role: Role = 'trader') =>
  ask(
    request(app)
      .post(path)
      .set('authorization', await world.as(role))
      .send(body),
  );

const SPEC = { run: { strategy: 'sma-cross', pairs: ['BTC/USDT'] }, trials: 50 };

describe('a study', () => {
  it('is started with what was not said filled in, and told in the list of workflows', async () => {
    const answer = await post('/studies', { id: 'one', spec: SPEC });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      ...{ studyId: 'one', status: 'running', askedBy: 'a-trader', tried: 0, best: null },
      spec: { sampler: 'tpe', objective: 'sharpe', inSample: 0.7, trials: 50, seed: 1 },
      workflowUrl: 'http://temporal/workflows/study:one',
    });
    expect(world.sent).toEqual([
      'start one: optimize sma-cross BTC/USDT · 50 trials, tpe by sharpe',
    ]);
    expect(world.audit).toMatchObject([
      { actor: 'a-trader', action: 'study.start', target: 'one' },
    ]);
    expect((await get('/studies')).body.studies).toMatchObject([{ studyId: 'one' }]);
    expect((await get('/studies/one')).body).toMatchObject({ studyId: 'one' });
  });

  it('is listed with the others newest first, a page at a time', async () => {
    for (const id of ['one', 'two', 'three']) await post('/studies', { id, spec: SPEC });
    const first = (await get('/studies?limit=2')).body;
    expect(first).toMatchObject({
      studies: [{ studyId: 'three' }, { studyId: 'two' }],
      next: 'two',
    });
    const second = (await get(`/studies?limit=2&after=${String(first.next)}`)).body;
    expect(second).toMatchObject({ studies: [{ studyId: 'one' }], next: null });
    expect((await get('/studies?after=none')).status).toBe(404);
    for (const wrong of ['after=', 'limit=501', 'page=2']) {
      expect((await get(`/studies?${wrong}`)).status).toBe(400);
    }
  });

  it('gets an id where none was given', async () => {
    const { body } = await post('/studies', { spec: SPEC });
    expect(body.studyId).toMatch(/^sma-cross-[0-9a-f]{8}$/);
  });

  it.each([
    ['no trials', { ...SPEC, trials: 0 }, /trials/],
    ['too many', { ...SPEC, trials: 10_001 }, /10000/],
    ['a file', { run: { ...SPEC.run, data: ['/etc/passwd'] } }, /data/],
    ['a folder of code', { run: { ...SPEC.run, strategyPath: ['/tmp'] } }, /strategyPath/],
    ['no strategy', { run: {} }, /strategy/],
    ['a share that is none', { ...SPEC, inSample: 1 }, /inSample/],
    ['an unknown sampler', { ...SPEC, sampler: 'genetic' }, /sampler/],
  ])('of %s is refused', async (_what, spec, message) => {
    const { status, body } = await post('/studies', { spec });
    expect([status, body.error.code]).toEqual([400, 'INVALID_INPUT']);
    expect(body.error.message).toMatch(message);
    expect(world.sent).toEqual([]);
  });

  it('of an unknown strategy, or by who may not, is refused; without Temporal it is not begun', async () => {
    const unknown = await post('/studies', { spec: { run: { strategy: 'smma' } } });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'STRATEGY_UNKNOWN']);
    expect((await post('/studies', { spec: SPEC }, 'viewer')).status).toBe(403);
    world.away.add('temporal');
    expect((await post('/studies', { id: 'one', spec: SPEC })).status).toBe(503);
    expect((await get('/studies/one')).status).toBe(404);
  });

  it('is paused, resumed and cancelled while it is on, and by its name', async () => {
    await post('/studies', { id: 'one', spec: SPEC });
    for (const verb of ['pause', 'resume', 'cancel']) {
      expect((await post(`/studies/one/${verb}`, { reason: 'lunch' })).status).toBe(202);
      expect(world.sent.at(-1)).toBe(`${verb} one by a-trader`);
      expect((await post(`/studies/none/${verb}`)).status).toBe(404);
    }
    world.studies.set('one', { ...world.studies.get('one')!, status: 'done' });
    const late = await post('/studies/one/pause');
    expect([late.status, late.body.error.code]).toEqual([409, 'CONFLICT']);
    expect(late.body.error.message).toBe('study one is done: it cannot pause any more');
  });

  it('has its report once it is done', async () => {
    await post('/studies', { id: 'one', spec: SPEC });
    const early = await get('/studies/one/report');
    expect([early.status, early.body.error.message]).toEqual([
      409,
      'study one has no report: it is running',
    ]);
    world.studies.set('one', { ...world.studies.get('one')!, status: 'done' });
    expect((await get('/studies/one/report')).body).toEqual({
      ...{ best: [], trials: [], warnings: ['no trial'] },
    });
  });
});
