/** OKX's dialect against the real ccxt client, and by hand where the wire matters. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pro } from 'ccxt';
import WebSocket from 'ws';
import { candlesThrough, writeRecording } from '../../test/factories/recordings.ts';
import { faultScriptSchema } from '../faults.ts';
import type { Simulator, SimulatorOptions } from '../options.ts';
import { startSimulator } from '../server.ts';
import { sign } from './signature.ts';

const SECRET = 'simulator-secret';
const closes = Array.from({ length: 21 }, (_, index) => String(50_000 + index * 10));
let simulator: Simulator | undefined;

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  simulator = await startSimulator({
    venue: 'okx',
    recordings: [
      { symbol: 'BTC/USDT', file: writeRecording(candlesThrough(closes)) },
      { symbol: 'BTC/USDT:USDT', file: writeRecording(candlesThrough(closes)) },
    ],
    balances: { USDT: '10000', BTC: '1' },
    ...options,
  });
  return simulator;
}

afterEach(async () => {
  await simulator?.close();
});

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly msg: string;
  readonly data: readonly Record<string, string>[];
}

/** A signed request by hand; `headers` break it. */
async function ask(
  { httpUrl }: Simulator,
  method: 'GET' | 'POST',
  target: string,
  body: object | null = null,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const timestamp = headers['OK-ACCESS-TIMESTAMP'] ?? new Date().toISOString();
  const text = body === null ? '' : JSON.stringify(body);
  const response = await fetch(`${httpUrl}/api/v5/${target}`, {
    method,
    headers: {
      'OK-ACCESS-KEY': 'simulator-key',
      'OK-ACCESS-PASSPHRASE': 'simulator-passphrase',
      'OK-ACCESS-TIMESTAMP': timestamp,
      'OK-ACCESS-SIGN': sign(`${timestamp}${method}/api/v5/${target}${text}`, SECRET),
      'content-type': 'application/json',
      ...headers,
    },
    ...(body === null ? {} : { body: text }),
  });
  const json = (await response.json()) as Omit<Answer, 'status'>;
  return { ...json, status: response.status };
}

let lastId = 0;

function order(change: Record<string, string> = {}): Record<string, string> {
  lastId += 1;
  return {
    instId: 'BTC-USDT',
    tdMode: 'cash',
    side: 'buy',
    ordType: 'market',
    sz: '0.01',
    tgtCcy: 'base_ccy',
    clOrdId: `keel${String(lastId)}`,
    ...change,
  };
}

const RESTING = { ordType: 'limit', px: '49000', tgtCcy: '' };

async function open(url: string): Promise<{ socket: WebSocket; texts: string[] }> {
  const socket = new WebSocket(url);
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => texts.push(data.toString('utf8')));
  await once(socket, 'open');
  return { socket, texts };
}

async function received(
  texts: readonly string[],
  count: number,
): Promise<Record<string, unknown>[]> {
  for (let tries = 0; texts.length < count && tries < 300; tries += 1) {
    await new Promise((done) => setTimeout(done, 10));
  }
  expect(texts.length).toBeGreaterThanOrEqual(count);
  return texts.map((text) =>
    text === 'pong' ? { event: 'pong' } : (JSON.parse(text) as Record<string, unknown>),
  );
}

function login(secret: string): string {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const args = {
    apiKey: 'simulator-key',
    passphrase: 'simulator-passphrase',
    timestamp,
    sign: sign(`${timestamp}GET/users/self/verify`, secret),
  };
  return JSON.stringify({ op: 'login', args: [args] });
}

describe('the simulated OKX', () => {
  it('trades with the real ccxt client', async () => {
    const venue = await start();
    const ex = new pro.okx({
      apiKey: 'simulator-key',
      secret: SECRET,
      password: 'simulator-passphrase',
      hostname: venue.httpUrl.replace('http://', ''),
      options: { fetchMarkets: { types: ['spot', 'swap'] } },
    });
    ex.has.fetchCurrencies = false;
    const api = ex.urls.api as Record<string, unknown>;
    Object.assign(api, { rest: 'http://{hostname}', ws: `${venue.wsUrl}/ws/v5` });
    await ex.loadHttpProxyAgent();
    try {
      const markets = await ex.loadMarkets();
      expect(markets['BTC/USDT:USDT']).toMatchObject({ contractSize: 0.01, linear: true });
      const watched = ex.watchOrders('BTC/USDT');
      while (venue.state().connections.userStreams === 0) {
        await new Promise((done) => setTimeout(done, 10));
      }
      await ex.createOrder('BTC/USDT', 'market', 'buy', 0.01, undefined, {
        clientOrderId: 'keelA',
        tgtCcy: 'base_ccy',
      });
      expect((await watched)[0]).toMatchObject({ clientOrderId: 'keelA' });
      const missing = undefined as unknown as string;
      expect(await ex.fetchOrder(missing, 'BTC/USDT', { clOrdId: 'keelA' })).toMatchObject({
        status: 'closed',
        filled: 0.01,
        fee: { cost: 0.00001, currency: 'BTC' },
      });
      await ex.createOrder('BTC/USDT', 'limit', 'buy', 0.01, 49000, { clientOrderId: 'keelB' });
      await ex.cancelOrder(missing, 'BTC/USDT', { clOrdId: 'keelB' });
      expect((await ex.fetchBalance()).BTC).toMatchObject({ free: 1.00999, used: 0 });
      expect(await ex.fetchMyTrades('BTC/USDT')).toMatchObject([{ price: 50_000, amount: 0.01 }]);
      venue.advance(3);
      expect(await ex.fetchOHLCV('BTC/USDT', '1m', undefined, 3)).toHaveLength(3);
      await expect(
        ex.createOrder('BTC/USDT', 'market', 'buy', 9, undefined, { tgtCcy: 'base_ccy' }),
      ).rejects.toThrow('51008');
    } finally {
      await ex.close();
    }
  });

  it('refuses a wrong key, passphrase, time and signature, each with its own code', async () => {
    const venue = await start();
    const late = new Date(Date.now() - 31_000).toISOString();
    const cases: readonly [Record<string, string>, string][] = [
      [{ 'OK-ACCESS-KEY': 'nobody' }, '50111'],
      [{ 'OK-ACCESS-KEY': '' }, '50103'],
      [{ 'OK-ACCESS-PASSPHRASE': 'wrong' }, '50105'],
      [{ 'OK-ACCESS-TIMESTAMP': late }, '50102'],
      [{ 'OK-ACCESS-TIMESTAMP': 'noon' }, '50112'],
      [{ 'OK-ACCESS-SIGN': 'wrong' }, '50113'],
    ];
    for (const [headers, code] of cases) {
      expect(await ask(venue, 'GET', 'account/config', null, headers)).toMatchObject({
        status: 401,
        code,
      });
    }
    expect(await ask(venue, 'GET', 'account/config')).toMatchObject({
      code: '0',
      data: [{ posMode: 'net_mode' }],
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['insufficient funds', { sz: '1' }, '51008'],
    ['no tdMode', { tdMode: '' }, '51000'],
    ['an id with a dash', { clOrdId: 'keel-1' }, '51000'],
    ['too little', { sz: '0.000001' }, '51020'],
    ['off the lot', { sz: '0.010000001' }, '51121'],
    ['too much at market', { sz: '1000001' }, '51202'],
    ['an unknown instrument', { instId: 'NO-SUCH' }, '51001'],
    ['a price off the tick', { ...RESTING, px: '49000.01' }, '51000'],
    ['a price over the limit', { ...RESTING, px: '300000' }, '51137'],
    ['a sale under the limit', { ...RESTING, side: 'sell', px: '5000' }, '51138'],
  ])('refuses %s in the row', async (_what, change, sCode) => {
    const answer = await ask(await start(), 'POST', 'trade/order', order(change));
    expect(answer).toMatchObject({ status: 200, code: '1', data: [{ sCode, ordId: '' }] });
  });

  it('refuses an id in use, a request past its expTime, and tells of a batch row by row', async () => {
    const venue = await start();
    const resting = order(RESTING);
    expect(await ask(venue, 'POST', 'trade/order', resting)).toMatchObject({ code: '0' });
    expect(await ask(venue, 'POST', 'trade/batch-orders', [resting, order()])).toMatchObject({
      code: '2',
      data: [{ sCode: '51016' }, { sCode: '0' }],
    });
    const expTime = String(Date.now() - 1);
    expect(await ask(venue, 'POST', 'trade/order', order(), { expTime })).toMatchObject({
      code: '1',
      data: [{ sCode: '51149' }],
    });
    expect(venue.state().orders).toBe(2);
  });

  it('buys for an amount of quote where nothing else is said', async () => {
    const venue = await start();
    const spend = order({ sz: '1000', tgtCcy: '' });
    await ask(venue, 'POST', 'trade/order', spend);
    const found = await ask(
      venue,
      'GET',
      `trade/order?instId=BTC-USDT&clOrdId=${spend.clOrdId ?? ''}`,
    );
    expect(found.data).toMatchObject([{ accFillSz: '0.02', avgPx: '50000', state: 'filled' }]);
  });

  it('tells why a cancel found nothing', async () => {
    const venue = await start();
    const filled = order();
    const resting = order(RESTING);
    await ask(venue, 'POST', 'trade/order', filled);
    await ask(venue, 'POST', 'trade/order', resting);
    const cancel = async ({ clOrdId = '' }: Record<string, string>): Promise<string | undefined> =>
      (await ask(venue, 'POST', 'trade/cancel-order', { instId: 'BTC-USDT', clOrdId })).data[0]
        ?.sCode;
    expect(await cancel(resting)).toBe('0');
    expect(await cancel(resting)).toBe('51401');
    expect(await cancel(filled)).toBe('51402');
    expect(await cancel(order())).toBe('51400');
  });

  it('keeps a stop as an algo order until its trigger, and names the parent of what it becomes', async () => {
    const venue = await start();
    const stop = {
      instId: 'BTC-USDT',
      tdMode: 'cash',
      side: 'buy',
      ordType: 'conditional',
      sz: '0.01',
      tgtCcy: 'base_ccy',
      slTriggerPx: '50020',
      slOrdPx: '-1',
      algoClOrdId: 'keelstop',
    };
    const wrong = { ...stop, algoClOrdId: 'keelwrong', slTriggerPx: '49000' };
    expect(await ask(venue, 'POST', 'trade/order-algo', wrong)).toMatchObject({
      data: [{ sCode: '51278', algoClOrdId: 'keelwrong' }],
    });
    const { algoId = '' } = (await ask(venue, 'POST', 'trade/order-algo', stop)).data[0] ?? {};
    const algo = 'trade/order-algo?algoClOrdId=keelstop';
    expect((await ask(venue, 'GET', algo)).data).toMatchObject([{ state: 'live', algoId }]);
    const pending = 'trade/orders-algo-pending?ordType=conditional';
    expect((await ask(venue, 'GET', pending)).data).toHaveLength(1);
    expect((await ask(venue, 'GET', 'trade/orders-pending')).data).toEqual([]);
    const child = 'trade/order?instId=BTC-USDT&clOrdId=keelstop';
    expect(await ask(venue, 'GET', child)).toMatchObject({ code: '51603' });
    venue.advance(2);
    const [row] = (await ask(venue, 'GET', algo)).data;
    expect(row).toMatchObject({ state: 'effective' });
    const ordId = row?.ordId ?? '';
    expect(
      (await ask(venue, 'GET', `trade/order?instId=BTC-USDT&ordId=${ordId}`)).data,
    ).toMatchObject([
      { algoId, algoClOrdId: 'keelstop', clOrdId: '', state: 'filled', ordType: 'market' },
    ]);
    expect((await ask(venue, 'GET', 'trade/fills')).data).toMatchObject([{ ordId, clOrdId: '' }]);
    const cancel = [{ instId: 'BTC-USDT', algoId }];
    expect(await ask(venue, 'POST', 'trade/cancel-algos', cancel)).toMatchObject({
      data: [{ sCode: '51400' }],
    });
    const history = 'trade/orders-algo-history?ordType=conditional&state=';
    expect((await ask(venue, 'GET', `${history}effective`)).data).toHaveLength(1);
    await ask(venue, 'POST', 'trade/order-algo', { ...stop, slTriggerPx: '60000' });
    await ask(venue, 'POST', 'trade/cancel-algos', [
      { instId: 'BTC-USDT', algoClOrdId: 'keelstop' },
    ]);
    expect((await ask(venue, 'GET', `${history}canceled`)).data).toMatchObject([{ ordId: '' }]);
  });

  it('lists newest first, in pages', async () => {
    const venue = await start();
    for (let count = 0; count < 3; count += 1) await ask(venue, 'POST', 'trade/order', order());
    const fills = (query: string) => ask(venue, 'GET', `trade/fills?instType=SPOT${query}`);
    const [newest] = (await fills('&limit=1')).data;
    const older = (await fills(`&after=${newest?.billId ?? ''}`)).data;
    expect(older).toHaveLength(2);
    expect(older[0]).toMatchObject({ fee: '-0.00001', feeCcy: 'BTC', execType: 'T' });
    expect((await ask(venue, 'GET', 'trade/orders-pending')).data).toEqual([]);
    expect((await ask(venue, 'GET', 'trade/orders-history?instType=SPOT')).data).toHaveLength(3);
    venue.advance(5);
    const candles = `market/history-candles?instId=BTC-USDT&limit=2`;
    const page = (await ask(venue, 'GET', candles)).data as unknown as string[][];
    expect(page.map((row) => row[8])).toEqual(['0', '1']);
  });

  it('answers 50011 past the rate of an endpoint', async () => {
    const venue = await start();
    let answer = await ask(venue, 'GET', 'account/config');
    // Five in two seconds; a new window may begin in between.
    for (let count = 0; count < 12 && answer.code === '0'; count += 1) {
      answer = await ask(venue, 'GET', 'account/config');
    }
    expect(answer).toMatchObject({ status: 429, code: '50011' });
  });

  it('tells the account’s owner of orders and balances after a signed log-in', async () => {
    const venue = await start();
    const { socket, texts } = await open(`${venue.wsUrl}/ws/v5/private`);
    const subscribe = { op: 'subscribe', args: [{ channel: 'orders', instType: 'ANY' }] };
    socket.send(JSON.stringify(subscribe));
    socket.send(login('wrong'));
    socket.send(login(SECRET));
    socket.send(JSON.stringify(subscribe));
    socket.send('ping');
    expect(await received(texts, 5)).toMatchObject([
      { event: 'error', code: '60011' },
      { event: 'error', code: '60007' },
      { event: 'login', code: '0' },
      { event: 'subscribe', arg: { channel: 'orders' } },
      { event: 'pong' },
    ]);
    const bought = order();
    await ask(venue, 'POST', 'trade/order', bought);
    const pushes = (await received(texts, 7)).slice(5);
    expect(pushes).toMatchObject([
      { data: [{ clOrdId: bought.clOrdId, state: 'live' }] },
      { data: [{ state: 'filled', fillSz: '0.01', fillFee: '-0.00001', execType: 'T' }] },
    ]);
  });

  it('sends the closed candle with confirm 1 and then the forming one, and tickers', async () => {
    const venue = await start();
    const business = await open(`${venue.wsUrl}/ws/v5/business`);
    const market = await open(`${venue.wsUrl}/ws/v5/public`);
    business.socket.send('{"op":"subscribe","args":[{"channel":"candle1m","instId":"BTC-USDT"}]}');
    business.socket.send('{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"}]}');
    market.socket.send(
      '{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT-SWAP"}]}',
    );
    await received(business.texts, 2);
    await received(market.texts, 1);
    venue.advance();
    const [subscribed, refused, closed, forming] = await received(business.texts, 4);
    expect(subscribed).toMatchObject({ event: 'subscribe' });
    expect(refused).toMatchObject({ event: 'error', code: '60018' });
    expect((closed?.data as string[][])[0]?.slice(4)).toEqual(['50010', '1', '1', '50010', '1']);
    expect((forming?.data as string[][])[0]?.[8]).toBe('0');
    expect((await received(market.texts, 2))[1]).toMatchObject({
      data: [{ instId: 'BTC-USDT-SWAP', last: '50010', vol24h: '100', volCcy24h: '1' }],
    });
  });

  it('tells faults in its own words', async () => {
    const venue = await start();
    const injected = async (fault: object): Promise<Answer> => {
      venue.faults.add(faultScriptSchema.parse([{ match: { action: 'place' }, fault }]));
      return ask(venue, 'POST', 'trade/order', order());
    };
    expect(await injected({ kind: 'clock' })).toMatchObject({ code: '50102', status: 401 });
    expect(await injected({ kind: 'reject' })).toMatchObject({
      code: '1',
      data: [{ sCode: '51008' }],
    });
    expect(await injected({ kind: 'rateLimit', status: 429 })).toMatchObject({ code: '50011' });
    expect(venue.state().orders).toBe(0);
    expect(await injected({ kind: 'outcomeUnknown' })).toMatchObject({
      code: '50004',
      status: 400,
    });
    expect(venue.state().orders).toBe(1);
  });
});
