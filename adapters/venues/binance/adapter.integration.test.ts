/** The Binance adapter against the simulator over real HTTP and WebSockets: the contract, then faults. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../observability/logger.ts';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator } from '../../../simulator/options.ts';
import { startSimulator } from '../../../simulator/server.ts';
import { createMemoryRateBudget } from '../../storage/rate-budget-memory.ts';
import type { OrderNotice, TradeAdapter } from '../../trade-adapter.ts';
import { describeStopOrders } from '../stop-orders.contract.ts';
import { describeStopLimitOrders } from '../stop-limit-orders.contract.ts';
import { describeTimeInForce } from '../time-in-force.contract.ts';
import {
  CONTRACT_BARS,
  describeTradeAdapter,
  OPENING_BALANCES,
  orderRequest,
  restingRequest,
  STARTS_AT,
  SYMBOL,
  type TradingWorld,
} from '../trade-adapter.contract.ts';
import { type BinanceOptions, createBinanceAdapter } from './adapter.ts';
import { createBinanceLookup } from './lookup.ts';
import { createBinanceRequests } from './requests.ts';

const UNAVAILABLE = { kind: 'status', status: 503, when: 'before' };
/** Where a look-up asks for an order, in turn. */
const PLACES = ['order', 'openOrders', 'allOrders', 'myTrades'].map((name) => `/api/v3/${name}`);

const logger = createLogger('test', 'silent');
let folder = '';
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keel-binance-'));
  file = join(folder, 'BTCUSDT.csv');
  const rows = CONTRACT_BARS.map((bar, index) =>
    [STARTS_AT + index * 60_000, ...bar, '1'].join(','),
  );
  await writeFile(file, ['timestamp_ms,open,high,low,close,volume', ...rows, ''].join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

function startVenue(): Promise<Simulator> {
  return startSimulator({
    recordings: [{ symbol: SYMBOL, file }],
    balances: OPENING_BALANCES,
    apiKey: 'simulator-key',
    secret: 'simulator-secret',
  });
}

interface Urls {
  readonly httpUrl: string;
  readonly wsUrl: string;
}

function optionsFor({ httpUrl, wsUrl }: Urls): BinanceOptions {
  return {
    accountId: 'binance-sandbox',
    restUrl: httpUrl,
    wsApiUrl: wsUrl,
    apiKey: 'simulator-key',
    secret: 'simulator-secret',
    symbols: [SYMBOL],
    budget: createMemoryRateBudget(),
    logger,
  };
}

function adapterFor(venue: Urls, change: Partial<BinanceOptions> = {}): TradeAdapter {
  return createBinanceAdapter({ ...optionsFor(venue), ...change });
}

async function open(): Promise<TradingWorld> {
  const venue = await startVenue();
  const adapter = adapterFor(venue);
  await adapter.connect();
  return {
    adapter,
    advance: () => {
      venue.advance();
      return Promise.resolve();
    },
    close: async () => {
      await adapter.disconnect();
      await venue.close();
    },
  };
}

describeTradeAdapter('Binance', open);
describeStopOrders('Binance', open);
describeStopLimitOrders('Binance', open);
describeTimeInForce('Binance', open, { symbol: SYMBOL, postOnly: 'refused' });

describe('the Binance adapter when the venue fails', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startVenue();
    adapter = adapterFor(venue, { timeoutMs: 500 });
    await adapter.connect();
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  const inject = (
    fault: object,
    match: object = { method: 'POST', path: '/api/v3/order' },
  ): void => {
    venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
  };
  const venueOrders = (): number => venue.orders().orders.length;

  it.each<[string, object]>([
    ['cuts the answer', { kind: 'dropAnswer', how: 'cut' }],
    ['never answers', { kind: 'dropAnswer', how: 'hang' }],
    ['answers HTML with status 200', { kind: 'html' }],
    ['answers 503 after it acted', { kind: 'status', status: 503, when: 'after' }],
    ['answers -1007', { kind: 'outcomeUnknown' }],
    [
      'answers a code that is not listed',
      { kind: 'status', status: 400, when: 'after', body: 'json', code: -9999 },
    ],
  ])(
    'leaves a send undecided when it %s, and finds the one order that exists',
    async (_what, fault) => {
      inject(fault);
      const request = orderRequest();
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_UNKNOWN_OUTCOME',
      });
      expect((await adapter.findOrder(request))?.order.state).toBe('filled');
      expect(venueOrders()).toBe(1);
    },
  );

  it('leaves a send undecided when it never arrived, and finds nothing', async () => {
    inject({ kind: 'dropRequest' });
    const request = orderRequest();
    await expect(adapter.placeOrder(request)).rejects.toMatchObject({
      code: 'VENUE_UNKNOWN_OUTCOME',
    });
    expect(await adapter.findOrder(request)).toBeNull();
    expect(venueOrders()).toBe(0);
  });

  it.each([
    [429, 'VENUE_RATE_LIMITED'],
    [418, 'VENUE_BANNED'],
  ])('tells how long to wait after %d, and sends nothing meanwhile', async (status, code) => {
    inject({ kind: 'rateLimit', status, retryAfterSeconds: 2 });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
      code,
      retryAfterMs: 2000,
    });
    await expect(adapter.openOrders(SYMBOL)).rejects.toMatchObject({ code });
    expect(venueOrders()).toBe(0);
  });

  it('measures its clock again on -1021 and sends once more', async () => {
    inject({ kind: 'clock' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
    expect(venueOrders()).toBe(1);
  });

  it('gives up with VENUE_CLOCK when -1021 comes twice', async () => {
    inject({ kind: 'clock' }, { method: 'POST', path: '/api/v3/order', times: 2 });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_CLOCK' });
    expect(venueOrders()).toBe(0);
  });

  it.each<[string, object]>([
    ['503', UNAVAILABLE],
    ['HTML with status 200', { kind: 'html' }],
    ['silence', { kind: 'dropAnswer', how: 'hang' }],
  ])('throws, and does not say null, when a look-up meets %s', async (_what, fault) => {
    // Of the venue as it is: the adapter's own asks each question again.
    const lookup = createBinanceLookup(
      createBinanceRequests({ ...optionsFor(venue), timeoutMs: 500 }),
    );
    const instrument = await adapter.instrument(SYMBOL);
    const { clientOrderId } = orderRequest();
    for (const path of PLACES) {
      inject(fault, { method: 'GET', path });
      await expect(lookup.everywhere(instrument, clientOrderId)).rejects.toMatchObject({
        code: 'VENUE_UNAVAILABLE',
      });
    }
    expect(await lookup.everywhere(instrument, clientOrderId)).toBeNull();
  });

  it('goes on with a look-up where one of its questions fails', async () => {
    for (const path of PLACES) inject(UNAVAILABLE, { method: 'GET', path });
    expect(await adapter.findOrder(orderRequest())).toBeNull();
    expect(venue.faults.report().total).toBe(PLACES.length);
    inject(UNAVAILABLE, { method: 'GET', path: PLACES.at(-1), times: 0 });
    await expect(adapter.findOrder(orderRequest())).rejects.toMatchObject({
      code: 'VENUE_UNAVAILABLE',
    });
  });

  it('leaves a cancel undecided when its answer is cut', async () => {
    const request = restingRequest();
    await adapter.placeOrder(request);
    inject({ kind: 'dropAnswer', how: 'cut' }, { method: 'DELETE' });
    await expect(adapter.cancelOrder(request)).rejects.toMatchObject({
      code: 'VENUE_UNKNOWN_OUTCOME',
    });
    expect((await adapter.getOrderStatus(request)).order.state).toBe('cancelled');
  });

  it('sends an order though the average price is not to be had', async () => {
    inject({ kind: 'status', status: 503, when: 'before' }, { path: '/api/v3/avgPrice' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
  });

  it('tells partial fills, each once', async () => {
    inject({ kind: 'partialFill', quantities: ['0.004'], rest: 'leave' });
    const request = restingRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const { order, fills } = await adapter.getOrderStatus(request);
    expect(order).toMatchObject({ state: 'partially_filled', filledQuantity: '0.004' });
    expect(fills).toMatchObject([{ quantity: '0.004' }]);
  });

  it('sees an order of its own that reads do not show yet only later, and throws nothing', async () => {
    inject({ kind: 'hideOrder', ms: 2_000 });
    const request = restingRequest();
    await adapter.placeOrder(request);
    await expect(adapter.getOrderStatus(request)).rejects.toMatchObject({
      code: 'VENUE_ORDER_NOT_FOUND',
    });
    let found = await adapter.findOrder(request);
    while (found === null) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      found = await adapter.findOrder(request);
    }
    expect(found.order.state).toBe('open');
  });

  it('refuses a wrong secret as VENUE_AUTH, on REST and on the user stream', async () => {
    const stranger = adapterFor(venue, { secret: 'wrong-secret' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await expect(stranger.watchOrders(() => undefined)).rejects.toMatchObject({
      code: 'VENUE_AUTH',
    });
    const keyless = adapterFor(venue, { apiKey: '', secret: '' });
    await keyless.connect();
    expect((await keyless.instrument(SYMBOL)).takerFeeRate).toBe('0.001');
    await expect(keyless.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await keyless.disconnect();
  });

  it('catches up after its stream was cut: what changed meanwhile is told', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const filling = restingRequest();
    const staying = restingRequest({ price: '90000' });
    await adapter.placeOrder(filling);
    await adapter.placeOrder(staying);
    await waitFor(() => notices.length >= 2);
    notices.length = 0;
    expect(venue.cutStreams('user')).toBe(1);
    venue.advance(2);
    await waitFor(() => new Set(notices.map((notice) => notice.clientOrderId)).size === 2);
    expect(new Set(notices.map((notice) => notice.clientOrderId))).toEqual(
      new Set([filling.clientOrderId, staying.clientOrderId]),
    );
    // The new subscription is live.
    notices.length = 0;
    await adapter.cancelOrder(staying);
    await waitFor(() => notices.length > 0);
    await watch.close();
  });

  it('without a list of symbols catches up on all the venue has', async () => {
    const everything = createBinanceAdapter({
      accountId: 'binance-sandbox',
      restUrl: venue.httpUrl,
      wsApiUrl: venue.wsUrl,
      apiKey: 'simulator-key',
      secret: 'simulator-secret',
      budget: createMemoryRateBudget(),
      logger,
    });
    await everything.connect();
    const request = restingRequest();
    await adapter.placeOrder(request);
    const notices: OrderNotice[] = [];
    const watch = await everything.watchOrders((notice) => notices.push(notice));
    venue.cutStreams('user');
    await waitFor(() => notices.length > 0);
    expect(notices).toEqual([{ clientOrderId: request.clientOrderId, symbol: SYMBOL }]);
    await watch.close();
    await everything.disconnect();
  });

  it('serves many listeners over one socket, and closes it with the last', async () => {
    const first = await adapter.watchOrders(() => undefined);
    const second = await adapter.watchOrders(() => undefined);
    expect(venue.state().connections.userStreams).toBe(1);
    await first.close();
    expect(venue.state().connections.userStreams).toBe(1);
    await second.close();
    await waitFor(() => venue.state().connections.user === 0);
  });

  it('is not harmed by malformed user events', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    inject({ kind: 'malformed' }, { method: 'USER', path: 'executionReport' });
    await adapter.placeOrder(restingRequest());
    const second = restingRequest();
    await adapter.placeOrder(second);
    await waitFor(() => notices.some((one) => one.clientOrderId === second.clientOrderId));
    await watch.close();
  });
});

describe('two processes of one account at Binance', () => {
  let venue: Simulator;
  let one: TradeAdapter;
  let other: TradeAdapter;

  beforeEach(async () => {
    venue = await startSimulator({
      recordings: [{ symbol: SYMBOL, file }],
      balances: OPENING_BALANCES,
      limits: { ordersPer10Seconds: 5 },
    });
    const budget = createMemoryRateBudget(() => now);
    now = Date.now();
    [one, other] = [adapterFor(venue, { budget }), adapterFor(venue, { budget })];
    await one.connect();
    await other.connect();
  });
  afterEach(async () => {
    await one.disconnect();
    await other.disconnect();
    await venue.close();
  });
  let now = 0;

  it('keep the limit that exchangeInfo states together; cancels still go', async () => {
    const resting = restingRequest();
    await one.placeOrder(resting);
    for (const adapter of [other, one, other]) await adapter.placeOrder(orderRequest());
    for (const adapter of [one, other]) {
      await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
        code: 'VENUE_RATE_LIMITED',
        message: expect.stringMatching(/account:binance-sandbox:orders:10s/),
      });
    }
    expect(venue.orders().orders).toHaveLength(4);
    await one.cancelOrder(resting);
    now += 10_000;
    await other.marketTime();
  });

  it('are both silent when one is told to be', async () => {
    venue.faults.add(
      faultScriptSchema.parse([
        { match: { path: '/api/v3/openOrders' }, fault: { kind: 'rateLimit', status: 418 } },
      ]),
    );
    await expect(one.openOrders(SYMBOL)).rejects.toMatchObject({ code: 'VENUE_BANNED' });
    for (const adapter of [one, other]) {
      await expect(adapter.cancelOrder(restingRequest())).rejects.toMatchObject({
        code: 'VENUE_BANNED',
      });
    }
    now += 1_000;
    expect(await other.openOrders(SYMBOL)).toEqual([]);
  });
});

describe('an account that others use as well', () => {
  it('shows their trades with their ids, and counts none of them as its own', async () => {
    const venue = await startVenue();
    const adapter = adapterFor(venue);
    await adapter.connect();
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const others = createBinanceRequests({
      ...{ restUrl: venue.httpUrl, accountId: 'theirs', budget: createMemoryRateBudget(), logger },
      ...{ apiKey: 'simulator-key', secret: 'simulator-secret' },
    });
    await others.clock.measure();
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.02' };
    await others.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1 },
      params: { ...order, newClientOrderId: 'web_0123456789' },
    });
    await others.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1 },
      params: {
        ...{ ...order, type: 'LIMIT', price: '90000', timeInForce: 'GTC' },
        newClientOrderId: 'web_resting',
      },
    });
    const { fills } = await adapter.placeOrder(orderRequest());

    expect(await adapter.accountTrades(SYMBOL, STARTS_AT)).toEqual([
      expect.objectContaining({ clientOrderId: 'web_0123456789', quantity: '0.02', side: 'buy' }),
      ...fills,
    ]);
    expect(await adapter.fillsSince(SYMBOL, STARTS_AT)).toEqual(fills);
    expect(await adapter.openOrders(SYMBOL)).toEqual([]);
    await waitFor(() => notices.length > 0);
    expect(notices.every(({ clientOrderId }) => clientOrderId.startsWith('keel'))).toBe(true);
    await watch.close();
    await adapter.disconnect();
    await venue.close();
  });
});

describe('the Binance adapter at a venue whose clock differs', () => {
  it.each([60_000, -60_000])('by %d ms signs with the venue’s time', async (skewMs) => {
    const stamped: number[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://venue');
      const venueNow = Date.now() + skewMs;
      const timestamp = url.searchParams.get('timestamp');
      if (timestamp !== null) stamped.push(Number(timestamp) - venueNow);
      const bodies: Record<string, unknown> = {
        '/api/v3/time': { serverTime: venueNow },
        '/api/v3/exchangeInfo': { rateLimits: [], symbols: [] },
        '/api/v3/account': { balances: [] },
      };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(bodies[url.pathname] ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${String(port)}`;
    const adapter = adapterFor({ httpUrl: url, wsUrl: url.replace('http', 'ws') });
    await adapter.connect();
    // Without the simulator's header market time is the venue's clock.
    expect(Math.abs((await adapter.marketTime()) - Date.now() - skewMs)).toBeLessThan(1000);
    expect(stamped).toHaveLength(1);
    expect(Math.abs(stamped[0] ?? Infinity)).toBeLessThan(500);
    expect(adapter.visibility.clockErrorMs).toBeLessThan(1000);
    // A deadline is the same moment on every host, whatever its own clock says.
    expect(Math.abs(adapter.venueTime() - Date.now() - skewMs)).toBeLessThan(1000);
    await adapter.disconnect();
    server.closeAllConnections();
    server.close();
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 250; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(condition()).toBe(true);
}
