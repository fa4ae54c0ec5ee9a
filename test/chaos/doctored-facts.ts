/** Facts of a run that kept the promise, and the same with something changed: for tests of the verdict. */
import type { OrderView } from '../../core/order.ts';
import { createOrderView, createSignal } from '../factories/market.ts';
import type { AccountFacts, ChaosFacts } from './verdict.ts';
import type { GuardSeen, HaltFacts } from './verdict-guards.ts';

export const ORDER = createOrderView({
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
export const VENUE_ORDER = {
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
export const FILL = {
  venueTradeId: '1',
  price: '95000',
  quantity: '0.01',
  feeAmount: '0.00001',
  feeAsset: 'BTC',
};
export const ACCOUNT: AccountFacts = {
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
export const GUARD: GuardSeen = {
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
export const STOP_AT_VENUE = {
  orderId: 9,
  clientOrderId: 'keelstop101',
  status: 'NEW',
  executedQty: '0',
  cummulativeQuoteQty: '0',
};
export const HALT: HaltFacts = {
  symbol: 'BTC/USDT',
  sendsOnceSet: { keelo101: 1 },
  sendsBeforeLift: [
    { clientOrderId: 'keelo101', sends: 1, reducing: false, sourceKind: 'strategy' },
    { clientOrderId: 'keelo201', sends: 0, reducing: false, sourceKind: 'strategy' },
    { clientOrderId: 'keelstop101', sends: 1, reducing: true, sourceKind: 'guard' },
  ],
};
export const FACTS: ChaosFacts = {
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

export const GUARDED: ChaosFacts = {
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
export const withPerpetual = (change: Partial<AccountFacts> = {}): ChaosFacts => ({
  ...FACTS,
  accounts: [ACCOUNT, { ...PERPETUAL, ...change }],
});
export const withPosition = (change: Partial<AccountFacts['positions'][number]>): ChaosFacts =>
  withPerpetual({ positions: PERPETUAL.positions.map((one) => ({ ...one, ...change })) });
/** As of a kind that a person must approve. */
export const withDecision = (verdict: 'approved' | 'rejected' | undefined): ChaosFacts => ({
  ...withOrder(
    verdict === undefined
      ? {}
      : { approval: { verdict, by: 'rita', note: null, at: ORDER.createdAt } },
  ),
  signals: [{ id: 'o1', kind: 'order over the limit' }],
});
const REPLACEMENT: OrderView = { ...ORDER, orderId: 'o2', quantity: '0.02', legs: [] };
export const withAmend = (change: Partial<OrderView>): ChaosFacts => ({
  ...withOurs({ orders: [ORDER, { ...REPLACEMENT, filledQuantity: '0', ...change }] }),
  amends: [{ orderId: 'o1', newOrderId: 'o2', quantity: '0.03' }],
});
export const withGuard = (change: Partial<GuardSeen>): ChaosFacts => ({
  ...GUARDED,
  guards: { ...GUARDED.guards, guards: [{ ...GUARD, ...change }] },
});
export const withStopAtVenue = (stop: readonly (typeof STOP_AT_VENUE)[]): ChaosFacts => ({
  ...GUARDED,
  accounts: GUARDED.accounts.map((account) => ({
    ...account,
    venue: { ...account.venue, orders: [VENUE_ORDER, ...stop] },
  })),
});
export const withSends = (change: Partial<HaltFacts['sendsBeforeLift'][number]>): ChaosFacts => ({
  ...FACTS,
  halts: [{ ...HALT, sendsBeforeLift: HALT.sendsBeforeLift.map((leg) => ({ ...leg, ...change })) }],
});
export const withVenue = (venue: Partial<AccountFacts['venue']>): ChaosFacts => ({
  ...FACTS,
  accounts: [{ ...ACCOUNT, venue: { ...ACCOUNT.venue, ...venue } }],
});
export const withOurs = (ours: Partial<AccountFacts['ours']>): ChaosFacts => ({
  ...FACTS,
  accounts: [{ ...ACCOUNT, ours: { ...ACCOUNT.ours, ...ours } }],
});
export const withOrder = (change: Partial<OrderView>): ChaosFacts =>
  withOurs({ orders: [{ ...ORDER, ...change }] });
export const withLeg = (change: Partial<OrderView['legs'][number]>): ChaosFacts =>
  withOrder({ legs: ORDER.legs.map((leg) => ({ ...leg, ...change })) });
