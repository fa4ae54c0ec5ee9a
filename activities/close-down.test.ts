import { beforeEach, describe, expect, it } from '@jest/globals';
import { createMemoryBus } from '../adapters/bus/memory.ts';
import { SIGNAL } from '../adapters/bus/messages.ts';
import { ALL_SIGNALS } from '../adapters/bus/topics.ts';
import type { Halt } from '../adapters/repositories.ts';
import type { StrategyRecord } from '../adapters/strategy-repository.ts';
import { closeSignalId } from '../core/close-signal.ts';
import { emptyPosition } from '../core/ledger.ts';
import { KeelError } from '../core/errors.ts';
import type { OrderView } from '../core/order.ts';
import type { Signal } from '../core/signal.ts';
import { createOrderView } from '../test/factories/market.ts';
import { createCloseDownActivities, type CloseDownActivities } from './close-down.ts';

const STRATEGY = { id: 'sma', type: 'sma-cross', accountId: 'main', exchange: 'binance' };
const HALT: Halt = {
  id: 7,
  scope: 'all',
  target: '',
  reason: 'odd prices',
  setBy: 'ann',
  setAt: 1,
  flatten: true,
  cleanedAt: null,
  liftedBy: null,
  liftedAt: null,
  liftReason: null,
};

describe('closing down', () => {
  let halt: Halt;
  let orders: OrderView[];
  let held: string;
  let signals: Signal[];
  let cleaned: number;
  let steps: CloseDownActivities;

  const attempt = (number: number): string =>
    closeSignalId({ strategy: STRATEGY, symbol: 'BTC/USDT', runId: 'halt:7', attempt: number });
  const isFinal = ({ state }: OrderView): boolean => ['done', 'denied'].includes(state);

  beforeEach(async () => {
    halt = HALT;
    orders = [];
    held = '0.5';
    signals = [];
    cleaned = 0;
    const bus = createMemoryBus('test');
    await bus.subscribe({
      group: 'test',
      topics: ALL_SIGNALS,
      kind: SIGNAL,
      handle: async ({ message }) => {
        signals.push(message.data);
      },
    });
    steps = createCloseDownActivities({
      orders: {
        listOrders: async ({ strategyId, symbol }) =>
          orders.filter(
            (order) =>
              !isFinal(order) &&
              (strategyId ?? order.strategyId) === order.strategyId &&
              (symbol ?? order.symbol) === order.symbol,
          ),
        getOrder: async (id) => {
          const found = orders.find(({ orderId }) => orderId === id);
          if (found === undefined) throw new KeelError('NOT_FOUND', 'no such order');
          return found;
        },
      },
      portfolio: {
        positions: async () => [
          {
            ...emptyPosition('BTC/USDT'),
            strategyId: 'sma',
            accountId: 'main',
            exchange: 'binance',
            quantity: held,
            updatedAt: 0,
          },
        ],
      },
      strategies: { get: async () => STRATEGY as StrategyRecord },
      halts: {
        get: async () => halt,
        markCleaned: async () => {
          cleaned += 1;
        },
      },
      adapters: new Map([['main', { marketTime: async () => 1_000 }]]),
      bus,
      price: async () => '97000',
    });
  });

  it('names what a halt cancels: not what guards, flattens, or is a person’s close', async () => {
    halt = { ...HALT, flatten: false };
    const make = (orderId: string, kind: Signal['source']['kind'], reducing: boolean): OrderView =>
      createOrderView({ orderId, source: { kind, name: 'x' }, reducing });
    orders = [
      make('entry', 'strategy', false),
      make('exit', 'strategy', true),
      make('person-entry', 'person', false),
      make('person-close', 'person', true),
      make('stop', 'guard', true),
      make('flatten', 'flatten', true),
    ];
    const round = await steps.sweepHalt({ haltId: 7 });
    expect(round).toMatchObject({
      open: ['entry', 'exit', 'person-entry'],
      held: [],
      done: false,
      inForce: true,
    });
    expect(cleaned).toBe(0);

    const pause = {
      strategyId: 'strategy-1',
      runId: 'r',
      which: 'entries',
      flatten: false,
    } as const;
    expect((await steps.sweepStrategy({ ...pause, by: 'ann' })).open).toEqual([
      'entry',
      'person-entry',
    ]);
  });

  it('closes a position once, whatever is run twice, and again only where the last attempt left some', async () => {
    await steps.sweepHalt({ haltId: 7 });
    await steps.sweepHalt({ haltId: 7 });
    expect(new Set(signals.map(({ id }) => id))).toEqual(new Set([attempt(1)]));
    expect(signals[0]).toMatchObject({
      source: { kind: 'flatten', name: 'ann' },
      wanted: { kind: 'target', quantity: '0' },
      type: 'market',
      referencePrice: '97000',
      eventTime: 1_000,
    });

    orders = [createOrderView({ orderId: attempt(1), source: { kind: 'flatten', name: 'ann' } })];
    signals = [];
    expect((await steps.sweepHalt({ haltId: 7 })).held).toMatchObject([{ state: 'closing' }]);
    expect(signals).toEqual([]);

    orders = [createOrderView({ orderId: attempt(1), state: 'done', status: 'rejected' })];
    await steps.sweepHalt({ haltId: 7 });
    expect(signals.map(({ id }) => id)).toEqual([attempt(2)]);
  });

  it('leaves dust, says so, and is done', async () => {
    held = '0.00001';
    orders = [
      createOrderView({ orderId: attempt(1), state: 'denied', reasonCode: 'NOTHING_TO_SELL' }),
    ];
    expect(await steps.sweepHalt({ haltId: 7 })).toMatchObject({
      held: [{ strategyId: 'sma', symbol: 'BTC/USDT', quantity: '0.00001', state: 'dust' }],
      done: true,
    });
    expect(cleaned).toBe(1);
    expect(signals).toEqual([]);
  });

  it('does nothing once the halt is lifted', async () => {
    halt = { ...HALT, liftedAt: 2, liftedBy: 'bob', liftReason: 'over' };
    orders = [createOrderView({ orderId: 'entry' })];
    expect(await steps.sweepHalt({ haltId: 7 })).toMatchObject({ inForce: false, done: true });
    expect(cleaned).toBe(0);
  });

  it('covers only its scope', async () => {
    orders = [
      createOrderView({ orderId: 'a', exchange: 'okx' }),
      createOrderView({ orderId: 'b', symbol: 'ETH/USDT' }),
    ];
    halt = { ...HALT, flatten: false, scope: 'exchange', target: 'okx' };
    expect((await steps.sweepHalt({ haltId: 7 })).open).toEqual(['a']);
    halt = { ...HALT, scope: 'symbol', target: 'ETH/USDT' };
    expect(await steps.sweepHalt({ haltId: 7 })).toMatchObject({ open: ['b'], held: [] });
  });
});
