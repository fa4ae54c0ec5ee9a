/** What one look at a symbol does with what does not agree; the whole is in test/reconcile.integration.test.ts. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type {
  BookedLeg,
  Difference,
  ReconciliationRepository,
} from '../adapters/reconciliation-repository.ts';
import type { TradeAdapter, VenueOrderWithFills } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { AccountTrade } from '../core/fill.ts';
import { createLogger } from '../observability/logger.ts';
import { reconcileSymbol, type SymbolDeps } from './reconcile-symbol.ts';

const SYMBOL = 'BTC/USDT';
const NOW = 1_800_000_000_000;

let trades: AccountTrade[];
let legs: BookedLeg[];
let found: VenueOrderWithFills | null;
let booked: string[];
let raised: Difference[];
let mark: number | undefined;
let published: number[];

beforeEach(() => {
  [trades, legs, booked, raised, published] = [[], [], [], [], []];
  [found, mark] = [null, undefined];
});

function leg(change: Partial<BookedLeg> = {}): BookedLeg {
  return {
    ...{ clientOrderId: 'keel1', symbol: SYMBOL, state: 'open', venueOrderId: '7' },
    ...{ filledQuantity: '0', orderId: 'o', strategyId: 's', orderVersion: 4, orderFinal: false },
    ...change,
  };
}

function trade(change: Partial<AccountTrade> = {}): AccountTrade {
  return {
    ...{ exchange: 'binance', symbol: SYMBOL, venueTradeId: 't1', venueOrderId: '9' },
    ...{ clientOrderId: null, side: 'buy', price: '100', quantity: '1', feeAmount: '0' },
    ...{ feeAsset: 'USDT', liquidity: 'taker', executedAt: NOW - 5_000 },
    ...change,
  };
}

function look(symbol = SYMBOL): ReturnType<typeof reconcileSymbol> {
  const adapter: Partial<TradeAdapter> = {
    exchange: 'binance',
    accountId: 'main',
    marketTime: async () => NOW,
    openOrders: async () => [],
    accountTrades: async () => trades,
    fundingSince: async () => [],
    venueOrdersSince: async () => [],
    getOrderStatus: () => Promise.reject(new KeelError('VENUE_ORDER_NOT_FOUND', 'none')),
    findOrder: async () => found,
  };
  const reconciliation: Partial<ReconciliationRepository> = {
    compareFrom: async () => NOW - 60_000,
    legs: async () => legs,
    bookedTrades: async () => new Set(),
    bookAccountTrade: async (_account, { venueTradeId }) => {
      booked.push(venueTradeId);
      return true;
    },
    openFinding: async (_account, difference) => {
      expect(booked).toEqual([]);
      raised.push(difference);
    },
    setMark: async (_account, _symbol, through) => {
      mark = through;
    },
  };
  const deps = {
    reconciliation,
    contracts: { bookFunding: async () => ({ strategyId: null, booked: 0 }) },
    orders: {
      recordLeg: async ({ seenBy }: { readonly seenBy: string }) => {
        expect(seenBy).toBe('reconcile');
        return { leg: legs[0], booked: ['t1'], outcome: 'applied', detail: '' };
      },
    },
    steps: {
      publishOrder: async ({ version }: { readonly version: number }) => {
        published.push(version);
      },
    },
    logger: createLogger('test', 'silent'),
  };
  return reconcileSymbol(deps as unknown as SymbolDeps, adapter as TradeAdapter, symbol);
}

describe('a look at a symbol', () => {
  it('leaves a trade without a client id alone while an order of ours has no number yet', async () => {
    trades = [trade()];
    legs = [leg({ state: 'unknown', venueOrderId: null })];
    expect(await look()).toMatchObject({ repaired: [], foreign: 0, raised: [] });
    expect(booked).toEqual([]);
    // The next look begins with it.
    expect(mark).toBe(NOW - 5_000);
    legs = [leg({ state: 'rejected', venueOrderId: null })];
    expect(await look()).toMatchObject({ foreign: 1 });
    expect([booked, mark]).toEqual([['t1'], NOW]);
  });

  it('raises an order that is nowhere to be found', async () => {
    legs = [leg()];
    const { repaired, raised: differences } = await look();
    expect(repaired).toEqual([]);
    expect(differences).toMatchObject([{ kind: 'lost-order', subject: 'keel1', symbol: SYMBOL }]);
  });

  it.each([
    ['tells a late fill of an order that is over', true, [5]],
    ['leaves the telling to the workflow that follows the order', false, []],
  ])('%s', async (_what, orderFinal, versions) => {
    trades = [trade({ clientOrderId: 'keel1' })];
    legs = [leg({ state: 'cancelled', orderFinal })];
    found = { order: {} as VenueOrderWithFills['order'], fills: [] };
    expect(await look()).toMatchObject({ repaired: ['keel1'], raised: [] });
    expect(published).toEqual(versions);
  });

  it('raises a trade that bears our prefix before it is booked', async () => {
    trades = [trade({ clientOrderId: 'keelelse' })];
    expect(await look()).toMatchObject({ foreign: 0, raised: [] });
    expect(raised).toMatchObject([{ kind: 'unknown-trade', subject: `${SYMBOL} t1` }]);
    expect(booked).toEqual(['t1']);
  });

  it.each([
    ['-3.5', /it realised \(-3.5\)/],
    [undefined, /not told by the venue/],
  ])('raises a foreign trade on a contract before it is booked', async (realisedPnl, message) => {
    const symbol = `${SYMBOL}:USDT`;
    trades = [trade({ symbol, ...(realisedPnl === undefined ? {} : { realisedPnl }) })];
    expect(await look(symbol)).toMatchObject({ foreign: 1, raised: [] });
    expect(raised).toMatchObject([{ kind: 'foreign-contract-trade', subject: symbol, symbol }]);
    expect(raised[0]?.message).toMatch(message);
    expect(booked).toEqual(['t1']);
  });

  it('raises no foreign trade on spot: it is booked whole', async () => {
    trades = [trade()];
    expect(await look()).toMatchObject({ foreign: 1 });
    expect([raised, booked]).toEqual([[], ['t1']]);
  });
});
