import { describe, expect, it } from '@jest/globals';
import { createRateBudget } from './rate-budget.ts';

describe('the rate budget', () => {
  it('stops reads first, then orders, and lets cancels use it all', () => {
    const budget = createRateBudget(100, () => 0);
    budget.take('read', 80);
    expect(() => {
      budget.take('read', 1);
    }).toThrow(/request weight/);
    budget.take('send', 15);
    expect(() => {
      budget.take('send', 1);
    }).toThrow(/request weight/);
    budget.take('cancel', 5);
    expect(() => {
      budget.take('cancel', 1);
    }).toThrow(expect.objectContaining({ code: 'VENUE_RATE_LIMITED', retryAfterMs: 60_000 }));
  });

  it('is whole again in the next minute', () => {
    let now = 59_999;
    const budget = createRateBudget(100, () => now);
    budget.take('cancel', 100);
    now = 60_000;
    budget.take('read', 80);
  });

  it('takes the venue’s count where it is higher: other processes share the address', () => {
    const budget = createRateBudget(100, () => 0);
    budget.heard(200, new Headers({ 'x-mbx-used-weight-1m': '79' }));
    budget.take('read', 1);
    expect(() => {
      budget.take('read', 1);
    }).toThrow(/80 of 100/);
  });

  it('sends nothing, not even a cancel, until a ban is over', () => {
    let now = 0;
    const budget = createRateBudget(100, () => now);
    budget.heard(418, new Headers(), 120_000);
    expect(() => {
      budget.take('cancel', 1);
    }).toThrow(expect.objectContaining({ code: 'VENUE_BANNED', retryAfterMs: 120_000 }));
    now = 120_000;
    budget.take('cancel', 1);
  });
});
