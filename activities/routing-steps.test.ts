/** Which accounts an order may go to, what each can take, and that the first route stands. */
import { describe, expect, it } from '@jest/globals';
import type { RoutingFacts } from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { Route } from '../core/execution/route.ts';
import type { OrderBook } from '../core/order-book.ts';
import { createInstrument, createSignal } from '../test/factories/market.ts';
import { createRoutingSteps } from './routing-steps.ts';

const SPLIT = { kind: 'split', accounts: ['home', 'other'] } as const;

function factsOf(change: Partial<RoutingFacts> = {}): RoutingFacts {
  return {
    signal: createSignal({ accountId: 'home', execution: SPLIT }),
    side: 'buy',
    quantity: '1',
    price: null,
    reducing: false,
    reservePrice: '100',
    holdings: [],
    free: { home: '60', other: '1000' },
    route: null,
    ...change,
  };
}

function bookOf(change: Partial<OrderBook> = {}): OrderBook {
  const book = { bids: [['99', '5']], asks: [['101', '5']] } as const;
  return { symbol: 'BTC/USDT', at: 1_000, ...book, ...change };
}

function adapterOf(accountId: string, book: () => Promise<OrderBook>): TradeAdapter {
  const adapter: Partial<TradeAdapter> = {
    accountId,
    exchange: accountId === 'home' ? 'binance' : 'okx',
    venueTime: () => 1_500,
    instrument: async () => createInstrument(),
    orderBook: book,
  };
  return adapter as TradeAdapter;
}

async function routed(
  facts: RoutingFacts,
  books: Readonly<Record<string, () => Promise<OrderBook>>> = {},
): Promise<{ readonly route: Route; readonly recorded: number }> {
  let recorded = 0;
  const steps = createRoutingSteps({
    orders: {
      routingFacts: async () => facts,
      recordRoute: async (_orderId, route) => {
        recorded += 1;
        return route;
      },
    },
    adapterOf: (accountId) => adapterOf(accountId, books[accountId] ?? (async () => bookOf())),
  });
  const { route } = await steps.routeOrder({ orderId: facts.signal.id });
  return { route, recorded };
}

const shares = ({ route }: { readonly route: Route }): string[] =>
  route.shares.map(({ accountId, exchange, quantity }) => `${accountId} ${exchange} ${quantity}`);

describe('routeOrder', () => {
  it('shares an entry among the plan’s accounts, each up to what it can pay', async () => {
    expect(shares(await routed(factsOf()))).toEqual(['home binance 0.6', 'other okx 0.4']);
  });

  it('leaves out an account without a fresh book, and says why', async () => {
    const old = await routed(factsOf({ free: { home: '200', other: '200' } }), {
      home: async () => bookOf({ at: -20_000 }),
    });
    expect(shares(old)).toEqual(['other okx 1']);
    expect(old.route.why[0]).toBe('home: its book is 21500 ms old, the oldest allowed is 10000 ms');
    const absent = await routed(factsOf(), {
      home: () => Promise.reject(new KeelError('VENUE_UNAVAILABLE', 'the venue does not answer')),
    });
    expect(absent.route.why[0]).toBe('home: the venue does not answer');
  });

  it('does not hide a defect', async () => {
    const defect = { home: () => Promise.reject(new TypeError('a defect')) };
    await expect(routed(factsOf(), defect)).rejects.toThrow('a defect');
  });

  it('sells where the position is held, home first, whatever the books say', async () => {
    const facts = factsOf({
      side: 'sell',
      reducing: true,
      holdings: [
        { accountId: 'else', quantity: '0.7' },
        { accountId: 'home', quantity: '0.3' },
      ],
    });
    const none = () => Promise.reject(new Error('nobody asks for a book'));
    const { route } = await routed(facts, { home: none, else: none });
    expect(route.kind).toBe('where-held');
    expect(shares({ route })).toEqual(['home binance 0.3', 'else okx 0.7']);
  });

  it('works a TWAP at home, without a bound', async () => {
    const execution = {
      kind: 'twap',
      durationMs: 1_000,
      slices: 2,
      jitter: 0,
      catchUp: 'skip',
    } as const;
    const signal = createSignal({ accountId: 'home', execution });
    const { route } = await routed(factsOf({ signal, free: {} }));
    expect(route).toMatchObject({ kind: 'twap', shares: [] });
    expect(route.places).toMatchObject([{ accountId: 'home', capacity: null }]);
  });

  it('keeps the route that was chosen before', async () => {
    const route: Route = { kind: 'split', places: [], shares: [], why: ['before'] };
    expect(await routed(factsOf({ route }))).toEqual({ route, recorded: 0 });
  });
});
