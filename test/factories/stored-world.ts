/**
 * What storage tests stand on: an account, running strategies, signals and fills, each with sensible values
 * and overrides. Times are market time around `T0`.
 */
import type { Fill } from '../../core/fill.ts';
import type { LegState, OrderView } from '../../core/order.ts';
import { signalId, type Signal } from '../../core/signal.ts';
import type { AdmitInput, Leg, LegUpdate } from '../../adapters/order-repository.ts';
import type { NewStrategy } from '../../adapters/strategy-repository.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import type { VenueOrder } from '../../adapters/trade-adapter.ts';
import { type TestDatabase, testDatabase } from '../database.ts';
import { createInstrument } from './market.ts';

export const T0 = Date.UTC(2026, 0, 5, 12);
export const ACCOUNT = 'binance-sandbox';
export const SYMBOL = 'BTC/USDT';

/** A database with the account in it. */
export interface StoredWorld extends TestDatabase {
  readonly repositories: Repositories;
  /** Stores the next running strategy of its own, and gives its id. */
  strategy(): Promise<string>;
}

export async function openStoredWorld(options: {
  readonly poolSize: number;
  /** Opening balances; default as `storeAccount`. */
  readonly opening?: Readonly<Record<string, string>>;
}): Promise<StoredWorld> {
  const database = await testDatabase({ poolSize: options.poolSize });
  const repositories = createRepositories(database.db);
  await storeAccount(repositories, options.opening);
  let count = 0;
  return {
    ...database,
    repositories,
    async strategy() {
      count += 1;
      const id = `s${String(count)}`;
      await storeRunningStrategy(repositories, id);
      return id;
    },
  };
}

export async function storeAccount(
  repositories: Repositories,
  opening: Readonly<Record<string, string>> = { USDT: '10000', BTC: '1' },
): Promise<void> {
  await repositories.accounts.ensure(
    { id: ACCOUNT, exchange: 'binance', mode: 'sandbox', feeIn: 'received' },
    opening,
  );
}

/** A strategy under run `<id>-run-1`, running. */
export async function storeRunningStrategy(
  repositories: Repositories,
  id: string,
  quota: Partial<NewStrategy['quota']> = {},
  at: Pick<NewStrategy, 'accountId' | 'exchange'> = { accountId: ACCOUNT, exchange: 'binance' },
): Promise<void> {
  await repositories.strategies.create({
    id,
    name: id,
    type: 'sma-cross',
    ...at,
    config: {},
    quota: {
      allocation: '5000',
      maxPosition: null,
      maxOrderNotional: null,
      maxOrdersPerDay: null,
      approvalNotional: null,
      ...quota,
    },
    createdBy: 'test',
  });
  await repositories.strategies.beginRun(id, `${id}-run-1`);
}

export function createSignal(overrides: Partial<Signal> & Pick<Signal, 'strategyId'>): Signal {
  const signal = {
    strategyType: 'sma-cross',
    runId: `${overrides.strategyId}-run-1`,
    source: { kind: 'strategy' as const, name: overrides.strategyId },
    accountId: ACCOUNT,
    exchange: 'binance',
    symbol: SYMBOL,
    sequence: 1,
    eventTime: T0,
    validUntil: T0 + 60_000,
    wanted: { kind: 'target' as const, quantity: '0.01' },
    type: 'market' as const,
    referencePrice: '50000',
    tag: 'test',
    ...overrides,
  };
  return { id: signalId(signal), ...signal };
}

/** A person's order in a run of its own. */
export function createPersonSignal(
  strategyId: string,
  wanted: Signal['wanted'],
  overrides: Partial<Signal> = {},
): Signal {
  return createSignal({
    strategyId,
    runId: `person:${String(Math.random())}`,
    source: { kind: 'person', name: 'ada' },
    wanted,
    ...overrides,
  });
}

export function admitInput(signal: Signal, overrides: Partial<AdmitInput> = {}): AdmitInput {
  return {
    signal,
    workflowRunId: `wf-${signal.id}`,
    instrument: createInstrument(),
    marketTime: signal.eventTime,
    ...overrides,
  };
}

/** Admits a signal that must be admitted. */
export async function admitted(repositories: Repositories, signal: Signal): Promise<OrderView> {
  const admission = await repositories.orders.admit(admitInput(signal));
  if (admission.verdict !== 'admitted') {
    throw new Error(`expected admitted, got ${JSON.stringify(admission)}`);
  }
  return admission.order;
}

/** Admits a signal and prepares its leg; nothing is claimed. */
export async function prepared(repositories: Repositories, signal: Signal): Promise<Leg> {
  const order = await admitted(repositories, signal);
  return repositories.orders.prepareLeg({
    orderId: order.orderId,
    legNumber: 1,
    quantity: order.quantity,
    type: order.type,
    price: order.price,
  });
}

/** Admits, prepares and claims; the leg rests at the venue. */
export async function resting(repositories: Repositories, signal: Signal): Promise<Leg> {
  const leg = await prepared(repositories, signal);
  await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, signal.eventTime);
  await repositories.orders.recordLeg({
    clientOrderId: leg.clientOrderId,
    venueOrder: createVenueOrder(leg, 'open'),
    fills: [],
    seenBy: 'placeOrder',
  });
  return repositories.orders.getLeg(leg.clientOrderId);
}

export function createVenueOrder(
  leg: Leg,
  state: LegState,
  fills: readonly Fill[] = [],
): VenueOrder {
  const quantity = fills.reduce((sum, fill) => sum + Number(fill.quantity) * 1e8, 0) / 1e8;
  const quote = fills.reduce((sum, fill) => sum + Number(fill.quantity) * Number(fill.price), 0);
  return {
    clientOrderId: leg.clientOrderId,
    venueOrderId: `v-${leg.clientOrderId}`,
    symbol: leg.symbol,
    side: leg.side,
    type: leg.type,
    price: leg.price,
    stopPrice: null,
    quantity: leg.quantity,
    filledQuantity: quantity.toFixed(8),
    filledQuote: quote.toFixed(8),
    state,
    rawStatus: state.toUpperCase(),
    updatedAt: T0,
  };
}

let trades = 0;

export function createFill(leg: Leg, overrides: Partial<Fill> = {}): Fill {
  trades += 1;
  return {
    exchange: leg.exchange,
    symbol: leg.symbol,
    venueTradeId: String(1_000_000 + trades),
    venueOrderId: `v-${leg.clientOrderId}`,
    clientOrderId: leg.clientOrderId,
    side: leg.side,
    price: '50000',
    quantity: leg.quantity,
    feeAmount: '0',
    feeAsset: 'USDT',
    liquidity: 'taker',
    executedAt: T0 + trades,
    ...overrides,
  };
}

/** What a look at the venue would tell: state and fills. */
export function seen(
  leg: Leg,
  state: LegState,
  fills: readonly Fill[],
  seenBy = 'trackOrder',
): LegUpdate {
  return {
    clientOrderId: leg.clientOrderId,
    venueOrder: createVenueOrder(leg, state, fills),
    fills,
    seenBy,
  };
}

/** Admits and fills a signal whole at its reference price, and settles it. */
export async function filled(
  repositories: Repositories,
  signal: Signal,
  fill: Partial<Fill> = {},
): Promise<OrderView> {
  const leg = await resting(repositories, signal);
  await repositories.orders.recordLeg(seen(leg, 'filled', [createFill(leg, fill)]));
  return repositories.orders.settle(signal.id, { state: 'done' });
}
