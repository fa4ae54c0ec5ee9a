import { describe, expect, it } from '@jest/globals';
import type { IntentState, LegState, OrderStatus } from './order.ts';
import { orderStatusOf } from './order-status.ts';

const CASES: readonly [IntentState, string, string, LegState[], OrderStatus][] = [
  ['pending', '1', '0', [], 'pending'],
  ['admitted', '1', '0', [], 'admitted'],
  ['awaiting_approval', '1', '0', [], 'awaiting_approval'],
  ['working', '1', '0', [], 'submitting'],
  ['working', '1', '0', ['submitting'], 'submitting'],
  ['working', '1', '0', ['open'], 'open'],
  ['working', '1', '0', ['triggered'], 'open'],
  ['working', '1', '0.5', ['amend_pending'], 'partially_filled'],
  ['working', '1', '0.5', ['partially_filled'], 'partially_filled'],
  ['working', '1', '0.5', ['cancel_pending'], 'cancel_pending'],
  ['working', '1', '0', ['unknown'], 'unknown'],
  ['working', '1', '1', ['filled'], 'filled'],
  ['working', '1', '0.5', ['cancelled', 'open'], 'partially_filled'],
  ['working', '1', '0', ['rejected'], 'rejected'],
  ['done', '1', '1', ['filled'], 'filled'],
  ['done', '1', '1', ['cancelled'], 'filled'],
  ['done', '1', '0.5', ['cancelled'], 'cancelled'],
  ['done', '1', '0', ['expired'], 'expired'],
  ['done', '1', '0', ['rejected'], 'rejected'],
  ['done', '1', '0', [], 'cancelled'],
  ['done', '0', '0', [], 'unneeded'],
  ['denied', '1', '0', [], 'denied'],
  ['expired', '1', '0', ['submitting'], 'expired'],
  ['superseded', '1', '0', [], 'superseded'],
  ['failed', '1', '0.5', ['unknown'], 'failed'],
];

describe('order status', () => {
  it.each(CASES)('%s, %s, filled %s, legs %j is %s', (state, quantity, filled, legs, status) => {
    expect(
      orderStatusOf({
        state,
        quantity,
        filledQuantity: filled,
        moreLegs: false,
        legs: legs.map((leg) => ({ state: leg })),
      }),
    ).toBe(status);
  });

  it.each([
    ['working', '0', 'open'],
    ['working', '0.5', 'partially_filled'],
    ['done', '0.5', 'cancelled'],
  ] as const)('between two legs, %s and filled %s, it is %s', (state, filledQuantity, status) => {
    const legs = [{ state: 'cancelled' as const }];
    expect(orderStatusOf({ state, quantity: '1', filledQuantity, moreLegs: true, legs })).toBe(
      status,
    );
  });
});
