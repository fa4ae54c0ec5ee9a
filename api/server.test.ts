import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import { SignJWT } from 'jose';
import request from 'supertest';
import { ask } from '../test/factories/api-answers.ts';
import { ACCOUNT } from '../test/factories/api-state.ts';
import { ApiWorld } from '../test/factories/api-world.ts';

let world: ApiWorld;
let app: Express;
let trader: string;
let viewer: string;

beforeEach(async () => {
  world = new ApiWorld();
  app = await world.open();
  trader = await world.as('trader');
  viewer = await world.as('viewer');
});

const open = (path: string) => ask(request(app).get(path));
const get = (path: string, token = viewer) =>
  ask(request(app).get(path).set('authorization', token));
const post = (path: string, body: object = {}, token = trader) =>
  ask(request(app).post(path).set('authorization', token).send(body));
const logIn = (body: object, to = app) => ask(request(to).post('/login').send(body));

describe('log-in and tokens', () => {
  it('gives a token that opens the rest', async () => {
    const login = await logIn({ name: 'ann', password: 'correct horse' });
    expect(login.status).toBe(200);
    expect(login.body).toMatchObject({ name: 'ann', role: 'trader' });
    const answer = await get('/strategies', `Bearer ${login.body.token}`);
    expect(answer.status).toBe(200);
  });

  it('says the same to a wrong password and an unknown name', async () => {
    const wrong = await logIn({ name: 'ann', password: 'wrong' });
    const unknown = await logIn({ name: 'bob', password: 'wrong' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body).toEqual(unknown.body);
    expect(wrong.body.error.code).toBe('UNAUTHENTICATED');
  });

  it('limits log-ins', async () => {
    const limited = await new ApiWorld().open({ loginsPerMinute: 2 });
    const tries = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      tries.push(await logIn({ name: 'ann', password: 'x' }, limited));
    }
    expect(tries.map(({ status }) => status)).toEqual([401, 401, 429]);
    expect(tries[2]!.body.error.code).toBe('RATE_LIMITED');
    expect(tries[2]!.headers['retry-after']).toBe('60');
  });

  it('refuses a missing, malformed, foreign, expired and unsigned token', async () => {
    const other = new TextEncoder().encode('another-secret-of-32-characters!!');
    const own = new TextEncoder().encode('a-secret-of-at-least-32-characters');
    const sign = (key: Uint8Array, expires: string) =>
      new SignJWT({ role: 'admin' })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject('eve')
        .setIssuer('keel')
        .setAudience('keel-api')
        .setExpirationTime(expires)
        .sign(key);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"eve","role":"admin"}').toString('base64url')}.`;
    const tokens = [
      '',
      'Bearer',
      'Basic abc',
      'Bearer nonsense',
      `Bearer ${await sign(other, '1h')}`,
      `Bearer ${await sign(own, '1s ago')}`,
      `Bearer ${unsigned}`,
    ];
    for (const token of tokens) {
      const answer = await get('/orders', token);
      expect([answer.status, answer.body.error.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('leaves nothing open without a token but what is meant to be', async () => {
    const document = (await open('/openapi.json')).body;
    const unguarded: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const call = request(app);
        const answer = method === 'get' ? await call.get(path) : await call.post(path).send({});
        if (answer.status !== 401) unguarded.push(path);
      }
    }
    expect(unguarded.sort()).toEqual(['/health', '/login', '/ready']);
  });

  it('lets each role do what is its own', async () => {
    world.addStrategy();
    const tried = async (role: 'viewer' | 'trader' | 'risk' | 'admin') => {
      const token = await world.as(role);
      return [
        (await get('/strategies', token)).status,
        (await post('/strategies/sma-btc/start', {}, token)).status,
        (await post('/strategies/sma-btc/stop', {}, token)).status,
      ].map((status) => status !== 403);
    };
    expect(await tried('viewer')).toEqual([true, false, false]);
    expect(await tried('risk')).toEqual([true, false, true]);
    expect(await tried('trader')).toEqual([true, true, true]);
    expect(await tried('admin')).toEqual([true, true, true]);
    const answer = await post('/strategies/sma-btc/start', {}, viewer);
    expect(answer.body.error).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('trader, admin'),
    });
  });
});

describe('bad input', () => {
  it('answers an unknown route, malformed JSON and a huge body in the one shape', async () => {
    expect((await get('/nowhere')).body.error.code).toBe('NOT_FOUND');
    const malformed = await ask(
      request(app)
        .post('/strategies')
        .set('authorization', trader)
        .set('content-type', 'application/json')
        .send('{"type": '),
    );
    expect([malformed.status, malformed.body.error.code]).toEqual([400, 'INVALID_INPUT']);
    const huge = await post('/strategies', { name: 'x'.repeat(200_000) });
    expect([huge.status, huge.body.error.code]).toEqual([413, 'INVALID_INPUT']);
  });

  it('lists every fault of a body at once', async () => {
    const answer = await post('/strategies', {
      id: 'Not Good',
      type: 'sma-cross',
      quota: { allocation: '-5', maxOrdersPerDay: 0.5 },
      colour: 'red',
    });
    expect(answer.status).toBe(400);
    const text = answer.body.error.details.problems.join('\n');
    for (const part of [
      'body.id',
      'body.accountId',
      'body.quota.allocation',
      'body.quota.maxOrdersPerDay',
      'colour',
    ]) {
      expect(text).toContain(part);
    }
    expect((await post('/strategies')).status).toBe(400);
    expect((await post('/strategies', [1, 2])).status).toBe(400);
  });

  it('lists every fault of a query', async () => {
    const answer = await get('/orders?limit=0&status=wild&open=perhaps&colour=red');
    expect(answer.status).toBe(400);
    expect(answer.body.error.details.problems).toHaveLength(4);
  });

  it('keeps its own defects to itself', async () => {
    world.defect = new TypeError('password is hunter2');
    const answer = await get('/strategies');
    expect([answer.status, answer.body.error.code]).toEqual([500, 'INTERNAL']);
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });
});

describe('strategies', () => {
  const body = {
    id: 'sma-2',
    type: 'sma-cross',
    accountId: ACCOUNT,
    quota: { allocation: '1000' },
  };

  it('are created with the default limits, audited, and shown with their workflow', async () => {
    const created = await post('/strategies', body);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      id: 'sma-2',
      exchange: 'binance',
      status: 'created',
      createdBy: 'a-trader',
      quota: { allocation: '1000', maxPosition: null, maxOrdersPerDay: 500 },
      workflowUrl: 'http://temporal/workflows/strategy:sma-2',
    });
    expect(world.audit).toEqual([
      expect.objectContaining({ actor: 'a-trader', action: 'strategy.create', target: 'sma-2' }),
    ]);
    expect((await get('/strategies/sma-2')).body.id).toBe('sma-2');
    expect((await get('/strategies')).body.strategies).toHaveLength(1);
    expect((await post('/strategies', body)).status).toBe(409);
    const unnamed = await post('/strategies', { ...body, id: undefined });
    expect(unnamed.body.id).toMatch(/^sma-cross-[0-9a-f]{8}$/);
  });

  it('say what is wrong with type, configuration, account and symbol', async () => {
    const unknown = await post('/strategies', { ...body, type: 'astrology' });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'STRATEGY_UNKNOWN']);
    expect(unknown.body.error.message).toContain('sma-cross');

    const wrong = await post('/strategies', {
      ...body,
      config: { fast: 0, slow: 'x', colour: 'red' },
    });
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'CONFIG_INVALID']);
    expect(wrong.body.error.details.issues.length).toBeGreaterThanOrEqual(3);

    const account = await post('/strategies', { ...body, accountId: 'nobody' });
    expect([account.status, account.body.error.message]).toEqual([
      400,
      expect.stringContaining(ACCOUNT),
    ]);

    const symbol = await post('/strategies', { ...body, config: { symbol: 'DOGE/USDT' } });
    expect([symbol.status, symbol.body.error.message]).toEqual([
      400,
      expect.stringContaining('BTC/USDT on binance'),
    ]);
    expect(world.audit).toEqual([]);
  });

  it('start as a new run each time, once at a time', async () => {
    world.addStrategy();
    const started = await post('/strategies/sma-btc/start');
    expect(started.status).toBe(202);
    expect(started.body).toMatchObject({
      status: 'running',
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const again = await post('/strategies/sma-btc/start');
    expect([again.status, again.body.error.code]).toEqual([409, 'CONFLICT']);
    expect((await post('/strategies/nobody/start')).status).toBe(404);
  });

  it('stop by a signal; a row whose workflow is gone is put right', async () => {
    world.addStrategy({ status: 'running', runId: 'run-1' });
    world.running.add('sma-btc');
    const stopped = await post('/strategies/sma-btc/stop');
    expect([stopped.status, stopped.body.status]).toEqual([202, 'stopping']);
    expect(world.sent).toEqual(['stop sma-btc by a-trader']);

    world.running.clear();
    expect((await post('/strategies/sma-btc/stop')).status).toBe(202);
    expect(world.strategies.get('sma-btc')).toMatchObject({ status: 'stopped' });
    expect((await post('/strategies/sma-btc/stop')).status).toBe(409);
  });

  it('answer 503 while Temporal is away', async () => {
    world.addStrategy();
    world.away.add('temporal');
    const answer = await post('/strategies/sma-btc/start');
    expect([answer.status, answer.body.error.code]).toEqual([503, 'UNAVAILABLE']);
  });

  it('list their templates with the schema of the configuration', async () => {
    const { types } = (await get('/strategy-types')).body;
    expect(types).toHaveLength(10);
    const sma = types.find(({ type }) => type === 'sma-cross');
    expect(sma!.configSchema.properties).toHaveProperty('fast');
  });
});

describe('the process', () => {
  it('is healthy, and ready when all it needs answers', async () => {
    expect((await open('/health')).body).toEqual({ status: 'up' });
    expect((await open('/ready')).body.ready).toBe(true);
    world.away.add('bus');
    const answer = await open('/ready');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      ready: false,
      checks: { postgres: { ok: true }, bus: { ok: false, detail: 'bus is away' } },
    });
  });

  it('serves metrics, the document and its page', async () => {
    expect((await open('/metrics')).text).toContain('keel_process_cpu');
    const document = (await open('/openapi.json')).body;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Error', 'NewStrategy', 'Order', 'Strategy']),
    );
    expect(document.paths['/orders']!['get']!.parameters!.map(({ name }) => name)).toContain(
      'after',
    );
    const page = await open('/docs/');
    expect(page.text).toContain('swagger-ui');
    expect((await open('/docs/swagger-initializer.js')).text).toContain("'/openapi.json'");
  });
});
