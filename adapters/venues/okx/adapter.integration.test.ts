/** The OKX adapter against the simulator over real HTTP and WebSockets: the contract, then faults. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../observability/logger.ts';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  type Simulator,
  type SimulatorOptions,
} from '../../../simulator/options.ts';
import { startSimulator } from '../../../simulator/server.ts';
import { createMemoryRateBudget } from '../../storage/rate-budget-memory.ts';
import type { OrderNotice, TradeAdapter } from '../../trade-adapter.ts';
import { writeRecording } from '../../../test/factories/recordings.ts';
import {
  describePerpetuals,
  FUNDING_EVERY_MS,
  PERPETUAL,
  PERPETUAL_BARS,
  type PerpetualWorld,
  WALLET,
} from '../perpetual.contract.ts';
import { describeStopOrders, stopRequest } from '../stop-orders.contract.ts';
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
  type VenueFacts,
} from '../trade-adapter.contract.ts';
import { createOkxAdapter, type OkxOptions } from './adapter.ts';
import { createOkxLookup } from './lookup.ts';
import { createOkxRequests } from './requests.ts';

const UNAVAILABLE = { kind: 'status', status: 503, when: 'before' };
/** Where a look-up asks for an order, in turn. */
const PLACES = [
  ...['order', 'order-algo', 'orders-pending', 'orders-history', 'orders-history-archive'],
  ...['orders-algo-pending', 'orders-algo-history', 'fills', 'fills-history'],
].map((name) => `/api/v5/trade/${name}`);

const logger = createLogger('test', 'silent');
let folder = '';
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keel-okx-'));
  file = join(folder, 'BTCUSDT.csv');
  const rows = CONTRACT_BARS.map((bar, index) =>
    [STARTS_AT + index * 60_000, ...bar, '1'].join(','),
  );
  await writeFile(file, ['timestamp_ms,open,high,low,close,volume', ...rows, ''].join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

function startVenue(): Promise<Simulator> {
  return startSimulator({
    venue: 'okx',
    recordings: [{ symbol: SYMBOL, file }],
    balances: OPENING_BALANCES,
  });
}

interface Urls {
  readonly httpUrl: string;
  readonly wsUrl: string;
}

function optionsFor({ httpUrl, wsUrl }: Urls): OkxOptions {
  return {
    accountId: 'okx-sandbox',
    restUrl: httpUrl,
    wsUrl,
    apiKey: DEFAULT_API_KEY,
    secret: DEFAULT_SECRET,
    passphrase: DEFAULT_PASSPHRASE,
    symbols: [SYMBOL],
    budget: createMemoryRateBudget(),
    logger,
  };
}

function adapterFor(venue: Urls, change: Partial<OkxOptions> = {}): TradeAdapter {
  return createOkxAdapter({ ...optionsFor(venue), ...change });
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

const FACTS: VenueFacts = {
  instrument: {
    venueSymbol: 'BTC-USDT',
    priceTick: '0.1',
    quantityStep: '0.00000001',
    minQuantity: '0.00001',
    minNotional: '0',
    takerFeeRate: '0.001',
  },
  filledStatus: 'filled',
  refused: [
    ['a quantity off the step', { quantity: '0.010000001' }, 'FILTER_LOT_SIZE'],
    ['a quantity under the smallest', { quantity: '0.000009' }, 'FILTER_LOT_SIZE'],
    ['a market quantity over the largest', { quantity: '1000001' }, 'FILTER_LOT_SIZE'],
    [
      'a quantity over the largest',
      { type: 'limit', price: '99850', quantity: '10000000000' },
      'FILTER_LOT_SIZE',
    ],
  ],
};

describeTradeAdapter('OKX', open, FACTS);
describeStopOrders('OKX', open, ['too little', { quantity: '0.000009' }, 'FILTER_LOT_SIZE']);
describeTimeInForce('OKX', open, { symbol: SYMBOL, postOnly: 'cancelled' });

function startSwaps(contracts: SimulatorOptions['contracts'] = {}): Promise<Simulator> {
  const candles = PERPETUAL_BARS.map(([open, high, low, close], index) => ({
    ...{ open, high, low, close, volume: '1' },
    openAt: STARTS_AT + index * 60_000,
  }));
  return startSimulator({
    venue: 'okx',
    recordings: [{ symbol: PERPETUAL, file: writeRecording(candles) }],
    balances: { USDT: WALLET },
    feeRates: { maker: '0.0002', taker: '0.0005' },
    contracts: { fundingEveryMs: FUNDING_EVERY_MS, ...contracts },
  });
}

const SWAPS = { symbols: [PERPETUAL], leverage: 10 };

async function openSwaps(): Promise<PerpetualWorld> {
  const venue = await startSwaps();
  const adapter = adapterFor(venue, SWAPS);
  await adapter.connect();
  await adapter.prepareAccount([PERPETUAL]);
  return {
    adapter,
    advance: () => {
      venue.advance();
      return Promise.resolve();
    },
    deleverage: (quantity) => {
      venue.deleverage(PERPETUAL, quantity);
    },
    close: async () => {
      await adapter.disconnect();
      await venue.close();
    },
  };
}

describePerpetuals('OKX', openSwaps);
describeTimeInForce('OKX swaps', openSwaps, { symbol: PERPETUAL, postOnly: 'cancelled' });

describe("OKX's settings of swaps", () => {
  it('are set while nothing is open, and refused by name while something is', async () => {
    const venue = await startSwaps({ hedgeMode: true });
    const adapter = adapterFor(venue, SWAPS);
    await adapter.connect();
    expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '20' });
    await adapter.prepareAccount([PERPETUAL]);
    expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '10' });
    await adapter.placeOrder(orderRequest({ symbol: PERPETUAL }));
    const other = adapterFor(venue, { ...SWAPS, leverage: 5 });
    await other.connect();
    await expect(other.prepareAccount([PERPETUAL])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/leverage of BTC\/USDT:USDT is 10 at OKX, wanted is 5/),
    });
    await adapter.disconnect();
    await other.disconnect();
    await venue.close();
  });
});

describe('the OKX adapter when the venue fails', () => {
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

  const inject = (fault: object, match: object = { action: 'place' }): void => {
    venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
  };
  const venueOrders = (): number => venue.orders().orders.length;

  it.each<[string, object]>([
    ['cuts the answer', { kind: 'dropAnswer', how: 'cut' }],
    ['never answers', { kind: 'dropAnswer', how: 'hang' }],
    ['answers HTML with status 200', { kind: 'html' }],
    ['answers 503 after it acted', { kind: 'status', status: 503, when: 'after' }],
    ['answers 50004', { kind: 'outcomeUnknown' }],
    [
      'answers a code that is not listed',
      { kind: 'status', status: 400, when: 'after', body: 'json', code: 59999 },
    ],
  ])(
    'leaves a send undecided when it %s, and finds the one order that exists',
    async (_what, fault) => {
      for (const request of [orderRequest(), stopRequest()]) {
        inject(fault);
        await expect(adapter.placeOrder(request)).rejects.toMatchObject({
          code: 'VENUE_UNKNOWN_OUTCOME',
        });
        expect((await adapter.findOrder(request))?.order.clientOrderId).toBe(request.clientOrderId);
      }
      expect(venueOrders()).toBe(2);
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

  it('knows an order that was taken though it cannot be read', async () => {
    inject({ kind: 'status', status: 503, when: 'before' }, { method: 'GET', action: 'read' });
    const request = orderRequest();
    const { order, fills } = await adapter.placeOrder(request);
    expect(order).toMatchObject({ state: 'open', rawStatus: 'live', filledQuantity: '0' });
    expect(fills).toEqual([]);
    expect((await adapter.getOrderStatus(request)).order.state).toBe('filled');
  });

  it('never tells of an order it has taken as one that was turned away', async () => {
    inject({ kind: 'status', status: 503, when: 'before' }, { method: 'GET', action: 'read' });
    inject(
      { kind: 'rateLimit', status: 429, retryAfterSeconds: 1 },
      { path: '/api/v5/public/time' },
    );
    const request = orderRequest();
    expect((await adapter.placeOrder(request)).order.state).toBe('open');
    expect(venueOrders()).toBe(1);
  });

  it.each<[string, () => ReturnType<typeof orderRequest>]>([
    ['an order', orderRequest],
    ['a stop', stopRequest],
  ])('is refused %s past its deadline by the venue itself', async (_what, requested) => {
    // Under way longer than it may be: held back on the way to the venue.
    inject({ kind: 'delay', ms: 300, when: 'before' });
    const request = { ...requested(), deadline: adapter.venueTime() + 150 };
    await expect(adapter.placeOrder(request)).rejects.toMatchObject({ name: 'KeelError' });
    expect(venueOrders()).toBe(0);
    expect(await adapter.findOrder(request)).toBeNull();
  });

  it('measures its clock again on 50102 and sends once more', async () => {
    inject({ kind: 'clock' });
    expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
    expect(venueOrders()).toBe(1);
  });

  it('is silent after 50011', async () => {
    inject({ kind: 'rateLimit', status: 429, retryAfterSeconds: 2 });
    for (let sends = 0; sends < 2; sends += 1) {
      await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
        code: 'VENUE_RATE_LIMITED',
      });
    }
    expect(venueOrders()).toBe(0);
  });

  it('tells a definite refusal by the code of its row', async () => {
    inject({ kind: 'reject' });
    await expect(adapter.placeOrder(orderRequest())).rejects.toMatchObject({
      code: 'VENUE_INSUFFICIENT_BALANCE',
      details: { venueCode: '51008' },
    });
  });

  it.each<[string, object]>([
    ['503', UNAVAILABLE],
    ['HTML with status 200', { kind: 'html' }],
  ])('throws, and does not say null, when a look-up meets %s', async (_what, fault) => {
    // Of the venue as it is: the adapter's own asks each question again.
    const lookup = createOkxLookup(createOkxRequests(optionsFor(venue)));
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

  it('tells partial fills, each once', async () => {
    inject({ kind: 'partialFill', quantities: ['0.004'], rest: 'leave' });
    const request = restingRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const { order, fills } = await adapter.getOrderStatus(request);
    expect(order).toMatchObject({ state: 'partially_filled', filledQuantity: '0.004' });
    expect(fills).toMatchObject([{ quantity: '0.004', feeAmount: '0.000004' }]);
  });

  it('sees an order of its own that reads do not show yet only later, and throws nothing', async () => {
    inject({ kind: 'hideOrder', ms: 300 });
    const request = restingRequest();
    await adapter.placeOrder(request);
    await expect(adapter.getOrderStatus(request)).rejects.toMatchObject({
      code: 'VENUE_ORDER_NOT_FOUND',
    });
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect((await adapter.findOrder(request))?.order.state).toBe('open');
  });

  it('names the stop as the owner of what it became, in all trades of the account', async () => {
    const request = stopRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const fills = await adapter.fillsSince(SYMBOL, STARTS_AT);
    expect(fills).toMatchObject([{ clientOrderId: request.clientOrderId, quantity: '0.4' }]);
    expect(await adapter.accountTrades(SYMBOL, STARTS_AT)).toEqual(fills);
  });

  it('refuses a wrong secret as VENUE_AUTH, on REST and on the user stream', async () => {
    const stranger = adapterFor(venue, { secret: 'wrong-secret' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await expect(stranger.watchOrders(() => undefined)).rejects.toMatchObject({
      code: 'VENUE_AUTH',
    });
    const keyless = adapterFor(venue, { apiKey: '', secret: '', passphrase: '' });
    await keyless.connect();
    expect((await keyless.instrument(SYMBOL)).makerFeeRate).toBe('0.0008');
    await expect(keyless.placeOrder(orderRequest())).rejects.toMatchObject({ code: 'VENUE_AUTH' });
    await keyless.disconnect();
  });

  it('catches up after its streams were cut: what changed meanwhile is told', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    const orders = [
      restingRequest(),
      restingRequest({ price: '90000' }),
      stopRequest({ stopPrice: '90000' }),
    ];
    for (const order of orders) await adapter.placeOrder(order);
    await waitFor(() => notices.length >= 3);
    notices.length = 0;
    expect(venue.cutStreams('user')).toBe(2);
    venue.advance(2);
    const ids = (): ReadonlySet<string> => new Set(notices.map((one) => one.clientOrderId));
    await waitFor(() => ids().size === 3);
    expect(ids()).toEqual(new Set(orders.map((one) => one.clientOrderId)));
    // The new subscriptions are live.
    for (const order of orders.slice(1)) {
      notices.length = 0;
      await adapter.cancelOrder(order);
      await waitFor(() => notices.some((one) => one.clientOrderId === order.clientOrderId));
    }
    await watch.close();
    await waitFor(() => venue.state().connections.user === 0);
  });

  it('is not harmed by malformed user events', async () => {
    const notices: OrderNotice[] = [];
    const watch = await adapter.watchOrders((notice) => notices.push(notice));
    inject({ kind: 'malformed' }, { method: 'USER', path: 'orders' });
    await adapter.placeOrder(restingRequest());
    const second = restingRequest();
    await adapter.placeOrder(second);
    await waitFor(() => notices.some((one) => one.clientOrderId === second.clientOrderId));
    await watch.close();
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 250; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(condition()).toBe(true);
}
