import { describe, expect, it } from '@jest/globals';
import { createInstrument, createSignal, T0 } from '../test/factories/market.ts';
import { type AdmissionInput, decideAdmission, type OpenOrder } from './admission.ts';
import type { Signal } from './signal.ts';

function ask(signal: Partial<Signal>, more: Partial<AdmissionInput> = {}) {
  return decideAdmission({
    signal: createSignal(signal),
    strategyStatus: 'running',
    currentRunId: 'run-1',
    marketTime: T0,
    position: '0',
    openOrders: [],
    newestSequence: 0,
    instrument: createInstrument(),
    buffer: '0.01',
    ...more,
  });
}

function open(overrides: Partial<OpenOrder> = {}): OpenOrder {
  return {
    orderId: 'older',
    runId: 'run-1',
    sequence: 1,
    side: 'buy',
    type: 'market',
    remaining: '0.4',
    sent: true,
    guardStop: false,
    ...overrides,
  };
}

const target = (quantity: string): Signal['wanted'] => ({ kind: 'target', quantity });
const sell = (quantity: string): Signal['wanted'] => ({ kind: 'order', side: 'sell', quantity });
const PERSON = {
  source: { kind: 'person', name: 'ada' },
  runId: 'person:1',
} as const satisfies Partial<Signal>;

describe('contracts', () => {
  const instrument = createInstrument({
    symbol: 'BTC/USDT:USDT',
    settle: 'USDT',
    contract: 'linear',
    leverage: '5',
    takerFeeRate: '0.0005',
  });
  const symbol = 'BTC/USDT:USDT';

  it('may be sold short, for margin and fee instead of the whole notional', () => {
    // 100 × 1.01 / 5 + 100 × 1.01 × 0.0005 a unit.
    expect(ask({ symbol, wanted: target('-2') }, { instrument })).toMatchObject({
      verdict: 'admitted',
      side: 'sell',
      quantity: '2',
      reducing: false,
      reservePrice: '20.2505',
      reserveQuote: '40.501',
    });
  });

  it('need margin only for what they grow by when they turn, and none when they shrink', () => {
    // From 1 long to 2 short: 3 traded, 1 more held.
    expect(ask({ symbol, wanted: target('-2') }, { instrument, position: '1' })).toMatchObject({
      side: 'sell',
      quantity: '3',
      reserveQuote: '20.3515',
    });
    expect(ask({ symbol, wanted: target('-1') }, { instrument, position: '-3' })).toMatchObject({
      side: 'buy',
      quantity: '2',
      reducing: true,
      reserveQuote: '0',
    });
  });

  it('may be closed however small the rest is', () => {
    const asked = ask({ symbol, wanted: target('0') }, { instrument, position: '-0.01' });
    expect(asked).toMatchObject({ verdict: 'admitted', quantity: '0.01', reducing: true });
  });

  it('belong to one strategy', () => {
    const other = ask({ symbol, wanted: target('1') }, { instrument, contractOwner: 'grid-1' });
    expect(other).toMatchObject({ verdict: 'ended', state: 'denied', code: 'CONFLICT' });
    expect(other).toMatchObject({ reason: expect.stringContaining('grid-1') });
  });
});

describe('entries', () => {
  it('buys the way to the target and reserves with buffer and fee', () => {
    // 100 × 1.01 × 1.001 = 101.101 a unit.
    expect(ask({ wanted: target('1.000019') }, { position: '0.25' })).toEqual({
      verdict: 'admitted',
      side: 'buy',
      quantity: '0.75001',
      price: null,
      reducing: false,
      reserveQuote: '75.82676101',
      reservePrice: '101.101',
      supersede: [],
    });
  });

  it('reserves a limit order at its price, put on the tick', () => {
    expect(ask({ type: 'limit', limitPrice: '99.999' })).toMatchObject({
      verdict: 'admitted',
      price: '99.99',
      reservePrice: '100.08999',
      reserveQuote: '100.08999',
    });
  });

  it('expires late, but not at the last millisecond', () => {
    expect(ask({}, { marketTime: T0 + 60_000 })).toMatchObject({ verdict: 'admitted' });
    expect(ask({}, { marketTime: T0 + 60_001 })).toMatchObject({
      verdict: 'ended',
      state: 'expired',
      code: 'SIGNAL_EXPIRED',
    });
  });

  it('is denied while the strategy does not run', () => {
    expect(ask({}, { strategyStatus: 'stopping' })).toMatchObject({
      state: 'denied',
      code: 'STRATEGY_NOT_RUNNING',
    });
    expect(ask(PERSON, { strategyStatus: 'stopped' })).toMatchObject({
      code: 'STRATEGY_NOT_RUNNING',
    });
  });

  it('is denied short on spot, and allowed on a contract', () => {
    expect(ask({ wanted: target('-1') })).toMatchObject({
      state: 'denied',
      code: 'SHORT_NOT_SUPPORTED',
    });
    const instrument = createInstrument({ contract: 'linear' });
    expect(ask({ wanted: target('-1') }, { instrument })).toMatchObject({
      verdict: 'admitted',
      side: 'sell',
      reducing: false,
    });
    // From long to short in one order is no exit.
    expect(ask({ wanted: target('-1') }, { instrument, position: '1' })).toMatchObject({
      quantity: '2',
      reducing: false,
    });
    expect(ask({ wanted: sell('3') }, { instrument, position: '1' })).toMatchObject({
      quantity: '3',
      reducing: false,
    });
  });

  it('breaks a filter where nothing is held yet, and tops up nothing that is too small', () => {
    expect(ask({ wanted: target('0.01') })).toMatchObject({
      state: 'denied',
      code: 'FILTER_NOTIONAL',
    });
    expect(ask({ wanted: target('9001') })).toMatchObject({ code: 'FILTER_LOT_SIZE' });
    expect(ask({ wanted: target('0.000001') })).toMatchObject({ state: 'done', quantity: '0' });
    expect(ask({ wanted: target('1') }, { position: '0.999' })).toMatchObject({
      state: 'done',
      quantity: '0',
      code: null,
    });
  });
});

describe('an execution plan', () => {
  const execution = {
    kind: 'twap',
    durationMs: 60_000,
    slices: 10,
    jitter: 0,
    catchUp: 'spread',
  } as const;

  it('must fit the order: slices that cannot be sent deny it, with the reason', () => {
    expect(ask({ wanted: target('0.5'), execution })).toMatchObject({ verdict: 'admitted' });
    expect(ask({ wanted: target('0.2'), execution })).toMatchObject({
      state: 'denied',
      code: 'FILTER_NOTIONAL',
      reason: '10 slices of 0.2 BTC are too small, the least is 0.05 each: ask for at most 4',
    });
  });

  it('never keeps a position from being closed', () => {
    expect(ask({ wanted: target('0'), execution }, { position: '0.2' })).toMatchObject({
      verdict: 'admitted',
      reducing: true,
    });
  });
});

describe('exits', () => {
  it('sells what is held, floored, and leaves the dust', () => {
    expect(ask({ wanted: target('0') }, { position: '0.0999001' })).toMatchObject({
      verdict: 'admitted',
      side: 'sell',
      quantity: '0.0999',
      reducing: true,
      reserveQuote: '0',
      reservePrice: '0',
    });
  });

  it('tells the dust that cannot be sold', () => {
    expect(ask({ wanted: target('0') }, { position: '0.0000001' })).toMatchObject({
      state: 'denied',
      code: 'NOTHING_TO_SELL',
      reason: '0.0000001 BTC is dust: the least is 0.00001 BTC (step 0.00001) and 5 USDT',
    });
    expect(ask({ wanted: target('0') }, { position: '0.01' })).toMatchObject({
      code: 'NOTHING_TO_SELL',
    });
  });

  it('needs nothing more when an exit under way leaves only dust', () => {
    const openOrders = [open({ side: 'sell', remaining: '0.999995' })];
    expect(ask({ wanted: target('0') }, { position: '1', openOrders })).toMatchObject({
      state: 'done',
      quantity: '0',
    });
  });

  it('never expires and passes a stopping strategy', () => {
    const late = { position: '1', marketTime: T0 + 9_999_999, strategyStatus: 'stopping' };
    expect(ask({ wanted: target('0') }, late)).toMatchObject({
      verdict: 'admitted',
      reducing: true,
    });
  });

  it('cuts a plain sell to what is held and not spoken for', () => {
    const openOrders = [open({ side: 'sell', remaining: '0.3' })];
    // The fee took 0.001 of the 1 that was bought.
    expect(ask({ wanted: sell('1') }, { position: '0.999', openOrders })).toMatchObject({
      quantity: '0.699',
      reducing: true,
    });
    expect(ask({ wanted: sell('1') }, { position: '0.3', openOrders })).toMatchObject({
      state: 'denied',
      code: 'NOTHING_TO_SELL',
    });
    expect(ask({ ...PERSON, wanted: sell('1') })).toMatchObject({
      state: 'denied',
      code: 'NOTHING_TO_SELL',
    });
  });

  it('needs nothing when the target is met', () => {
    expect(ask({ wanted: target('0') })).toMatchObject({
      verdict: 'ended',
      state: 'done',
      quantity: '0',
      code: null,
    });
  });
});

describe('order among signals', () => {
  it('supersedes what is older than the newest of its run, or of another run', () => {
    expect(ask({ sequence: 2 }, { newestSequence: 3 })).toMatchObject({
      state: 'superseded',
      code: 'SIGNAL_SUPERSEDED',
    });
    expect(ask({}, { currentRunId: 'run-2' })).toMatchObject({ state: 'superseded' });
    expect(ask({}, { currentRunId: null })).toMatchObject({ state: 'superseded' });
    expect(ask(PERSON)).toMatchObject({ verdict: 'admitted' });
    // Plain orders stand each for itself.
    expect(
      ask({ wanted: { kind: 'order', side: 'buy', quantity: '1' } }, { newestSequence: 3 }),
    ).toMatchObject({ verdict: 'admitted', supersede: [] });
  });

  it('takes the place of what is not sent, and counts what is', () => {
    const openOrders = [open(), open({ orderId: 'unsent', sent: false, remaining: '5' })];
    expect(ask({ sequence: 3 }, { openOrders })).toMatchObject({
      verdict: 'admitted',
      quantity: '0.6',
      supersede: ['unsent'],
    });
    const met = ask({ sequence: 3, wanted: target('0.4') }, { openOrders });
    expect(met).toMatchObject({ state: 'done', supersede: ['unsent'] });
    const unsentOnly = [open({ orderId: 'unsent', sent: false })];
    expect(ask({ sequence: 2, wanted: target('0') }, { openOrders: unsentOnly })).toMatchObject({
      state: 'done',
      supersede: ['unsent'],
    });
  });

  it('has opposite and overshooting orders cancelled first', () => {
    const blocked = { verdict: 'blocked', cancelFirst: ['older'] };
    // An entry rests and the target is flat again.
    expect(ask({ wanted: target('0') }, { openOrders: [open()] })).toEqual(blocked);
    // It rests for more than is wanted now.
    expect(ask({ wanted: target('0.1') }, { openOrders: [open()] })).toEqual(blocked);
    // An exit rests and more is wanted.
    const selling = { position: '1', openOrders: [open({ side: 'sell' })] };
    expect(ask({ wanted: target('2') }, selling)).toEqual(blocked);
    expect(ask({ wanted: target('1') }, selling)).toEqual(blocked);
    // On the same side nothing is in the way …
    expect(ask({ wanted: target('0') }, selling)).toMatchObject({ quantity: '0.6' });
    // … but a limit order, which may rest for ever, where the position is to be closed at market.
    const takingProfit = {
      position: '1',
      openOrders: [open({ side: 'sell', type: 'limit', remaining: '1' })],
    } as const;
    expect(ask({ wanted: target('0') }, takingProfit)).toEqual(blocked);
    expect(ask({ ...PERSON, wanted: target('0') }, takingProfit)).toEqual(blocked);
    const patient = { type: 'limit', limitPrice: '101', wanted: target('0') } as const;
    expect(ask(patient, takingProfit)).toMatchObject({ state: 'done' });
    // The target is held already: whatever rests can only lead away from it.
    for (const remaining of ['0.4', '0.1', '0.7']) {
      const openOrders = [open(), open({ orderId: 'other', side: 'sell', remaining })];
      expect(ask({ wanted: target('1') }, { position: '1', openOrders })).toEqual({
        verdict: 'blocked',
        cancelFirst: ['older', 'other'],
      });
    }
  });

  it('expires a late entry rather than cancelling for it', () => {
    const late = {
      position: '1',
      openOrders: [open({ side: 'sell' })],
      marketTime: T0 + 60_001,
    };
    expect(ask({ wanted: target('2') }, late)).toMatchObject({ state: 'expired' });
    expect(ask({ wanted: target('1') }, late)).toMatchObject({ verdict: 'blocked' });
  });
});

describe('the stop of a guard', () => {
  const stop = open({
    orderId: 'stop',
    side: 'sell',
    type: 'stop',
    remaining: '1',
    guardStop: true,
  });
  const held = { position: '1', openOrders: [stop] };

  it('is in the way of whatever leaves the position, until its guard stood aside', () => {
    const aside = { verdict: 'blocked', cancelFirst: [], standAside: true };
    expect(ask({ wanted: target('0') }, held)).toEqual(aside);
    expect(ask({ wanted: target('0.5') }, held)).toEqual(aside);
    expect(ask({ wanted: sell('0.2') }, held)).toEqual(aside);
    const unsent = { ...held, openOrders: [{ ...stop, sent: false }] };
    expect(ask({ wanted: target('0') }, unsent)).toEqual(aside);
  });

  it('is asked about together with the orders to cancel', () => {
    const limit = open({ orderId: 'limit', side: 'sell', type: 'limit', remaining: '0.1' });
    expect(ask({ wanted: target('0') }, { position: '1', openOrders: [stop, limit] })).toEqual({
      verdict: 'blocked',
      cancelFirst: ['limit'],
      standAside: true,
    });
  });

  it('is nothing to an entry: it neither counts as open, nor is superseded', () => {
    const openOrders = [{ ...stop, sent: false }];
    expect(ask({ wanted: target('2') }, { position: '1', openOrders })).toMatchObject({
      verdict: 'admitted',
      side: 'buy',
      quantity: '1',
      supersede: [],
    });
  });

  it('is not waited for by a signal that ends anyway', () => {
    const denied = { ...held, instrument: createInstrument({ minNotional: '1000' }) };
    expect(ask({ wanted: target('1') }, held)).toMatchObject({ verdict: 'ended', state: 'done' });
    expect(ask({ wanted: target('2') }, { ...denied, strategyStatus: 'stopped' })).toMatchObject({
      state: 'denied',
    });
  });

  it('is taken away by the orders of its own guard', () => {
    const guard = { source: { kind: 'guard', name: 's' }, runId: 'guard:s' } as const;
    expect(ask({ ...guard, wanted: target('0') }, held)).toEqual({
      verdict: 'blocked',
      cancelFirst: ['stop'],
    });
  });

  it('is for no more than what is held and not spoken for, on derivatives too', () => {
    const guard = { source: { kind: 'guard', name: 's' }, runId: 'guard:s' } as const;
    const linear = createInstrument({
      symbol: 'BTC/USDT:USDT',
      settle: 'USDT',
      contract: 'linear',
    });
    const openOrders = [open({ side: 'sell', type: 'limit', remaining: '0.4' })];
    const asked = { ...guard, type: 'stop', stopPrice: '90', wanted: sell('3') } as const;
    expect(
      ask({ ...asked, symbol: 'BTC/USDT:USDT' }, { position: '1', openOrders, instrument: linear }),
    ).toMatchObject({ verdict: 'admitted', quantity: '0.6', reducing: true });
  });

  it('is for nothing once what it guarded is gone', () => {
    const guard = { source: { kind: 'guard', name: 's' }, runId: 'guard:s' } as const;
    for (const position of ['0', '-1']) {
      expect(
        ask({ ...guard, type: 'stop', stopPrice: '90', wanted: sell('1') }, { position }),
      ).toMatchObject({ verdict: 'ended', state: 'denied', code: 'NOTHING_TO_SELL' });
    }
  });
});
