/** The verdict on doctored facts: whatever breaks the promise must be told. */
import { describe, expect, it } from '@jest/globals';
import {
  ORDER,
  VENUE_ORDER,
  FILL,
  ACCOUNT,
  GUARD,
  STOP_AT_VENUE,
  HALT,
  FACTS,
  GUARDED,
  withPerpetual,
  withPosition,
  withDecision,
  withAmend,
  withGuard,
  withStopAtVenue,
  withSends,
  withVenue,
  withOurs,
  withOrder,
  withLeg,
} from './doctored-facts.ts';
import { judge, type ChaosFacts } from './verdict.ts';

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
