import { describe, expect, it } from '@jest/globals';
import { createGuard } from '../test/factories/guards.ts';
import { createSignal, T0 } from '../test/factories/market.ts';
import type { Guard } from './guard.ts';
import { quoteSince, ratchetOf, triggerOf, type Quote } from './guard-watch.ts';

const quote = (low: string, high: string): Quote => ({
  from: T0,
  at: T0 + 60_000,
  last: '100',
  high,
  low,
});
const long = (overrides: Partial<Guard> = {}): Guard =>
  createGuard({
    ...{ state: 'armed', side: 'long', generation: 3 },
    levels: { stop: '98', stopKind: 'stop-loss', takeProfit: '105' },
    ...overrides,
  });
const short = long({
  side: 'short',
  levels: { stop: '102', stopKind: 'stop-loss', takeProfit: '95' },
});
const atVenue = { kind: 'stop', signal: createSignal(), withdrawn: false } as const;

describe('triggerOf', () => {
  it('names the level a price has reached, of both the stop', () => {
    expect(triggerOf(long(), quote('98.01', '104.99'))).toBeNull();
    expect(triggerOf(long(), quote('99', '105'))).toMatchObject({ level: 'takeProfit' });
    expect(triggerOf(long(), quote('98', '105'))).toMatchObject({ level: 'stop', price: '98' });
    expect(triggerOf(short, quote('95', '101'))).toMatchObject({
      level: 'takeProfit',
      price: '95',
    });
    expect(triggerOf(short, quote('94', '102'))).toMatchObject({ level: 'stop', price: '102' });
  });

  it('leaves a stop that rests at the venue to the venue, until it is withdrawn', () => {
    expect(triggerOf(long({ order: atVenue }), quote('97', '101'))).toBeNull();
    const withdrawn = { ...atVenue, withdrawn: true };
    expect(triggerOf(long({ order: withdrawn }), quote('97', '101'))).not.toBeNull();
    const aside = long({ state: 'standing_aside', order: atVenue });
    expect(triggerOf(aside, quote('97', '101'))).not.toBeNull();
  });

  it('has nothing to say to a guard that closes', () => {
    expect(triggerOf(long({ state: 'closing' }), quote('97', '106'))).toBeNull();
    expect(triggerOf(long({ exit: 'stop-loss' }), quote('97', '106'))).toBeNull();
  });
});

it('a price older than the levels does not count, and of a bar that began before them the close', () => {
  expect(quoteSince(quote('97', '106'), T0 + 60_001)).toBeNull();
  expect(quoteSince(quote('97', '106'), T0 + 1)).toMatchObject({ low: '100', high: '100' });
  expect(quoteSince(quote('97', '106'), T0)).toMatchObject({ low: '97', high: '106' });
});

it('a trailing stop follows a better price by a tenth of its distance at least', () => {
  const guard = long({ spec: { trailing: { fraction: '0.02' } } });
  const tick = { priceTick: '0.01' };
  expect(ratchetOf(guard, '100.2', tick)).toBeNull();
  expect(ratchetOf(guard, '100.3', tick)).toEqual({
    ...{ kind: 'ratchet', generation: 3, price: '100.3' },
  });
  expect(ratchetOf({ ...guard, bestPrice: '101' }, '100.9', tick)).toBeNull();
});
