import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import request from 'supertest';
import { ask } from '../test/factories/api-answers.ts';
import type { Role } from '../adapters/repositories.ts';
import { ApiWorld } from '../test/factories/api-world.ts';
import { T0 } from '../test/factories/market.ts';

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

const get = (path: string) => ask(request(app).get(path).set('authorization', viewer));
const post = async (path: string, body: object = {}, role?: Role) =>
  ask(
    request(app)
      .post(path)
      .set('authorization', role === undefined ? trader : await world.as(role))
      .send(body),
  );

describe('an amend', () => {
  const ID = 'a'.repeat(24);

  it('is begun where the new terms pass filters and risk rules', async () => {
    world.addRestingOrder();
    const answer = await post(`/orders/${ID}/amend`, { limitPrice: '96000' });
    expect(answer.status).toBe(202);
    expect(world.sent).toEqual([`amend ${ID} to 0.01 at 96000`]);
  });

  it('changes nothing where it would be refused', async () => {
    const resting = world.addRestingOrder();
    const small = await post(`/orders/${ID}/amend`, { quantity: '0.00001' });
    expect([small.status, small.body.error.code]).toEqual([422, 'FILTER_NOTIONAL']);
    expect(small.body.error.message).toMatch(/is below the smallest notional \d/);
    expect((await post(`/orders/${ID}/amend`, {})).status).toBe(400);
    world.free = '1000';
    const dear = await post(`/orders/${ID}/amend`, { quantity: '0.02' });
    expect([dear.status, dear.body.error.code]).toEqual([422, 'RISK_BALANCE']);
    expect((await post(`/orders/${ID}/amend`, { quantity: '1' }, 'viewer')).status).toBe(403);
    expect(world.sent).toEqual([]);
    expect((await get(`/orders/${ID}`)).body).toMatchObject({ order: resting });
  });

  it('of an order that is over, or does not rest, is a conflict', async () => {
    world.addRestingOrder({ state: 'done', status: 'filled' });
    expect((await post(`/orders/${ID}/amend`, { quantity: '1' })).status).toBe(409);
    world.orders.length = 0;
    world.addRestingOrder({ type: 'market', price: null });
    expect((await post(`/orders/${ID}/amend`, { quantity: '1' })).status).toBe(409);
  });
});

describe('findings', () => {
  it('come newest first, a page at a time', async () => {
    for (const subject of ['A', 'B', 'C']) world.addFinding({ subject });
    const first = (await get('/reconciliation?limit=2')).body;
    expect(first).toMatchObject({ findings: [{ subject: 'C' }, { subject: 'B' }], next: '2' });
    const second = (await get(`/reconciliation?limit=2&after=${String(first.next)}`)).body;
    expect(second).toMatchObject({ findings: [{ subject: 'A' }], next: null });
    expect((await get('/reconciliation?after=B')).status).toBe(400);
  });
});

describe('orders', () => {
  it('come a page at a time', async () => {
    for (const letter of ['a', 'b', 'c']) world.addOrder({ orderId: letter.repeat(24) });
    const first = (await get('/orders?limit=2')).body;
    expect(first.orders).toHaveLength(2);
    expect(first.next).toBe('b'.repeat(24));
    const second = (await get(`/orders?limit=2&after=${String(first.next)}`)).body;
    expect([second.orders.length, second.next]).toEqual([1, null]);
    expect((await get('/orders?status=filled')).body.orders).toEqual([]);
  });

  it('are shown with events, fills and a link', async () => {
    const order = world.addOrder();
    world.events.push({ orderId: order.orderId, version: 1, status: 'open', event: order, at: T0 });
    const shown = await get(`/orders/${order.orderId}`);
    expect(shown.body).toMatchObject({
      order: { orderId: order.orderId },
      events: [{ version: 1, status: 'open', at: T0 }],
      fills: [],
      workflowUrl: `http://temporal/workflows/${order.orderId}`,
    });
    expect((await get('/orders/nope')).status).toBe(404);
  });

  it('are cancelled by a signal while they are not over', async () => {
    const order = world.addOrder();
    world.running.add(order.orderId);
    expect((await post(`/orders/${order.orderId}/cancel`)).status).toBe(202);
    expect(world.sent).toEqual([`cancel ${order.orderId} by a-trader`]);
    expect(world.audit).toEqual([expect.objectContaining({ action: 'order.cancel' })]);

    const done = world.addOrder({ orderId: 'd'.repeat(24), state: 'done', status: 'filled' });
    const answer = await post(`/orders/${done.orderId}/cancel`);
    expect([answer.status, answer.body.error.message]).toEqual([
      409,
      expect.stringContaining('filled'),
    ]);
    expect((await post('/orders/nope/cancel')).status).toBe(404);
    // Neither was asked of a workflow, nor is it in the audit log.
    expect([world.sent.length, world.audit.length]).toEqual([1, 1]);
    expect((await get(`/orders/${done.orderId}`)).body).toMatchObject({ order: done });
  });
});

describe('an order of a person', () => {
  const ORDER = { strategyId: 'sma-btc', symbol: 'BTC/USDT', side: 'buy', quantity: '0.01' };
  const TWAP = { kind: 'twap', durationMs: 60_000, slices: 4 };
  const place = (change: object = {}, role?: Role) =>
    post('/orders', { ...ORDER, ...change }, role);
  beforeEach(() => {
    world.addStrategy({ status: 'running' });
  });

  it('is a signal in the name of who asks, the same one for the same request', async () => {
    const requestId = '0b0f3c86-7a3b-4c43-9d53-4f4f0c1b6d11';
    const first = await place({ requestId, execution: TWAP });
    expect(first.status).toBe(202);
    expect((await place({ requestId, execution: TWAP })).body).toEqual(first.body);
    expect(new Set(world.signals.map(({ id }) => id)).size).toBe(1);
    expect(world.signals[0]).toMatchObject({
      id: first.body.orderId,
      source: { kind: 'person', name: 'a-trader' },
      wanted: { kind: 'order', side: 'buy', quantity: '0.01' },
      type: 'market',
      execution: { ...TWAP, jitter: 0, catchUp: 'spread' },
      eventTime: T0,
      // A minute, and as long as its slices are sent.
      validUntil: T0 + 120_000,
    });
    expect(world.audit.at(-1)).toMatchObject({ action: 'order.place', actor: 'a-trader' });
    // What is known needs no price any more.
    world.addOrder({ orderId: first.body.orderId, state: 'done', status: 'filled' });
    world.price = null;
    expect((await place({ requestId, execution: TWAP })).body).toEqual(first.body);
  });

  it('is a limit, stop or stop-limit order by the prices that are given', async () => {
    await place({ limitPrice: '96000', timeoutMs: 60_000, validForMs: 5_000 });
    await place({ side: 'sell', stopPrice: '95000' });
    await place({ limitPrice: '96000', timeInForce: 'ioc' });
    await place({ limitPrice: '99000', stopPrice: '98900' });
    expect(world.signals).toMatchObject([
      { type: 'limit', limitPrice: '96000', timeoutMs: 60_000, validUntil: T0 + 5_000 },
      { type: 'stop', stopPrice: '95000' },
      { type: 'limit', timeInForce: 'ioc' },
      { type: 'stop-limit', limitPrice: '99000', stopPrice: '98900' },
    ]);
  });

  it.each<[string, object, string]>([
    ['a TWAP of zero seconds', { execution: { ...TWAP, durationMs: 0 } }, 'execution.durationMs'],
    ['a TWAP of one slice', { execution: { ...TWAP, slices: 1 } }, 'execution.slices'],
    ['an unknown plan', { execution: { kind: 'hope' } }, 'execution.kind'],
    ['an iceberg at market', { execution: { kind: 'iceberg', displayQuantity: '1' } }, 'execution'],
    [
      'one venue to split on',
      { execution: { kind: 'split', accounts: ['a'] } },
      'execution.accounts',
    ],
    ['a quantity of nothing', { quantity: '0' }, 'quantity'],
    ['a time in force at market', { timeInForce: 'ioc' }, 'timeInForce'],
    ['what nobody asked for', { leverage: 5 }, 'leverage'],
  ])('is refused with 400 where it states %s', async (_what, change, path) => {
    const { status, body } = await place(change);
    expect([status, body.error.code]).toEqual([400, 'INVALID_INPUT']);
    expect(body.error.message).toContain(path);
    expect(world.signals).toEqual([]);
  });

  const iceberg = { kind: 'iceberg', displayQuantity: '0.02' };
  it.each<[string, object, number, string]>([
    ['too small', { quantity: '0.00001' }, 422, 'FILTER_NOTIONAL'],
    ['off the step', { quantity: '0.010000001' }, 422, 'FILTER_LOT_SIZE'],
    ['off the tick', { limitPrice: '96000.001' }, 422, 'FILTER_PRICE'],
    ['shown whole', { limitPrice: '96000', execution: iceberg }, 422, 'FILTER_LOT_SIZE'],
    ['sliced too thin', { execution: { ...TWAP, slices: 400 } }, 422, 'FILTER_NOTIONAL'],
    ['of nobody', { strategyId: 'nope' }, 404, 'NOT_FOUND'],
    [
      'for an account nobody has',
      { execution: { kind: 'split', accounts: ['binance-sandbox', 'mars'] } },
      400,
      'INVALID_INPUT',
    ],
  ])('is refused where it is %s', async (_what, change, status, code) => {
    const answer = await place(change);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(world.signals).toEqual([]);
  });

  it('opens nothing for a strategy that does not run, and closes for it whatever its plan', async () => {
    world.addStrategy({ status: 'stopped' });
    expect((await place()).status).toBe(409);
    world.addPosition('0.01');
    const execution = { ...TWAP, slices: 400 };
    expect((await place({ side: 'sell', execution })).status).toBe(202);
  });

  it('needs a role that trades, and a price', async () => {
    for (const role of ['viewer', 'risk'] as const)
      expect((await place({}, role)).status).toBe(403);
    world.price = null;
    expect((await place()).status).toBe(503);
  });
});

describe('orders over the limit', () => {
  it('are approved and rejected by risk and admin alone', async () => {
    const order = world.addOrder({ state: 'awaiting_approval', status: 'awaiting_approval' });
    const path = `/orders/${order.orderId}/approve`;
    world.running.add(order.orderId);
    expect((await post(path)).status).toBe(403);
    expect((await post(path, { note: 'hedged' }, 'risk')).status).toBe(200);
    expect((await post(`/orders/${order.orderId}/reject`, {}, 'admin')).status).toBe(200);
    expect(world.sent).toEqual([
      `approve ${order.orderId} by a-risk (risk): hedged`,
      `reject ${order.orderId} by a-admin (admin): `,
    ]);
  });

  it('that are over are a conflict', async () => {
    const order = world.addOrder({ state: 'expired', status: 'expired' });
    expect((await post(`/orders/${order.orderId}/approve`, {}, 'risk')).status).toBe(409);
    expect((await post('/orders/nope/approve', {}, 'risk')).status).toBe(404);
  });
});

describe('portfolio', () => {
  it('tells positions, balances and P&L, marked or not yet', async () => {
    world.addStrategy();
    world.addStrategy({ id: 'new' });
    world.addPosition('0.01');
    expect((await get('/positions?strategyId=sma-btc')).body.positions).toHaveLength(1);
    expect((await get('/positions?strategyId=new')).body.positions).toEqual([]);
    expect((await get('/balances')).body.balances[0]).toMatchObject({
      asset: 'USDT',
      total: '9000.5',
    });
    const pnl = (await get('/pnl')).body;
    expect(pnl.strategies).toMatchObject([
      { strategyId: 'sma-btc', equity: '1000.3' },
      { strategyId: 'new', equity: '1000', at: null },
    ]);
    expect(pnl.total).toEqual({ equity: '2000.3', realisedPnl: '0.1', unrealisedPnl: '0.2' });
  });

  it('closes a position by a signal in the name of who asks, the same one for the same request', async () => {
    world.addStrategy();
    world.addPosition('0.01');
    const body = {
      strategyId: 'sma-btc',
      symbol: 'BTC/USDT',
      requestId: '0b0f3c86-7a3b-4c43-9d53-4f4f0c1b6d11',
    };
    const first = await post('/positions/close', body);
    const second = await post('/positions/close', body);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    expect(world.signals[0]).toMatchObject({
      id: first.body.signalId,
      source: { kind: 'person', name: 'a-trader' },
      runId: `person:${body.requestId}`,
      strategyType: 'sma-cross',
      wanted: { kind: 'target', quantity: '0' },
      referencePrice: '97000.5',
      eventTime: T0,
    });
    expect(new Set(world.signals.map(({ id }) => id)).size).toBe(1);
    const other = await post('/positions/close', { strategyId: 'sma-btc', symbol: 'BTC/USDT' });
    expect(other.body.signalId).not.toBe(first.body.signalId);

    world.addOrder({ orderId: first.body.signalId, state: 'done', status: 'filled' });
    world.positions.length = 0;
    expect((await post('/positions/close', body)).body).toEqual(first.body);
  });

  it('does not close what is not there, or has no price', async () => {
    const body = { strategyId: 'sma-btc', symbol: 'BTC/USDT' };
    expect((await post('/positions/close', body)).status).toBe(404);
    world.addStrategy();
    expect((await post('/positions/close', body)).status).toBe(409);
    world.addPosition('0.01');
    world.price = null;
    expect((await post('/positions/close', body)).status).toBe(503);
    expect(
      (await post('/positions/close', { ...body, symbol: 'BTCUSDT', requestId: 'x' })).body.error
        .details.problems,
    ).toHaveLength(2);
    expect(world.signals).toEqual([]);
  });
});
