/** The USDⓈ-M adapter against the simulator over real HTTP and WebSockets: the contract, then its settings and faults. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../observability/logger.ts';
import { faultScriptSchema } from '../../../../simulator/faults.ts';
import type { Simulator, SimulatorOptions } from '../../../../simulator/options.ts';
import { startSimulator } from '../../../../simulator/server.ts';
import { worldOf, writeBars } from '../../../../test/factories/simulated-venues.ts';
import { createMemoryRateBudget } from '../../../storage/rate-budget-memory.ts';
import type { TradeAdapter } from '../../../trade-adapter.ts';
import {
  describePerpetuals,
  FUNDING_EVERY_MS,
  PERPETUAL,
  PERPETUAL_BARS,
  type PerpetualWorld,
  WALLET,
} from '../../perpetual.contract.ts';
import { describeLookUps } from '../../look-up.contract.ts';
import { describeTimeInForce } from '../../time-in-force.contract.ts';
import { orderRequest } from '../../trade-adapter.contract.ts';
import { createBinanceRequests } from '../requests.ts';
import { type BinanceUsdmOptions, createBinanceUsdmAdapter } from './adapter.ts';
import { createUsdmLookup } from './lookup.ts';

const logger = createLogger('test', 'silent');

function startVenue(contracts: SimulatorOptions['contracts'] = {}): Promise<Simulator> {
  return startSimulator({
    venue: 'binance-usdm',
    recordings: [{ symbol: PERPETUAL, file: writeBars(PERPETUAL_BARS) }],
    balances: { USDT: WALLET },
    contracts: { fundingEveryMs: FUNDING_EVERY_MS, ...contracts },
  });
}

function optionsFor({ httpUrl, wsUrl }: Simulator): BinanceUsdmOptions {
  return {
    accountId: 'binance-usdm-sandbox',
    restUrl: httpUrl,
    userStreamUrl: wsUrl,
    apiKey: 'simulator-key',
    secret: 'simulator-secret',
    symbols: [PERPETUAL],
    leverage: 10,
    marginType: 'cross',
    budget: createMemoryRateBudget(),
    logger,
  };
}

function adapterFor(venue: Simulator, change: Partial<BinanceUsdmOptions> = {}): TradeAdapter {
  return createBinanceUsdmAdapter({ ...optionsFor(venue), ...change });
}

async function open(): Promise<PerpetualWorld> {
  const venue = await startVenue();
  const adapter = adapterFor(venue);
  await adapter.connect();
  await adapter.prepareAccount([PERPETUAL]);
  return {
    ...worldOf(venue, adapter),
    deleverage: (quantity) => {
      venue.deleverage(PERPETUAL, quantity);
    },
  };
}

describePerpetuals('Binance USDⓈ-M', open);
describeTimeInForce('Binance USDⓈ-M', open, { symbol: PERPETUAL, postOnly: 'refused' });

describe('the account of Binance USDⓈ-M', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;
  const prepared = async (
    contracts: SimulatorOptions['contracts'],
    change: Partial<BinanceUsdmOptions> = {},
  ): Promise<void> => {
    venue = await startVenue(contracts);
    adapter = adapterFor(venue, change);
    await adapter.connect();
  };
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  it('is set to one-way mode, margin type and leverage while nothing is open', async () => {
    await prepared(
      { hedgeMode: true, settings: { leverage: 20, marginType: 'cross' } },
      { marginType: 'isolated', leverage: 3 },
    );
    await expect(adapter.placeOrder(orderRequest({ symbol: PERPETUAL }))).rejects.toMatchObject({
      code: 'VENUE_INVALID_ORDER',
    });
    await adapter.prepareAccount([PERPETUAL]);
    expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '3' });
    const { order } = await adapter.placeOrder(orderRequest({ symbol: PERPETUAL }));
    expect(order.state).toBe('filled');
  });

  it('is left alone while a position is open, and what differs is said', async () => {
    await prepared({});
    await adapter.prepareAccount([PERPETUAL]);
    await adapter.placeOrder(orderRequest({ symbol: PERPETUAL }));
    const other = adapterFor(venue, { leverage: 5 });
    await other.connect();
    await expect(other.prepareAccount([PERPETUAL])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('crossed 10x at Binance, configured is crossed 5x'),
    });
    expect(await other.instrument(PERPETUAL)).toMatchObject({ leverage: '10' });
    await other.disconnect();
  });
});

describeLookUps(
  'USDⓈ-M',
  async () => {
    const venue = await startVenue();
    const requests = createBinanceRequests({
      ...optionsFor(venue),
      ...{ market: 'usdm', timeoutMs: 500 },
    });
    return { venue, adapter: adapterFor(venue), lookup: createUsdmLookup(requests) };
  },
  {
    symbol: PERPETUAL,
    places: [
      ...['order', 'algoOrder', 'openOrders', 'allOrders', 'openAlgoOrders', 'allAlgoOrders'],
      'userTrades',
    ].map((name) => `/fapi/v1/${name}`),
  },
);

describe('the USDⓈ-M adapter when the venue fails', () => {
  let venue: Simulator;
  let adapter: TradeAdapter;

  beforeEach(async () => {
    venue = await startVenue();
    adapter = adapterFor(venue, { timeoutMs: 500 });
    await adapter.connect();
    await adapter.prepareAccount([PERPETUAL]);
  });
  afterEach(async () => {
    await adapter.disconnect();
    await venue.close();
  });

  it.each([
    ['order', {}],
    ['algoOrder', { side: 'sell', type: 'stop', stopPrice: '99000' }],
  ] as const)(
    'leaves a send to %s undecided, and finds the one order there is',
    async (path, more) => {
      venue.faults.add(
        faultScriptSchema.parse([
          { match: { method: 'POST', path: `/fapi/v1/${path}` }, fault: { kind: 'dropAnswer' } },
        ]),
      );
      const request = orderRequest({ symbol: PERPETUAL, quantity: '0.1', ...more });
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_UNKNOWN_OUTCOME',
      });
      expect((await adapter.findOrder(request))?.order.clientOrderId).toBe(request.clientOrderId);
      expect(venue.orders().orders).toHaveLength(1);
    },
  );

  it('tells an order whose fills cannot be read yet', async () => {
    venue.faults.add(
      faultScriptSchema.parse([
        {
          match: { method: 'GET', path: '/fapi/v1/userTrades' },
          fault: { kind: 'status', status: 503, when: 'before' },
        },
      ]),
    );
    const request = orderRequest({ symbol: PERPETUAL });
    const { order, fills } = await adapter.placeOrder(request);
    expect([order.state, fills]).toEqual(['filled', []]);
    expect((await adapter.getOrderStatus(request)).fills).toHaveLength(1);
  });

  it('refuses an id that is in use', async () => {
    const resting = orderRequest({ symbol: PERPETUAL, type: 'limit', price: '99000' });
    await adapter.placeOrder(resting);
    await expect(adapter.placeOrder(resting)).rejects.toMatchObject({ code: 'VENUE_DUPLICATE_ID' });
  });
});
