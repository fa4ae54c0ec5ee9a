/** The verdict on doctored facts: whatever breaks the promise must be told. */
import { describe, expect, it } from '@jest/globals';
import type { OrderView } from '../../core/order.ts';
import { createOrderView, createSignal } from '../factories/market.ts';
import { judge, type AccountFacts, type ChaosFacts } from './verdict.ts';
import type { GuardSeen, HaltFacts } from './verdict-guards.ts';

const ORDER = createOrderView({
  orderId: 'o1',
  state: 'done',
  status: 'filled',
  quantity: '0.01',
  filledQuantity: '0.01',
  legs: [
    {
      clientOrderId: 'keelo101',
      legNumber: 1,
      accountId: 'binance-sandbox',
      exchange: 'binance',
      venueOrderId: '7',
      state: 'filled',
      quantity: '0.01',
      price: null,
      filledQuantity: '0.01',
      filledQuote: '950',
      errorCode: null,
      errorMessage: null,
    },
  ],
});
const VENUE_ORDER = {
  orderId: 7,
  clientOrderId: 'keelo101',
  status: 'FILLED',
  executedQty: '0.01',
  cummulativeQuoteQty: '950',
};
const TRADE = {
  orderId: 7,
  id: '1',
  price: '95000',
  qty: '0.01',
  commission: '0.00001',
  commissionAsset: 'BTC',
};
const FILL = {
  venueTradeId: '1',
  price: '95000',
  quantity: '0.01',
  feeAmount: '0.00001',
  feeAsset: 'BTC',
};
const ACCOUNT: AccountFacts = {
  accountId: 'binance-sandbox',
  venue: {
    orders: [VENUE_ORDER],
    trades: [TRADE],
    balances: [
      { asset: 'BTC', free: '1.00999', locked: '0' },
      { asset: 'USDT', free: '9050', locked: '0' },
    ],
    positions: [],
  },
  ours: {
    orders: [ORDER],
    fills: [FILL],
    balances: [
      { asset: 'BTC', total: '1.00999' },
      { asset: 'USDT', total: '9050' },
    ],
  },
  opening: { BTC: '1', USDT: '10000' },
  reserved: { BTC: '0', USDT: '0' },
  positions: [
    {
      ...{ strategyId: 's1', symbol: 'BTC/USDT', quantity: '0.00999' },
      ...{ cost: '950', realisedPnl: '0' },
    },
  ],
};
/** Its stop, for what is held, rests at the venue. */
const GUARD: GuardSeen = {
  strategyId: 's1',
  symbol: 'BTC/USDT',
  state: 'armed',
  ending: null,
  held: '0.00999',
  order: {
    kind: 'stop',
    signal: createSignal({
      id: 'stop1',
      wanted: { kind: 'order', side: 'sell', quantity: '0.00999' },
    }),
    withdrawn: false,
  },
};
const STOP_ORDER = createOrderView({
  orderId: 'stop1',
  state: 'working',
  status: 'open',
  quantity: '0.00999',
  legs: ORDER.legs.map((leg) => ({
    ...leg,
    clientOrderId: 'keelstop101',
    venueOrderId: '9',
    state: 'open',
    quantity: '0.00999',
    filledQuantity: '0',
    filledQuote: '0',
  })),
});
const STOP_AT_VENUE = {
  orderId: 9,
  clientOrderId: 'keelstop101',
  status: 'NEW',
  executedQty: '0',
  cummulativeQuoteQty: '0',
};
const HALT: HaltFacts = {
  symbol: 'BTC/USDT',
  sendsOnceSet: { keelo101: 1 },
  sendsBeforeLift: [
    { clientOrderId: 'keelo101', sends: 1, reducing: false, sourceKind: 'strategy' },
    { clientOrderId: 'keelo201', sends: 0, reducing: false, sourceKind: 'strategy' },
    { clientOrderId: 'keelstop101', sends: 1, reducing: true, sourceKind: 'guard' },
  ],
};
const FACTS: ChaosFacts = {
  signals: [{ id: 'o1', kind: 'market' }],
  amends: [],
  accounts: [ACCOUNT],
  guards: { guards: [], unguarded: [], stated: [] },
  halts: [],
  workflows: [{ id: 'o1', type: 'orderWorkflow', status: 'COMPLETED', taskFailures: [] }],
  consumers: [{ group: 'dispatcher', topic: 'signals.chaos.buy', behind: 0 }],
  unpublished: [],
  deadLetters: { 'system.dead-letter.dispatcher': 0 },
};

const GUARDED: ChaosFacts = {
  ...FACTS,
  accounts: [
    {
      ...ACCOUNT,
      venue: { ...ACCOUNT.venue, orders: [VENUE_ORDER, STOP_AT_VENUE] },
      ours: { ...ACCOUNT.ours, orders: [ORDER, STOP_ORDER] },
      reserved: { BTC: '0.00999', USDT: '0' },
    },
  ],
  guards: {
    guards: [GUARD],
    unguarded: [],
    stated: [{ strategyId: 's1', symbol: 'BTC/USDT', held: '0.00999' }],
  },
  workflows: [
    ...FACTS.workflows,
    { id: 'stop1', type: 'orderWorkflow', status: 'RUNNING', taskFailures: [] },
    { id: 'guard:s1:BTC/USDT', type: 'guardWorkflow', status: 'RUNNING', taskFailures: [] },
  ],
};
/** Long 0.01 of a contract at leverage 5, after something was realised and a fee paid. */
const PERPETUAL: AccountFacts = {
  ...ACCOUNT,
  accountId: 'usdm-sandbox',
  venue: {
    ...{ orders: [], trades: [] },
    balances: [{ asset: 'USDT', free: '10004.5', locked: '0' }],
    positions: [{ symbol: 'BTC/USDT:USDT', quantity: '0.01', cost: '950' }],
  },
  ours: { orders: [], fills: [], balances: [{ asset: 'USDT', total: '10004.5' }] },
  opening: { USDT: '10000' },
  reserved: { USDT: '190' },
  positions: [
    {
      ...{ strategyId: 'p1', symbol: 'BTC/USDT:USDT', quantity: '0.01' },
      ...{ cost: '950', realisedPnl: '4.5' },
    },
  ],
};
const withPerpetual = (change: Partial<AccountFacts> = {}): ChaosFacts => ({
  ...FACTS,
  accounts: [ACCOUNT, { ...PERPETUAL, ...change }],
});
const withPosition = (change: Partial<AccountFacts['positions'][number]>): ChaosFacts =>
  withPerpetual({ positions: PERPETUAL.positions.map((one) => ({ ...one, ...change })) });
/** As of a kind that a person must approve. */
const withDecision = (verdict: 'approved' | 'rejected' | undefined): ChaosFacts => ({
  ...withOrder(
    verdict === undefined
      ? {}
      : { approval: { verdict, by: 'rita', note: null, at: ORDER.createdAt } },
  ),
  signals: [{ id: 'o1', kind: 'order over the limit' }],
});
const REPLACEMENT: OrderView = { ...ORDER, orderId: 'o2', quantity: '0.02', legs: [] };
const withAmend = (change: Partial<OrderView>): ChaosFacts => ({
  ...withOurs({ orders: [ORDER, { ...REPLACEMENT, filledQuantity: '0', ...change }] }),
  amends: [{ orderId: 'o1', newOrderId: 'o2', quantity: '0.03' }],
});
const withGuard = (change: Partial<GuardSeen>): ChaosFacts => ({
  ...GUARDED,
  guards: { ...GUARDED.guards, guards: [{ ...GUARD, ...change }] },
});
const withStopAtVenue = (stop: readonly (typeof STOP_AT_VENUE)[]): ChaosFacts => ({
  ...GUARDED,
  accounts: GUARDED.accounts.map((account) => ({
    ...account,
    venue: { ...account.venue, orders: [VENUE_ORDER, ...stop] },
  })),
});
const withSends = (change: Partial<HaltFacts['sendsBeforeLift'][number]>): ChaosFacts => ({
  ...FACTS,
  halts: [{ ...HALT, sendsBeforeLift: HALT.sendsBeforeLift.map((leg) => ({ ...leg, ...change })) }],
});
const withVenue = (venue: Partial<AccountFacts['venue']>): ChaosFacts => ({
  ...FACTS,
  accounts: [{ ...ACCOUNT, venue: { ...ACCOUNT.venue, ...venue } }],
});
const withOurs = (ours: Partial<AccountFacts['ours']>): ChaosFacts => ({
  ...FACTS,
  accounts: [{ ...ACCOUNT, ours: { ...ACCOUNT.ours, ...ours } }],
});
const withOrder = (change: Partial<OrderView>): ChaosFacts =>
  withOurs({ orders: [{ ...ORDER, ...change }] });
const withLeg = (change: Partial<OrderView['legs'][number]>): ChaosFacts =>
  withOrder({ legs: ORDER.legs.map((leg) => ({ ...leg, ...change })) });

describe('judge', () => {
  it('finds nothing wrong with books that agree', () => {
    expect(judge(FACTS)).toEqual([]);
  });

  it('lets the stops of guards stand', () => {
    expect(judge(GUARDED)).toEqual([]);
  });

  it('lets a guard through a halt, and what had been sent before', () => {
    expect(judge({ ...FACTS, halts: [HALT] })).toEqual([]);
  });

  it('finds nothing wrong with a contract, an approval or an amend that agree', () => {
    expect(judge(withPerpetual())).toEqual([]);
    expect(judge(withDecision('approved'))).toEqual([]);
    expect(judge(withAmend({}))).toEqual([]);
  });

  it('counts an order that is split among accounts as one, each leg in the books of its venue', () => {
    const there = { ...ACCOUNT, accountId: 'okx-sandbox' };
    const order = { ...ORDER, filledQuantity: '0.02', approval: undefined };
    const accounts = [ACCOUNT, there].map((account) => ({
      ...account,
      ours: { ...account.ours, orders: [order] },
    }));
    expect(judge({ ...FACTS, accounts })).toEqual([]);
  });

  it.each<[string, ChaosFacts, RegExp]>([
    [
      "a contract's position that is not the venue's",
      withPosition({ quantity: '0.02' }),
      /BTC\/USDT:USDT: the venue has 0\.01 for 950, the strategy 0\.02 for 950/,
    ],
    [
      'a contract held at another cost',
      withPosition({ cost: '951' }),
      /the venue has 0\.01 for 950, the strategy 0\.01 for 951/,
    ],
    [
      'a contract that nobody owns',
      withPerpetual({ positions: [] }),
      /the venue has 0\.01 for 950, the strategy 0 for 0/,
    ],
    [
      'funding that was not booked to the position',
      withPosition({ realisedPnl: '4.6' }),
      /USDT: contracts realised 4\.6, the account gained 4\.5/,
    ],
    [
      'margin that is not held',
      withPerpetual({ reserved: { USDT: '0' } }),
      /0 USDT are held back, margin and resting stops hold 190/,
    ],
    [
      'an order over the limit that nobody approved',
      withDecision(undefined),
      /order o1 is over the limit and was sent, though nobody approved it/,
    ],
    [
      'an order that was sent though it was rejected',
      withDecision('rejected'),
      /order o1 is over .*\norder o1 was rejected and is filled/,
    ],
    [
      'an amend that left nothing',
      { ...withAmend({}), amends: [{ orderId: 'o1', newOrderId: 'o9', quantity: '1' }] },
      /the amend of order o1 left no order o9/,
    ],
    [
      'an amend that placed more than the remainder',
      withAmend({ quantity: '0.03', legs: ORDER.legs }),
      /the amend of order o1 to 0\.03: 0\.01 were filled, and 0\.03 placed anew/,
    ],
    [
      'an amend that filled more than was asked for',
      withAmend({ filledQuantity: '0.03' }),
      /the amend of order o1 to 0\.03: 0\.01 and 0\.03 were filled/,
    ],
    [
      'a guard without a position',
      withGuard({ held: '0' }),
      /guard of s1 in BTC\/USDT is armed and nothing is held/,
    ],
    [
      'what the books call unguarded',
      { ...GUARDED, guards: { ...GUARDED.guards, unguarded: ['0.1 is held and its guard ended'] } },
      /0\.1 is held and its guard ended/,
    ],
    [
      'a position that never had its guard',
      { ...GUARDED, guards: { ...GUARDED.guards, guards: [] } },
      /s1 holds 0\.00999 of BTC\/USDT, its entry stated stops, and it never had a guard/,
    ],
    [
      'a guard without a stop',
      withGuard({ state: 'arming', order: null }),
      /is arming and has no stop for the 0\.00999/,
    ],
    [
      'a stop that is being taken away',
      withGuard({ order: { ...GUARD.order!, withdrawn: true } }),
      /has no stop for the 0\.00999/,
    ],
    [
      'a stop for less than is held',
      withGuard({ held: '0.01' }),
      /has a stop for 0\.00999 and 0\.01 is held/,
    ],
    [
      'a stop for more than is held',
      withGuard({ held: '0.00998' }),
      /has a stop for 0\.00999 and 0\.00998 is held/,
    ],
    [
      'a stop that is gone from the venue',
      withStopAtVenue([{ ...STOP_AT_VENUE, status: 'CANCELED' }]),
      /is armed and its stop is CANCELED at the venue/,
    ],
    [
      'a stop whose asset is free',
      {
        ...GUARDED,
        accounts: GUARDED.accounts.map((account) => ({ ...account, reserved: { BTC: '0' } })),
      },
      /0 BTC are held back, margin and resting stops hold 0\.00999/,
    ],
    ['a stop that the venue never had', withStopAtVenue([]), /its stop is unknown at the venue/],
    [
      'a guard whose workflow is not on',
      { ...GUARDED, workflows: GUARDED.workflows.filter(({ type }) => type !== 'guardWorkflow') },
      /guard:s1:BTC\/USDT is live and its workflow is not on/,
    ],
    [
      'a guard that ended and goes on',
      withGuard({ state: 'ended', ending: 'flat', order: null }),
      /guard:s1:BTC\/USDT has ended and its workflow is still on/,
    ],
    [
      'a stop that outlives its guard',
      withGuard({ state: 'ended', ending: 'flat', order: null }),
      /order stop1 is not final/,
    ],
    [
      'an order sent through a halt',
      withSends({ sends: 2 }),
      /leg keelo101 was sent while BTC\/USDT was halted\nleg keelo201 was sent/,
    ],
    [
      "a guard's order that opens, sent through a halt",
      withSends({ sourceKind: 'guard', sends: 2 }),
      /leg keelo101 was sent while BTC\/USDT was halted/,
    ],
    [
      "a strategy's exit sent through a halt",
      withSends({ reducing: true, sourceKind: 'strategy', sends: 2 }),
      /leg keelo101 was sent while BTC\/USDT was halted/,
    ],
    [
      'an order sent twice',
      withVenue({ orders: [VENUE_ORDER, { ...VENUE_ORDER, orderId: 8 }] }),
      /two orders with the client id keelo101/,
    ],
    [
      'a venue order of no leg',
      withVenue({
        orders: [VENUE_ORDER, { ...VENUE_ORDER, orderId: 8, clientOrderId: 'keelx01' }],
      }),
      /keelx01 that no leg of ours explains/,
    ],
    ['a leg whose venue order is gone', withVenue({ orders: [] }), /filled here and unknown/],
    [
      'a venue order that lives on',
      withVenue({ orders: [{ ...VENUE_ORDER, status: 'PARTIALLY_FILLED' }] }),
      /still live at the venue/,
    ],
    ['a leg given up though it was sent', withLeg({ venueOrderId: null }), /names no order at the/],
    [
      'a leg that counts otherwise',
      withLeg({ filledQuote: '951' }),
      /the venue filled 0\.01 for 950/,
    ],
    ['a lost fill', withOurs({ fills: [] }), /trade 1 is not booked/],
    [
      'a fill of nothing',
      withOurs({ fills: [FILL, { ...FILL, venueTradeId: '2' }] }),
      /fill 2 that the venue does not know/,
    ],
    ['a wrong fee', withOurs({ fills: [{ ...FILL, feeAmount: '0' }] }), /trade 1: the venue says/],
    [
      'a balance off in the last digit',
      withVenue({ balances: [{ asset: 'BTC', free: '1.00998999', locked: '0' }] }),
      /BTC: the venue holds 1\.00998999, the ledger says 1\.00999/,
    ],
    [
      'a position nobody paid for',
      {
        ...FACTS,
        accounts: [
          {
            ...ACCOUNT,
            positions: ACCOUNT.positions.map((position) => ({ ...position, quantity: '0.02' })),
          },
        ],
      },
      /the strategies hold 0\.02 BTC, the account gained 0\.00999/,
    ],
    [
      'funds held back for ever',
      { ...FACTS, accounts: [{ ...ACCOUNT, reserved: { USDT: '950' } }] },
      /950 USDT are held back/,
    ],
    ['a lost signal', withOurs({ orders: [] }), /signal o1 \(market\) has no order/],
    [
      'an order without end',
      withOrder({ state: 'working' }),
      /signal o1 \(market\) has come to no/,
    ],
    [
      'a stuck workflow',
      { ...FACTS, workflows: [{ ...FACTS.workflows[0]!, status: 'RUNNING' }] },
      /workflow o1 \(orderWorkflow\) is RUNNING/,
    ],
    [
      'a workflow that does not replay',
      { ...FACTS, workflows: [{ ...FACTS.workflows[0]!, taskFailures: ['TMPRL1100'] }] },
      /failed a task: TMPRL1100/,
    ],
    [
      'a consumer that ended',
      { ...FACTS, consumers: [{ group: 'manager', topic: 'orders.filled.binance', behind: 2 }] },
      /manager is 2 message\(s\) behind the end of orders\.filled\.binance/,
    ],
    ['an outbox that is not empty', { ...FACTS, unpublished: ['o2'] }, /o2 is in the outbox/],
    [
      'a message set aside',
      { ...FACTS, deadLetters: { 'system.dead-letter.manager': 1 } },
      /1 message\(s\) were set aside/,
    ],
  ])('tells of %s', (_, facts, sentence) => {
    expect(judge(facts).join('\n')).toMatch(sentence);
  });
});
