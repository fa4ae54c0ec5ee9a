import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import { parseHistory } from '../adapters/temporal/history-json.ts';
import { ApiWorld } from '../test/factories/api-world.ts';
import { run } from './keel.ts';
import type { Io } from './session.ts';

let world: ApiWorld;
let server: Server;
let url: string;
let folder: string;
let app: Express;

/** Answers every request with that, for what the real API does not do on demand. */
let canned: { status: number; text: string } | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The API with the world as it is now. */
async function restart(): Promise<void> {
  app = await world.open();
}

beforeEach(async () => {
  world = new ApiWorld();
  canned = undefined;
  await restart();
  server = createServer((incoming, outgoing) => {
    if (canned === undefined) app(incoming, outgoing);
    else outgoing.writeHead(canned.status, { 'content-type': 'text/html' }).end(canned.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function keel(line: string | string[], environment: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    environment: {
      KEEL_API_URL: url,
      KEEL_TOKEN: await world.tokens.issue({ name: 'ann', role: 'trader' }),
      KEEL_DATA_DIR: folder,
      ...environment,
    },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => 'correct horse',
  };
  const code = await run(typeof line === 'string' ? line.split(' ') : line, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('keel', () => {
  it('lists builds, sends new workflows to one, and waits for its workers', async () => {
    const admin = { KEEL_TOKEN: await world.tokens.issue({ name: 'root', role: 'admin' }) };
    const unversioned = await keel('builds');
    expect([unversioned.code, unversioned.err]).toEqual([
      2,
      expect.stringContaining('workers are unversioned here'),
    ]);
    world.builds = new Map([
      ['b1', { buildId: 'b1', status: 'current', createdAt: Date.UTC(2026, 5, 12, 17) }],
    ]);
    await restart();
    expect((await keel('deploy b1')).code).toBe(5);
    expect((await keel('deploy b2 --wait 0', admin)).code).toBe(4);
    const deployed = keel('deploy b2', admin);
    world.builds.set('b2', { buildId: 'b2', status: 'inactive', createdAt: 0 });
    expect((await deployed).code).toBe(0);
    expect((await keel('builds')).out).toMatch(/b1 +draining +2026-06-12 17:00:00\n.*b2 +current/);
    expect(world.audit.at(-1)).toEqual({ actor: 'root', action: 'build.current', target: 'b2' });
    expect((await keel('deploy b2 --wait soon', admin)).code).toBe(2);
  });

  it("saves a workflow's history, once, for who may see it", async () => {
    world.running.add('order-1');
    const file = join(folder, 'saved.json');
    const save = ['history', 'save', 'order-1', '--out', file];
    const { code, out } = await keel(save);
    const { events } = parseHistory(readFileSync(file, 'utf8')).json;
    expect([code, out]).toEqual([0, `${file}: orderWorkflow, ${String(events.length)} events`]);
    const again = await keel([...save, '--json']);
    expect(again.code).toBe(4);
    expect(again.out).toContain(`${file} is there already: give another --out`);
    expect((await keel(['history', 'save', 'order-2', '--out', `${file}2`])).code).toBe(3);
    const viewer = { KEEL_TOKEN: await world.tokens.issue({ name: 'vic', role: 'viewer' }) };
    expect((await keel(save, viewer)).code).toBe(5);
    expect((await keel(['history', 'save', 'order-1', '--out', '/nowhere/x.json'])).err).toMatch(
      /\/nowhere\/x\.json cannot be written/,
    );
  });

  it('tells the state of the house', async () => {
    world.addStrategy({ status: 'running' });
    const { code, out } = await keel('status');
    expect(code).toBe(0);
    expect(out).toMatch(/postgres, temporal, bus answer/);
    expect(out).toMatch(/sma-btc +sma-cross +running +1000.3/);
    world.away.add('temporal');
    const away = await keel('status');
    expect([away.code, away.err]).toEqual([6, 'keel: temporal is away: temporal is away']);
  });

  it('creates, lists, starts and stops strategies', async () => {
    const created = await keel([
      ...'create sma-cross --id sma-1 --account binance-sandbox --allocation 1000 --config'.split(
        ' ',
      ),
      '{"fast":5,"slow":20}',
    ]);
    expect([created.code, created.err]).toEqual([0, '']);
    expect(created.out).toContain('sma-1 is created');
    expect(world.strategies.get('sma-1')?.config).toEqual({ fast: 5, slow: 20 });
    expect((await keel('strategies')).out).toMatch(
      /sma-1 +sma-cross +binance-sandbox +created +1000/,
    );
    expect((await keel('start sma-1')).out).toContain('sma-1 is running');
    expect((await keel('start sma-1')).code).toBe(4);
    expect((await keel('stop sma-1')).out).toContain('sma-1 is stopping');
  });

  it('lists, shows and cancels orders', async () => {
    const order = world.addOrder();
    world.running.add(order.orderId);
    expect((await keel('orders --strategy sma-btc --status open --limit 5')).out).toContain(
      order.orderId,
    );
    expect((await keel('orders --strategy other')).out).toBe('(none)');
    expect((await keel(`order ${order.orderId}`)).out).toContain('temporal/workflows');
    expect((await keel(`cancel ${order.orderId}`)).code).toBe(0);
    expect(world.sent).toEqual([`cancel ${order.orderId} by ann`]);
    // A trader may not.
    expect((await keel(`approve ${order.orderId}`)).code).toBe(5);
  });

  it.each<[string, object]>([
    ['buy sma-btc 0.01 BTC/USDT', { type: 'market', wanted: { side: 'buy', quantity: '0.01' } }],
    [
      'buy sma-btc 0.01 BTC/USDT --twap 60 --slices 4 --catch-up skip',
      { execution: { kind: 'twap', durationMs: 60_000, slices: 4, jitter: 0, catchUp: 'skip' } },
    ],
    [
      'buy sma-btc 0.01 BTC/USDT --limit 96000 --iceberg 0.002',
      { limitPrice: '96000', execution: { kind: 'iceberg', displayQuantity: '0.002' } },
    ],
    [
      'buy sma-btc 0.01 BTC/USDT --limit 96000 --chase 97000 --attempts 3 --reprice-after 2.5',
      {
        execution: {
          ...{ kind: 'chase', maxAttempts: 3, repriceAfterMs: 2_500, priceLimit: '97000' },
        },
      },
    ],
    ['sell sma-btc 0.01 BTC/USDT --stop 95000', { type: 'stop', stopPrice: '95000' }],
  ])('%s', async (line, signal) => {
    world.addStrategy({ status: 'running' });
    world.addPosition('0.01');
    const { code, out } = await keel(line);
    expect([code, world.signals.length]).toEqual([0, 1]);
    expect(world.signals[0]).toMatchObject(signal);
    expect(out).toContain(world.signals[0]!.id);
  });

  it('places nothing that is no order', async () => {
    world.addStrategy({ status: 'running' });
    const zero = await keel('buy sma-btc 0.01 BTC/USDT --twap 0');
    expect([zero.code, zero.err]).toEqual([2, expect.stringContaining('durationMs')]);
    const two = await keel('buy sma-btc 0.01 BTC/USDT --twap 60 --split a,b');
    expect([two.code, two.err]).toEqual([2, expect.stringContaining('one plan')]);
    expect((await keel('buy sma-btc 0.01 BTC/USDT --split binance-sandbox,mars')).code).toBe(2);
    expect((await keel('buy sma-btc 0.01 BTC/USDT --twap soon')).code).toBe(2);
    expect((await keel('buy sma-btc 0.00001 BTC/USDT')).code).toBe(2);
    expect(world.signals).toEqual([]);
  });

  it('tells money and closes positions', async () => {
    world.addStrategy();
    world.addPosition('0.01');
    expect((await keel('positions')).out).toMatch(/sma-btc +BTC\/USDT +0.01/);
    expect((await keel('balances')).out).toMatch(/USDT +9000.5 +10/);
    expect((await keel('pnl')).out).toMatch(/total/);
    const closed = await keel('close sma-btc BTC/USDT --json');
    expect(JSON.parse(closed.out)).toMatchObject({ signalId: world.signals[0]!.id });
  });

  it('reconciles, tells what does not agree, and takes a verdict on it', async () => {
    expect((await keel('reconcile')).out).toMatch(/binance-sandbox +binance +2\d{3}-.* 0$/m);
    expect((await keel('findings')).out).toBe('(none)');
    world.addFinding();
    world.addFinding({ state: 'resolved', subject: 'BTC', resolution: 'a deposit' });
    world.running.add('reconcile:binance-sandbox');
    const now = await keel('reconcile binance-sandbox --now');
    expect([now.code, now.out]).toEqual([0, expect.stringMatching(/asked for +1$/m)]);
    expect(world.sent).toEqual(['reconcile binance-sandbox']);
    expect((await keel('findings')).out).toMatch(/balance-off .* 250 off$/m);
    expect((await keel('findings --all')).out).toMatch(/250 off — a deposit$/m);
    const page = (await keel('findings --all --limit 1')).out;
    expect(page).toMatch(/250 off — a deposit\n\nmore: keel findings --limit 1 --all --after 2$/);
    const rest = JSON.parse((await keel('findings --all --limit 1 --after 2 --json')).out);
    expect(rest).toMatchObject({ findings: [{ id: 1 }], next: null });

    expect((await keel(['resolve', '1', '--reason', 'a deposit'])).code).toBe(5);
    const judge = { KEEL_TOKEN: await world.tokens.issue({ name: 'ada', role: 'risk' }) };
    const resolved = await keel(['resolve', '1', '--reason', 'a deposit', '--book'], judge);
    expect(resolved.out).toBe('finding 1 is resolved: a deposit');
    expect(world.audit.at(-1)).toMatchObject({
      ...{ actor: 'ada', action: 'reconciliation.resolve', target: '1' },
      detail: { reason: 'a deposit', book: true, off: '250' },
    });
    expect((await keel(['resolve', '9', '--reason', 'a deposit'], judge)).code).toBe(3);
    expect((await keel(['resolve', 'x', '--reason', 'a deposit'], judge)).code).toBe(2);
    expect((await keel(['resolve', '1', '--reason', ' '], judge)).code).toBe(2);
  });

  it('counts all open findings of an account, however many', async () => {
    for (let n = 0; n < 501; n += 1) world.addFinding({ subject: `A${String(n)}` });
    world.addFinding({ state: 'resolved' });
    expect((await keel('reconcile')).out).toMatch(/binance-sandbox .* 501$/m);
    expect((await keel('reconcile other')).out).toBe('(none)');
  });

  it('prints JSON wherever --json is written', async () => {
    world.addStrategy();
    for (const line of ['--json strategies', 'strategies --json']) {
      const { code, out } = await keel(line);
      expect([code, JSON.parse(out)]).toMatchObject([0, { strategies: [{ id: 'sma-btc' }] }]);
    }
  });

  it.each<[string, number, string]>([
    ['order nope', 3, 'NOT_FOUND'],
    ['start nope', 3, 'NOT_FOUND'],
    ['orders --limit 0', 2, 'INVALID_INPUT'],
    ['close sma-btc BTCUSDT', 2, 'INVALID_INPUT'],
    ['frobnicate', 2, 'USAGE'],
    ['start', 2, 'USAGE'],
    ['create sma-cross --account a --allocation 1 --config nonsense', 2, 'USAGE'],
    ['create astrology --account binance-sandbox --allocation 1', 2, 'STRATEGY_UNKNOWN'],
  ])('%s ends with exit code %d', async (line, exitCode, code) => {
    const plain = await keel(line);
    expect(plain.code).toBe(exitCode);
    expect(plain.err).not.toBe('');
    const json = await keel(`${line} --json`);
    expect([json.code, json.err]).toEqual([exitCode, '']);
    expect(JSON.parse(json.out)).toMatchObject({ error: { code } });
  });

  it('ends with 2 for an amend that a filter refuses, with 4 where the funds do not cover it', async () => {
    const ID = 'a'.repeat(24);
    world.addRestingOrder();
    const small = await keel(`amend ${ID} --quantity 0.00001`);
    expect([small.code, small.err]).toEqual([2, expect.stringContaining('smallest notional')]);
    const json = JSON.parse((await keel(`amend ${ID} --quantity 0.00001 --json`)).out);
    expect(json).toMatchObject({ error: { code: 'FILTER_NOTIONAL' } });
    world.free = '1000';
    expect((await keel(`amend ${ID} --quantity 0.02`)).code).toBe(4);
    expect(world.sent).toEqual([]);
  });

  it('ends with 5 without a token, with a wrong one, and where the role does not allow it', async () => {
    world.addStrategy();
    expect((await keel('orders', { KEEL_TOKEN: 'nonsense' })).code).toBe(5);
    const token = await world.tokens.issue({ name: 'vic', role: 'viewer' });
    const refused = await keel('start sma-btc', { KEEL_TOKEN: token });
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('vic is a viewer')]);
  });

  it('ends with 6 where nobody answers, and says what to do', async () => {
    const { code, err } = await keel('status', { KEEL_API_URL: 'http://127.0.0.1:9' });
    expect([code, err]).toEqual([6, expect.stringContaining('npm start')]);
  });

  it('ends with 1 on an answer it does not understand, 6 on a proxy that is down', async () => {
    canned = { status: 200, text: '<html>hello</html>' };
    expect((await keel('orders')).code).toBe(1);
    canned = { status: 502, text: '<html>bad gateway</html>' };
    expect((await keel('orders')).code).toBe(6);
  });

  it('keeps the token of a log-in where only its owner can read it', async () => {
    const bare = { KEEL_TOKEN: '', KEEL_API_URL: '' };
    const { code, out } = await keel(`login ann --url ${url}`);
    expect([code, out]).toEqual([0, expect.stringContaining('Logged in as ann (trader)')]);
    const file = join(folder, 'cli.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ url });
    expect((await keel('strategies', bare)).code).toBe(0);
    expect((await keel(`login ann --url ${url} --password wrong`)).code).toBe(5);
  });

  it('helps', async () => {
    const { code, out } = await keel('--help');
    expect(code).toBe(0);
    expect(out).toContain('Exit codes');
  });
});
