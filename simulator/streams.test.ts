import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { sign } from './binance/signature.ts';
import type { Simulator, SimulatorOptions } from './options.ts';
import { candlesThrough, temporaryPath, writeRecording } from '../test/factories/recordings.ts';
import { startSimulator } from './server.ts';

type Message = Record<string, unknown>;
interface Payloads {
  readonly streams: Record<string, { event?: Message; data?: Message }>;
}

const real = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/real-payloads.json'), 'utf8'),
) as Payloads;
const closes = Array.from({ length: 21 }, (_, index) => String(50_000 + index * 10));
let simulator: Simulator | undefined;

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  simulator = await startSimulator({
    recordings: [{ file: writeRecording(candlesThrough(closes)) }],
    ...options,
  });
  return simulator;
}

afterEach(async () => {
  await simulator?.close();
});

async function open(url: string): Promise<{ socket: WebSocket; texts: string[] }> {
  const socket = new WebSocket(url);
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => texts.push(data.toString('utf8')));
  await once(socket, 'open');
  return { socket, texts };
}

async function until<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const value = read();
    if (value !== undefined) return value;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error('nothing came within 3 s');
}

async function place(venue: Simulator, params: Record<string, string>): Promise<Response> {
  const query = new URLSearchParams({
    symbol: 'BTCUSDT',
    ...params,
    timestamp: String(Date.now()),
  }).toString();
  return fetch(
    `${venue.httpUrl}/api/v3/order?${query}&signature=${sign(query, 'simulator-secret')}`,
    {
      method: 'POST',
      headers: { 'x-mbx-apikey': 'simulator-key' },
    },
  );
}

const MARKET = { side: 'BUY', type: 'MARKET', quantity: '0.01' };

describe('streams', () => {
  it('sends the closed bar and then the forming one, with the real fields', async () => {
    const venue = await start();
    const { texts } = await open(
      `${venue.wsUrl}/stream?streams=btcusdt@kline_1m/btcusdt@ticker/btcusdt@bookTicker`,
    );
    venue.advance();
    const messages = (await until(() => (texts.length >= 4 ? texts : undefined))).map(
      (text) => JSON.parse(text) as { stream: string; data: Message },
    );
    expect(messages[0]?.data).toMatchObject({
      E: venue.state().marketTime,
      k: { x: true, c: '50010.00000000' },
    });
    expect(messages[1]?.data).toMatchObject({
      k: { x: false, o: '50010.00000000', c: '50010.00000000' },
    });
    for (const [index, name] of [
      [0, 'kline'],
      [2, 'ticker'],
      [3, 'bookTicker'],
    ] as const) {
      expect(Object.keys(messages[index]?.data ?? {})).toEqual(
        expect.arrayContaining(Object.keys(real.streams[name]?.data ?? { none: 1 })),
      );
    }
  });

  it('answers SUBSCRIBE and its errors by id', async () => {
    const venue = await start();
    const { socket, texts } = await open(`${venue.wsUrl}/ws/0`);
    socket.send('{"method":"SUBSCRIBE","params":["btcusdt@kline_5m"],"id":1}');
    socket.send('{"method":"LIST_SUBSCRIPTIONS","id":2}');
    socket.send('{"method":"SUBSCRIBE","params":["nonsense"],"id":3}');
    socket.send('no json');
    const answers = (await until(() => (texts.length >= 4 ? texts : undefined))).map(
      (text) => JSON.parse(text) as Message,
    );
    expect(answers).toMatchObject([
      { result: null, id: 1 },
      { result: ['btcusdt@kline_5m'], id: 2 },
      { error: { code: 2 }, id: 3 },
      { error: { code: 3 } },
    ]);
  });

  it('tells the account’s owner with the real fields, a signature checked', async () => {
    const venue = await start();
    const { socket, texts } = await open(`${venue.wsUrl}/ws-api/v3`);
    const subscribe = (id: number, secret: string): void => {
      const params = { apiKey: 'simulator-key', timestamp: String(Date.now()) };
      const signature = sign(`apiKey=${params.apiKey}&timestamp=${params.timestamp}`, secret);
      socket.send(
        JSON.stringify({
          id,
          method: 'userDataStream.subscribe.signature',
          params: { ...params, signature },
        }),
      );
    };
    subscribe(1, 'wrong');
    subscribe(2, 'simulator-secret');
    await until(() => texts[1]);
    await place(venue, MARKET);
    const [refused, accepted, created, traded, balances] = (
      await until(() => (texts.length >= 5 ? texts : undefined))
    ).map((text) => JSON.parse(text) as Message & { event: Message });
    expect(refused).toMatchObject({ id: 1, status: 400, error: { code: -1022 } });
    expect(accepted).toMatchObject({ id: 2, status: 200, result: { subscriptionId: 0 } });
    expect(created?.event).toMatchObject({ x: 'NEW', X: 'NEW' });
    expect(traded).toMatchObject({
      subscriptionId: 0,
      event: { x: 'TRADE', X: 'FILLED', N: 'BTC' },
    });
    expect(Object.keys(traded?.event ?? {}).sort()).toEqual(
      Object.keys(real.streams.executionReport?.event ?? {}).sort(),
    );
    expect(balances?.event).toMatchObject({ e: 'outboundAccountPosition' });
  });

  it('cuts streams and sends malformed frames by script', async () => {
    const venue = await start();
    const { socket, texts } = await open(`${venue.wsUrl}/ws/btcusdt@kline_1m`);
    const script = [
      { match: { method: 'STREAM' }, fault: { kind: 'malformed', text: '{oops' } },
      { match: { method: 'STREAM', nth: 3 }, fault: { kind: 'cutStream' } },
    ];
    await fetch(`${venue.httpUrl}/sim/faults`, { method: 'POST', body: JSON.stringify(script) });
    venue.advance(2);
    await once(socket, 'close');
    expect(texts[0]).toBe('{oops');
    expect(await (await fetch(`${venue.httpUrl}/sim/faults`)).json()).toMatchObject({
      total: 2,
      injected: { malformed: 1, cutStream: 1 },
    });
    const bad = await fetch(`${venue.httpUrl}/sim/faults`, {
      method: 'POST',
      body: '[{"fault":{"kind":"nonsense"}}]',
    });
    expect(bad.status).toBe(400);
  });
});

describe('a reordered stream', () => {
  it('has a message overtaken by the next, and sends it alone where none comes', async () => {
    const venue = await start();
    const { texts } = await open(`${venue.wsUrl}/ws/btcusdt@miniTicker`);
    venue.faults.add({
      seed: 1,
      rules: [1, 3].map((nth) => ({
        match: { method: 'STREAM', nth, times: 1, probability: 1 },
        fault: { kind: 'reorder', withinMs: 50 },
      })),
    });
    venue.advance(3);
    const times = (await until(() => (texts.length >= 3 ? texts : undefined))).map(
      (text) => (JSON.parse(text) as { E: number }).E,
    );
    const [first = 0] = [...times].sort();
    expect(times.map((time) => (time - first) / 60_000)).toEqual([1, 0, 2]);
  });
});

describe('a maintenance', () => {
  it('answers 503 with a page, cuts streams, and takes no connection until it is over', async () => {
    const venue = await start();
    const { socket } = await open(`${venue.wsUrl}/ws/btcusdt@kline_1m`);
    const cut = once(socket, 'close');
    const script = [{ fault: { kind: 'maintenance', ms: 60_000 } }];
    await fetch(`${venue.httpUrl}/sim/faults`, { method: 'POST', body: JSON.stringify(script) });
    const refused = await fetch(`${venue.httpUrl}/api/v3/time`);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([503, 'text/html']);
    await cut;
    await expect(open(`${venue.wsUrl}/ws/btcusdt@kline_1m`)).rejects.toThrow();
    await fetch(`${venue.httpUrl}/sim/faults`, { method: 'DELETE' });
    expect((await fetch(`${venue.httpUrl}/api/v3/time`)).status).toBe(200);
    await open(`${venue.wsUrl}/ws/btcusdt@kline_1m`);
  });
});

describe('kept state', () => {
  it('goes on with books and market time, and never repeats an id', async () => {
    const stateFile = temporaryPath('simulator.json');
    const first = await start({ stateFile });
    await place(first, { ...MARKET, newClientOrderId: 'keel1' });
    first.advance(3);
    const before = first.orders();
    await first.close();
    const second = await start({ stateFile });
    expect(second.orders()).toEqual(before);
    expect(second.state().prices).toEqual({ 'BTC/USDT': '50030' });
    await place(second, { ...MARKET, newClientOrderId: 'keel2' });
    expect(new Set(second.orders().trades.map(({ id }) => id)).size).toBe(2);
  });
});
