import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instrumentOf, REGULAR_FEE_RATES } from './binance/exchange-info.ts';
import { Decimal } from '../core/money.ts';
import { MatchingEngine } from './matching.ts';
import { Refusal } from './order-terms.ts';
import type { EngineEvent, NewOrder } from './orders.ts';
import { candle } from '../test/factories/recordings.ts';

const instrument = instrumentOf('BTC/USDT', REGULAR_FEE_RATES);
const OPENING = { USDT: '10000', BTC: '2', BNB: '1' };

function engine(
  feeIn = 'received',
  bnbPrice: string | undefined = '500',
  slippageBps = 0,
): MatchingEngine {
  return new MatchingEngine({
    openingBalances: OPENING,
    feeIn,
    feeAssetPrice: () => bnbPrice,
    slippageBps,
    contracts: {
      settings: { leverage: 10, marginType: 'cross' },
      maintenanceRate: '0.004',
      markPrice: () => '100',
    },
    idBase: 1000,
  });
}

function order(overrides: Partial<NewOrder>): NewOrder {
  return {
    clientOrderId: 'keel1',
    instrument,
    side: 'buy',
    kind: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '1',
    price: '90',
    ...overrides,
  };
}

const market = (side: 'buy' | 'sell', quantity: string): NewOrder => ({
  clientOrderId: 'keel1',
  instrument,
  side,
  kind: 'MARKET',
  timeInForce: 'GTC',
  quantity,
});

const stop = (overrides: Partial<NewOrder>): NewOrder => ({
  ...market('sell', '1'),
  kind: 'STOP',
  stopPrice: '95',
  ...overrides,
});

const amounts = (books: MatchingEngine, asset: string): string[] => {
  const { free, locked } = books.balances.get(asset);
  return [free.toFixed(), locked.toFixed()];
};

describe('MatchingEngine', () => {
  it('fills a market order at once, its fee taken from what is received', () => {
    const books = engine();
    expect(books.place(market('buy', '1'), '100', 0).state).toBe('FILLED');
    expect(amounts(books, 'USDT')).toEqual(['9900', '0']);
    expect(amounts(books, 'BTC')).toEqual(['2.999', '0']);
    books.place({ ...market('sell', '1'), clientOrderId: 'keel2' }, '100', 0);
    expect(amounts(books, 'USDT')).toEqual(['9999.9', '0']);
  });

  it('takes the fee from a third asset while there is enough, then from what is received', () => {
    const books = engine('BNB');
    books.place(market('buy', '1'), '100', 0);
    expect(amounts(books, 'BNB')).toEqual(['0.9998', '0']);
    expect(amounts(books, 'BTC')).toEqual(['3', '0']);
    const poor = engine('BNB', '0.01');
    poor.place(market('buy', '1'), '100', 0);
    expect(poor.trades()[0]?.feeAsset).toBe('BTC');
  });

  it('locks a resting order’s money without the fee, and fills it at the limit or a better open', () => {
    const books = engine();
    const resting = books.place(order({}), '100', 0);
    expect(amounts(books, 'USDT')).toEqual(['9910', '90']);
    books.matchBar('BTC/USDT', candle(0, ['100', '101', '91', '95']), 1);
    expect(resting.state).toBe('NEW');
    books.matchBar('BTC/USDT', candle(1, ['85', '86', '84', '85']), 2);
    expect([resting.state, books.trades()[0]?.price.toFixed(), books.trades()[0]?.maker]).toEqual([
      'FILLED',
      '85',
      true,
    ]);
    expect(amounts(books, 'USDT')).toEqual(['9915', '0']);
  });

  it('unlocks on cancel, once', () => {
    const books = engine();
    const resting = books.place(order({}), '100', 0);
    expect(books.cancel(resting, 'bye', 1)?.state).toBe('CANCELED');
    expect(amounts(books, 'USDT')).toEqual(['10000', '0']);
    expect(books.cancel(resting, 'bye', 1)).toBeUndefined();
  });

  it('refuses a used client id only while its order is open; the newest is found', () => {
    const books = engine();
    const first = books.place(order({}), '100', 0);
    expect(() => books.place(order({}), '100', 0)).toThrow(new Refusal('DUPLICATE'));
    books.cancel(first, 'bye', 1);
    const second = books.place(order({}), '100', 2);
    expect(books.orderByClientId('BTCUSDT', 'keel1')).toBe(second);
  });

  it('expires what IOC and FOK leave, refuses a maker that would match and what is too dear', () => {
    const books = engine();
    expect(books.place(order({ timeInForce: 'FOK' }), '100', 0).state).toBe('EXPIRED');
    expect(books.place(order({ timeInForce: 'IOC', price: '100' }), '99', 0).state).toBe('FILLED');
    expect(() => books.place(order({ kind: 'LIMIT_MAKER', price: '100' }), '99', 0)).toThrow(
      new Refusal('WOULD_MATCH'),
    );
    expect(() => books.place(market('buy', '5'), '100000', 0)).toThrow(
      new Refusal('INSUFFICIENT_BALANCE'),
    );
  });

  it('fills an IOC as far as its plan goes, and a FOK whole or not at all', () => {
    const books = engine();
    const placed = (timeInForce: 'IOC' | 'FOK', quantities: string[], rest: 'fill' | 'leave') => {
      const fillPlan = { quantities, rest };
      const { state, filled } = books.place(
        order({ timeInForce, price: '100', fillPlan }),
        '99',
        0,
      );
      return [state, filled.toFixed()];
    };
    expect(placed('IOC', ['0.3', '0.2'], 'leave')).toEqual(['EXPIRED', '0.5']);
    expect(placed('FOK', ['0.3', '0.2'], 'leave')).toEqual(['EXPIRED', '0']);
    expect(placed('FOK', ['0.3', '0.2'], 'fill')).toEqual(['FILLED', '1']);
    expect(placed('FOK', ['0.3', '0.7'], 'leave')).toEqual(['FILLED', '1']);
    expect(books.openOrders()).toEqual([]);
  });

  it('takes a maker that would match and ends it, where the venue does', () => {
    const books = engine();
    const maker = { ...order({ kind: 'LIMIT_MAKER', price: '100' }), endsIfMatched: true };
    const { state, filled } = books.place(maker, '99', 0);
    expect([state, filled.toFixed()]).toEqual(['EXPIRED', '0']);
    expect(amounts(books, 'USDT')).toEqual(['10000', '0']);
  });

  it('lets a stop rest, locked, until the path of a minute reaches it; then it is a market order', () => {
    const books = engine('received', undefined, 100);
    const events: EngineEvent['kind'][] = [];
    books.onEvent(({ kind }) => events.push(kind));
    const resting = books.place(stop({}), '100', 0);
    expect(amounts(books, 'BTC')).toEqual(['1', '1']);
    books.matchBar('BTC/USDT', candle(0, ['100', '101', '95.01', '96']), 1);
    expect([resting.state, resting.triggeredAt]).toEqual(['NEW', undefined]);
    books.matchBar('BTC/USDT', candle(1, ['96', '97', '94', '97']), 2);
    // 95 less one per cent of slippage.
    expect(books.trades()[0]).toMatchObject({ maker: false, price: new Decimal('94.05') });
    expect([resting.state, resting.triggeredAt]).toEqual(['FILLED', 2]);
    expect(amounts(books, 'BTC')).toEqual(['1', '0']);
    expect(events).toEqual(['new', 'balances', 'triggered', 'trade', 'balances']);
  });

  it('turns a stop-limit into a limit order where the path reaches it, in its turn', () => {
    const books = engine();
    const told: string[] = [];
    books.onEvent((event) => {
      if (event.kind === 'triggered' || event.kind === 'trade') {
        told.push(`${event.order.clientOrderId} ${event.kind}`);
      }
    });
    const stopLimit = (id: string, stopPrice: string, price: string) =>
      books.place(
        {
          ...order({ price, kind: 'STOP_LIMIT' }),
          ...{ clientOrderId: id, quantity: '0.1', stopPrice },
        },
        '100',
        0,
      );
    const takes = stopLimit('takes', '105', '106');
    const rests = stopLimit('rests', '106', '103');
    const waits = stopLimit('waits', '107', '90');
    expect(amounts(books, 'USDT')).toEqual(['9970.1', '29.9']);
    // 100 → 99 → 108 → 102.
    books.matchBar('BTC/USDT', candle(0, ['100', '108', '99', '102']), 1);
    expect(told).toEqual([
      ...['takes triggered', 'takes trade', 'rests triggered', 'waits triggered', 'rests trade'],
    ]);
    expect([takes.state, rests.state, waits.state]).toEqual(['FILLED', 'FILLED', 'NEW']);
    expect(books.trades().map(({ price, maker }) => [price.toFixed(), maker])).toEqual([
      ['105', false],
      ['103', true],
    ]);
    expect(amounts(books, 'USDT')).toEqual(['9970.2', '9']);
    books.matchBar('BTC/USDT', candle(1, ['95', '96', '89', '90']), 2);
    expect(waits.state).toBe('FILLED');
    expect(amounts(books, 'USDT')).toEqual(['9970.2', '0']);
  });

  it('reaches a take-profit from the other side, and refuses what is reached already', () => {
    const books = engine();
    const profit = stop({ kind: 'TAKE_PROFIT', stopPrice: '110' });
    expect(() => books.place(profit, '110', 0)).toThrow(new Refusal('WOULD_TRIGGER'));
    expect(() => books.place(stop({}), '95', 0)).toThrow(new Refusal('WOULD_TRIGGER'));
    const taken = books.place(profit, '100', 0);
    books.matchBar('BTC/USDT', candle(0, ['100', '111', '99', '100']), 1);
    expect([taken.state, taken.filledQuote.toFixed()]).toEqual(['FILLED', '110']);
  });

  it('expires a stop that the account cannot pay for when it is reached', () => {
    const books = engine();
    const bought = books.place(stop({ side: 'buy', stopPrice: '110', quantity: '90' }), '100', 0);
    // The minute opens far above the trigger: 90 × 120 is more than there is.
    books.matchBar('BTC/USDT', candle(0, ['120', '121', '119', '120']), 1);
    expect([bought.state, bought.filled.toFixed()]).toEqual(['EXPIRED', '0']);
    expect(amounts(books, 'USDT')).toEqual(['10000', '0']);
  });

  it('fills in the pieces of its plan', () => {
    const books = engine();
    const events: EngineEvent['kind'][] = [];
    books.onEvent(({ kind }) => events.push(kind));
    const taken = books.place(
      { ...market('buy', '1'), fillPlan: { quantities: ['0.4'], rest: 'leave' } },
      '100',
      0,
    );
    expect([taken.state, taken.filled.toFixed()]).toEqual(['EXPIRED', '0.4']);
    expect(events).toEqual(['new', 'trade', 'expired', 'balances']);
    const resting = books.place(
      order({ fillPlan: { quantities: ['0.3'], rest: 'fill' } }),
      '100',
      0,
    );
    const touch = candle(0, ['95', '96', '89', '91']);
    books.matchBar('BTC/USDT', touch, 1);
    expect([resting.state, resting.filled.toFixed()]).toEqual(['PARTIALLY_FILLED', '0.3']);
    books.matchBar('BTC/USDT', touch, 2);
    expect(resting.state).toBe('FILLED');
  });

  it('loses and makes no money: balances are the opening ones, plus trades, minus fees', () => {
    const action = fc.record({
      what: fc.constantFrom('market', 'limit', 'stop', 'bar', 'cancel'),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price: fc.integer({ min: 50, max: 150 }).map(String),
      quantity: fc
        .integer({ min: 1, max: 300_000 })
        .map((n) => new Decimal(n).div(100_000).toFixed()),
    });
    fc.assert(
      fc.property(
        fc.constantFrom('received', 'BNB'),
        fc.array(action, { maxLength: 40 }),
        (feeIn, actions) => {
          const books = engine(feeIn);
          for (const [index, { what, side, price, quantity }] of actions.entries()) {
            const clientOrderId = `keel${String(index)}`;
            try {
              if (what === 'market')
                books.place({ ...market(side, quantity), clientOrderId }, price, index);
              if (what === 'limit')
                books.place(order({ clientOrderId, side, price, quantity }), '100', index);
              if (what === 'stop')
                books.place(
                  stop({ clientOrderId, side, stopPrice: price, quantity }),
                  '100',
                  index,
                );
            } catch (error) {
              expect(error).toBeInstanceOf(Refusal);
            }
            if (what === 'bar')
              books.matchBar('BTC/USDT', candle(index, [price, '160', '40', '100']), index);
            const open = books.openOrders()[0];
            if (what === 'cancel' && open !== undefined) books.cancel(open, 'bye', index);
          }
          const expected = new Map(
            Object.entries(OPENING).map(([asset, amount]) => [asset, new Decimal(amount)]),
          );
          const add = (asset: string, amount: Decimal): void => {
            expected.set(asset, (expected.get(asset) ?? new Decimal(0)).add(amount));
          };
          for (const trade of books.trades()) {
            const sign = trade.order.side === 'buy' ? 1 : -1;
            add('BTC', trade.quantity.mul(sign));
            add('USDT', trade.quote.mul(-sign));
            add(trade.feeAsset, trade.feeAmount.neg());
          }
          for (const { asset, free, locked } of books.balances.all()) {
            expect(free.add(locked).toFixed()).toBe(expected.get(asset)?.toFixed());
            expect(free.isNegative() || locked.isNegative()).toBe(false);
          }
        },
      ),
    );
  });
});
