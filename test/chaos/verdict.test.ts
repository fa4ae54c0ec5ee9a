/** The verdict on doctored facts: whatever breaks the promise must be told. */
import { describe, expect, it } from '@jest/globals';
import type { OrderView } from '../../core/order.ts';
import { createOrderView } from '../factories/market.ts';
import { judge, type AccountFacts, type ChaosFacts } from './verdict.ts';

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
  positions: [{ strategyId: 's1', symbol: 'BTC/USDT', quantity: '0.00999' }],
};
const FACTS: ChaosFacts = {
  signals: [{ id: 'o1', kind: 'market' }],
  accounts: [ACCOUNT],
  workflows: [{ id: 'o1', type: 'orderWorkflow', status: 'COMPLETED', taskFailures: [] }],
  consumers: [{ group: 'dispatcher', topic: 'signals.chaos.buy', behind: 0 }],
  unpublished: [],
  deadLetters: { 'system.dead-letter.dispatcher': 0 },
};

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

  it.each<[string, ChaosFacts, RegExp]>([
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
          { ...ACCOUNT, positions: [{ strategyId: 's1', symbol: 'BTC/USDT', quantity: '0.02' }] },
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
