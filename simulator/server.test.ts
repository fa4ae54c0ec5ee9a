import { afterEach, describe, expect, it } from '@jest/globals';
import { pro } from 'ccxt';
import { join } from 'node:path';
import { sign } from './binance/signature.ts';
import { faultScriptSchema } from './faults.ts';
import type { Simulator, SimulatorOptions } from './options.ts';
import { startSimulator } from './server.ts';

const DAY = join(import.meta.dirname, '../data/BTCUSDT-binance-1m-2024-12-10.csv');
const LAST_CLOSE = '96593.00000000';
let simulator: Simulator | undefined;

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  simulator = await startSimulator({ recordings: [{ file: DAY }], ...options });
  return simulator;
}

afterEach(async () => {
  await simulator?.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: { code?: number; msg?: string } & Record<string, unknown>;
}

/** A signed request by hand; `overrides` break it. */
async function ask(
  { httpUrl }: Simulator,
  method: string,
  path: string,
  params: Record<string, string>,
  overrides: { key?: string; secret?: string; timestamp?: number } = {},
): Promise<Answer> {
  const query = new URLSearchParams({
    ...params,
    timestamp: String(overrides.timestamp ?? Date.now()),
  }).toString();
  const signature = sign(query, overrides.secret ?? 'simulator-secret');
  const response = await fetch(`${httpUrl}/api/v3/${path}?${query}&signature=${signature}`, {
    method,
    headers: { 'x-mbx-apikey': overrides.key ?? 'simulator-key' },
  });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Answer['json'],
  };
}

const MARKET = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' };

describe('the simulated venue', () => {
  it('trades with the real ccxt client', async () => {
    const venue = await start();
    const ex = new pro.binance({
      apiKey: 'simulator-key',
      secret: 'simulator-secret',
      options: { fetchMargins: false, fetchMarkets: { types: ['spot'] } },
    });
    ex.has.fetchCurrencies = false;
    const api = ex.urls.api as Record<string, unknown>;
    Object.assign(api, { public: `${venue.httpUrl}/api/v3`, private: `${venue.httpUrl}/api/v3` });
    Object.assign(api.ws as object, {
      spot: `${venue.wsUrl}/ws`,
      'ws-api': { spot: `${venue.wsUrl}/ws-api/v3` },
    });
    await ex.loadHttpProxyAgent();
    try {
      const watched = ex.watchOrders('BTC/USDT');
      while (venue.state().connections.userStreams === 0)
        await new Promise((done) => setTimeout(done, 10));
      const bought = await ex.createOrder('BTC/USDT', 'market', 'buy', 0.01, undefined, {
        clientOrderId: 'keel1',
      });
      expect(bought).toMatchObject({ status: 'closed', filled: 0.01, clientOrderId: 'keel1' });
      expect((await watched)[0]).toMatchObject({ clientOrderId: 'keel1' });
      await ex.createOrder('BTC/USDT', 'limit', 'buy', 0.01, 90000, { clientOrderId: 'keel2' });
      const missing = undefined as unknown as string;
      expect(await ex.cancelOrder(missing, 'BTC/USDT', { clientOrderId: 'keel2' })).toMatchObject({
        status: 'canceled',
      });
      expect(await ex.fetchOrder(missing, 'BTC/USDT', { clientOrderId: 'keel2' })).toMatchObject({
        status: 'canceled',
      });
      expect(await ex.fetchMyTrades('BTC/USDT')).toMatchObject([
        { amount: 0.01, fee: { currency: 'BTC', cost: 0.00001 } },
      ]);
      expect(await ex.fetchOHLCV('BTC/USDT', '1m')).toHaveLength(1);
    } finally {
      await ex.close();
    }
  });

  it('refuses with the venue’s own codes', async () => {
    const venue = await start();
    const code = async (params: Record<string, string>, overrides = {}): Promise<unknown> => {
      const { status, json } = await ask(venue, 'POST', 'order', params, overrides);
      return [status, json.code, json.msg];
    };
    expect(await code(MARKET, { secret: 'other' })).toEqual([
      400,
      -1022,
      'Signature for this request is not valid.',
    ]);
    expect(await code(MARKET, { key: 'other-key' })).toEqual([
      401,
      -2015,
      'Invalid API-key, IP, or permissions for action.',
    ]);
    expect(await code(MARKET, { timestamp: Date.now() - 6000 })).toEqual([
      400,
      -1021,
      'Timestamp for this request is outside of the recvWindow.',
    ]);
    expect(await code({ ...MARKET, recvWindow: '60001' })).toEqual([
      400,
      -1131,
      'recvWindow must be less than 60000.',
    ]);
    expect(await code({ ...MARKET, symbol: 'NIXUSDT' })).toEqual([400, -1121, 'Invalid symbol.']);
    expect(await code({ ...MARKET, quantity: '0.000015' })).toEqual([
      400,
      -1013,
      'Filter failure: LOT_SIZE',
    ]);
    expect(await code({ ...MARKET, quantity: '0.00001' })).toEqual([
      400,
      -1013,
      'Filter failure: NOTIONAL',
    ]);
    expect(await code({ ...MARKET, quantity: '0.123456789' })).toEqual([
      400,
      -1111,
      "Parameter 'quantity' has too much precision.",
    ]);
    expect(await code({ ...MARKET, quantity: '5' })).toEqual([
      400,
      -2010,
      'Account has insufficient balance for requested action.',
    ]);
    const gone = await ask(venue, 'DELETE', 'order', {
      symbol: 'BTCUSDT',
      origClientOrderId: 'nope',
    });
    expect([gone.status, gone.json.code]).toEqual([400, -2011]);
    expect((await fetch(`${venue.httpUrl}/api/v9/nix`)).status).toBe(404);
    expect(venue.state().orders).toBe(0);
  });

  it('takes an order and drops the answer; the order is there once', async () => {
    const venue = await start();
    venue.faults.add({
      seed: 1,
      rules: [
        {
          match: { method: 'POST', nth: 1, times: 1, probability: 1 },
          fault: { kind: 'dropAnswer', how: 'cut' },
        },
      ],
    });
    await expect(
      ask(venue, 'POST', 'order', { ...MARKET, newClientOrderId: 'keel1' }),
    ).rejects.toThrow();
    const found = await ask(venue, 'GET', 'order', {
      symbol: 'BTCUSDT',
      origClientOrderId: 'keel1',
    });
    expect(found.json).toMatchObject({ status: 'FILLED', clientOrderId: 'keel1' });
    expect(venue.state().orders).toBe(1);
  });

  it.each([
    [{ kind: 'reject' }, [400, -2010], 0],
    [{ kind: 'outcomeUnknown', why: 'unexpectedAnswer' }, [500, -1006], 1],
    [{ kind: 'outcomeUnknown', when: 'before' }, [504, -1007], 0],
    [{ kind: 'status', status: 503, when: 'after', body: 'json' }, [503, -1000], 1],
    [{ kind: 'clock' }, [400, -1021], 0],
  ])('%j is told in the venue’s words', async (fault, told, orders) => {
    const venue = await start();
    venue.faults.add(faultScriptSchema.parse([{ fault }]));
    const { status, json } = await ask(venue, 'POST', 'order', MARKET);
    expect([status, json.code]).toEqual(told);
    expect(venue.state().orders).toBe(orders);
  });

  it('limits weights with 429 and Retry-After', async () => {
    const venue = await start({ limits: { weightPerMinute: 30 } });
    expect((await ask(venue, 'GET', 'account', {})).headers.get('x-mbx-used-weight-1m')).toBe('20');
    const refused = await ask(venue, 'GET', 'account', {});
    expect([refused.status, refused.json.code]).toEqual([429, -1003]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('replays a day as fast as it goes, to its last close', async () => {
    const venue = await start({ pace: { speed: 0 } });
    venue.start();
    await venue.finished();
    const response = await fetch(`${venue.httpUrl}/api/v3/ticker/price?symbol=BTCUSDT`);
    expect(await response.json()).toEqual({ symbol: 'BTCUSDT', price: LAST_CLOSE });
    expect(venue.state()).toMatchObject({
      done: true,
      bar: 1440,
      marketTime: Date.UTC(2024, 11, 11),
    });
  });
});
