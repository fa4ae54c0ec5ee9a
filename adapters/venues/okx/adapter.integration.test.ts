/**
 * The OKX adapter against the simulator over real HTTP and WebSockets: the contract, on spot and of swaps. When the
 * venue fails: adapter-faults.integration.test.ts.
 */
import { describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../../simulator/faults.ts';
import type { Simulator, SimulatorOptions } from '../../../simulator/options.ts';
import { startSimulator } from '../../../simulator/server.ts';
import {
  okxAdapter,
  startSpot,
  worldOf,
  writeBars,
} from '../../../test/factories/simulated-venues.ts';
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
  describeTradeAdapter,
  orderRequest,
  STARTS_AT,
  SYMBOL,
  type TradingWorld,
  type VenueFacts,
} from '../trade-adapter.contract.ts';

async function open(): Promise<TradingWorld> {
  const venue = await startSpot({ venue: 'okx' });
  const adapter = okxAdapter(venue);
  await adapter.connect();
  return worldOf(venue, adapter);
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

describe('stops at OKX', () => {
  it('are named as the owner of what it became, in all trades of the account', async () => {
    const venue = await startSpot({ venue: 'okx' });
    const adapter = okxAdapter(venue);
    await adapter.connect();
    const request = stopRequest();
    await adapter.placeOrder(request);
    venue.advance(2);
    const fills = await adapter.fillsSince(SYMBOL, STARTS_AT);
    expect(fills).toMatchObject([{ clientOrderId: request.clientOrderId, quantity: '0.4' }]);
    expect(await adapter.accountTrades(SYMBOL, STARTS_AT)).toEqual(fills);
    await adapter.disconnect();
    await venue.close();
  });
});

function startSwaps(contracts: SimulatorOptions['contracts'] = {}): Promise<Simulator> {
  return startSimulator({
    venue: 'okx',
    recordings: [{ symbol: PERPETUAL, file: writeBars(PERPETUAL_BARS) }],
    balances: { USDT: WALLET },
    feeRates: { maker: '0.0002', taker: '0.0005' },
    contracts: { fundingEveryMs: FUNDING_EVERY_MS, ...contracts },
  });
}

const SWAPS = { symbols: [PERPETUAL], leverage: 10 };

async function openSwaps(): Promise<PerpetualWorld> {
  const venue = await startSwaps();
  const adapter = okxAdapter(venue, SWAPS);
  await adapter.connect();
  await adapter.prepareAccount([PERPETUAL]);
  return {
    ...worldOf(venue, adapter),
    deleverage: (quantity) => {
      venue.deleverage(PERPETUAL, quantity);
    },
  };
}

describePerpetuals('OKX', openSwaps);
describeTimeInForce('OKX swaps', openSwaps, { symbol: PERPETUAL, postOnly: 'cancelled' });

describe("OKX's settings of swaps", () => {
  it('are set while nothing is open, and refused by name while something is', async () => {
    const venue = await startSwaps({ hedgeMode: true });
    const adapter = okxAdapter(venue, SWAPS);
    await adapter.connect();
    expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '20' });
    await adapter.prepareAccount([PERPETUAL]);
    expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '10' });
    await adapter.placeOrder(orderRequest({ symbol: PERPETUAL }));
    const other = okxAdapter(venue, { ...SWAPS, leverage: 5 });
    await other.connect();
    await expect(other.prepareAccount([PERPETUAL])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/leverage of BTC\/USDT:USDT is 10 at OKX, wanted is 5/),
    });
    await adapter.disconnect();
    await other.disconnect();
    await venue.close();
  });

  it('are read before it starts: it never trades without a contract whose settings it could not read', async () => {
    const venue = await startSwaps();
    const adapter = okxAdapter(venue, SWAPS);
    try {
      const match = { method: 'GET', path: '/api/v5/account/leverage-info', times: 0 };
      const fault = { kind: 'status', status: 503, when: 'before' };
      venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
      await expect(adapter.connect()).rejects.toMatchObject({ code: 'VENUE_UNAVAILABLE' });
      venue.faults.clear();
      await adapter.connect();
      expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '20' });
    } finally {
      await adapter.disconnect();
      await venue.close();
    }
  });
});
