/** Fake order activities for workflow tests: each answers at once, in the words a test gives it. */
import { ApplicationFailure } from '@temporalio/common';
import type { OrderActivities, OrderFacts, SettleStep } from '../../activities/order-activities.ts';
import type { LegView } from '../../core/order.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { signalId, type Signal } from '../../core/signal.ts';
import { createInstrument } from './market.ts';

let sequence = 0;

export function testSignal(change: Partial<Signal> = {}): Signal {
  sequence += 1;
  const key = {
    runId: `run-${String(Date.now())}`,
    symbol: 'BTC/USDT',
    eventTime: 1_700_000_000_000,
    sequence,
  };
  return {
    ...key,
    id: signalId(key),
    strategyId: 'sma-1',
    strategyType: 'sma-cross',
    source: { kind: 'strategy', name: 'sma-1' },
    accountId: 'test',
    exchange: 'binance',
    validUntil: key.eventTime + 60_000,
    wanted: { kind: 'target', quantity: '0.01' },
    type: 'market',
    referencePrice: '60000',
    tag: 'golden-cross',
    ...change,
  };
}

export function facts(change: Partial<OrderFacts> = {}): OrderFacts {
  return {
    status: 'admitted',
    state: 'admitted',
    side: 'buy',
    type: 'market',
    quantity: '0.01',
    price: null,
    filledQuantity: '0',
    averagePrice: null,
    reasonCode: null,
    reason: null,
    ...change,
  };
}

export function legView(change: Partial<LegView> = {}): LegView {
  return {
    clientOrderId: 'keel-1',
    legNumber: 1,
    accountId: 'main',
    exchange: 'binance',
    venueOrderId: '77',
    state: 'open',
    quantity: '0.01',
    price: null,
    filledQuantity: '0',
    filledQuote: '0',
    errorCode: null,
    errorMessage: null,
    ...change,
  };
}

export const FILLED = legView({ state: 'filled', filledQuantity: '0.01', filledQuote: '600' });
export const CANCELLED = legView({ state: 'cancelled' });

export function failure(code: ErrorCode, nonRetryable: boolean): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message: `fake ${code}`, nonRetryable });
}

type Decided = Extract<Awaited<ReturnType<OrderActivities['decide']>>, { terms: unknown }>;

export const ADMITTED: Decided = {
  verdict: 'admitted',
  order: facts(),
  terms: {
    instrument: createInstrument({ maxPrice: '1000000' }),
    reducing: false,
  },
  wait: null,
  superseded: [],
};

/** Over the limit: it waits for a person for 15 minutes. */
export const AWAITING: Decided = {
  ...ADMITTED,
  verdict: 'awaiting',
  order: facts({ state: 'awaiting_approval', status: 'awaiting_approval' }),
  wait: { notional: '600', limit: '500', expiresInMs: 900_000 },
};

export interface FakeSteps {
  readonly activities: OrderActivities;
  /** Names of the steps in the order in which they were called. */
  readonly calls: string[];
  readonly settled: SettleStep[];
  readonly versions: number[];
}

/** Steps of an order that is filled at once; a test replaces those it is about. */
export function fakeSteps(change: Partial<OrderActivities> = {}): FakeSteps {
  const calls: string[] = [];
  const settled: SettleStep[] = [];
  const versions: number[] = [];
  const base: OrderActivities = {
    admit: () => Promise.resolve({ verdict: 'admitted', order: facts() }),
    checkRisk: () => Promise.resolve({ approved: true, order: facts() }),
    decide: () => Promise.resolve(ADMITTED),
    recordApproval: ({ decision }) =>
      Promise.resolve(
        decision.verdict === 'approved'
          ? {
              approved: true,
              order: facts({
                approval: { verdict: 'approved', by: decision.by, note: decision.note, at: 1 },
              }),
            }
          : {
              approved: false,
              order: facts({ state: 'denied', status: 'denied', reasonCode: 'APPROVAL_REJECTED' }),
            },
      ),
    routeOrder: () => Promise.reject(failure('INTERNAL', true)),
    repriceLeg: () => Promise.reject(failure('INTERNAL', true)),
    placeOrder: () =>
      Promise.resolve({
        leg: FILLED,
        finished: true,
        order: facts({ state: 'working', status: 'filled' }),
      }),
    resolveOrder: () =>
      Promise.resolve({
        leg: FILLED,
        finished: true,
        order: facts({ state: 'working', status: 'filled' }),
      }),
    escalateUnknown: () => Promise.resolve(),
    trackOrder: () => Promise.resolve({ kind: 'changed', leg: FILLED, finished: true }),
    cancelOrder: () => Promise.resolve({ leg: CANCELLED, finished: true }),
    publishOrder: () => Promise.resolve(facts({ state: 'working', status: 'open' })),
    settleOrder: (step) => {
      const { state, reasonCode, reason } = step.final;
      return Promise.resolve({
        settled: true,
        order: facts({
          state,
          status: state === 'done' ? 'filled' : state,
          reasonCode: reasonCode ?? null,
          reason: reason ?? null,
        }),
      });
    },
  };
  const all = { ...base, ...change };
  const recorded = Object.entries(all).map(([name, step]) => [
    name,
    async (input: { readonly version?: number }): Promise<unknown> => {
      calls.push(name);
      if (input.version !== undefined) versions.push(input.version);
      if (name === 'settleOrder') settled.push(input as SettleStep);
      return (step as (input: unknown) => Promise<unknown>)(input);
    },
  ]);
  return { activities: Object.fromEntries(recorded) as OrderActivities, calls, settled, versions };
}
