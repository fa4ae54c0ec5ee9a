import { describe, expect, it } from '@jest/globals';
import { facts, legView, testSignal } from '../test/factories/order-steps.ts';
import { describeOrder, orderDetails, type Shown } from './order-details.ts';

function shown(change: Partial<Shown>): Shown {
  return {
    order: null,
    leg: null,
    wait: null,
    decision: null,
    execution: null,
    unknown: null,
    cancel: null,
    ...change,
  };
}

describe('describeOrder', () => {
  it('tells the wish before admission, and the order after', () => {
    expect(describeOrder(testSignal(), null)).toBe('target 0.01 BTC/USDT');
    const wanted = { kind: 'order', side: 'sell', quantity: '2' } as const;
    expect(describeOrder(testSignal({ wanted }), null)).toBe('sell market 2 BTC/USDT');
    const order = facts({ type: 'limit', price: '95000', quantity: '0.009' });
    expect(describeOrder(testSignal(), order)).toBe('buy limit 0.009 BTC/USDT at 95000');
  });
});

describe('orderDetails', () => {
  it('begins with what is known', () => {
    expect(orderDetails(testSignal(), shown({}))).toBe(
      '**target 0.01 BTC/USDT** on binance\n' +
        '- why: golden-cross (sma-cross, strategy sma-1)\n' +
        '- status: pending',
    );
  });

  it('says since when an outcome is unknown, and what a person can do', () => {
    const unknown = { since: 1_700_000_000_000, alerts: 0 };
    const details = orderDetails(testSignal(), shown({ unknown }));
    expect(details).toContain('**unknown since 2023-11-14T22:13:20.000Z**');
    expect(details).toContain('`keel cancel`');
  });

  it('says who ended it, or when its time-out will, until it is over', () => {
    const signal = testSignal({ eventTime: 1_700_000_000_000, timeoutMs: 60_000 });
    const working = facts({ state: 'working', status: 'open' });
    expect(orderDetails(signal, shown({ order: working }))).toContain(
      '- rests until 2023-11-14T22:14:20.000Z market time, then it is cancelled',
    );
    const cancel = { by: 'ann', reason: 'odd prices' };
    expect(orderDetails(signal, shown({ order: working, cancel }))).toContain(
      '- **is being cancelled by ann: odd prices**',
    );
    const done = facts({ state: 'done', status: 'cancelled' });
    expect(orderDetails(signal, shown({ order: done, cancel }))).not.toContain('cancelled by ann');
  });

  it('goes on to fills, reason and the order at the venue', () => {
    const order = facts({
      status: 'cancelled',
      filledQuantity: '0.004',
      averagePrice: '60000',
      reason: 'cancelled by ann',
    });
    const lines = orderDetails(
      testSignal(),
      shown({ order, leg: legView({ venueOrderId: null }) }),
    ).split('\n');
    expect(lines.slice(2)).toEqual([
      '- status: cancelled',
      '- filled: 0.004 at 60000',
      '- reason: cancelled by ann',
      '- venue order: not known yet (keel-1), open',
    ]);
  });
});
