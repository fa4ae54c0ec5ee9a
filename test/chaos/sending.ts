/**
 * Who trades in a chaos run: strategies that publish signals, and persons who cancel, decide and amend. The world
 * they ask dies and comes back; each asks again until it is done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { replacementId } from '../../activities/amend-steps.ts';
import { ensureSignalTopics, publishSignal } from '../../activities/publish-signals.ts';
import { KeelError } from '../../core/errors.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { actionOf, signalId, type Signal } from '../../core/signal.ts';
import { isContract } from '../../core/symbol.ts';
import { seededRandom } from '../../simulator/seeded-random.ts';
import type { ChaosHouse } from './chaos-house.ts';
import { EXIT, LOT_STEP, priceAt } from './order-kinds.ts';
import { type PlannedSignal, marketNameOf } from './plan.ts';
import { APPROVAL_NOTIONAL, CHAOS_MARKETS, CONTRACT_MARKETS, SPOT_MARKETS } from './venues.ts';
import type { AmendFacts } from './verdict-people.ts';

const STRATEGY_TYPE = 'chaos';
const FAR_MS = 7 * 86_400_000;
const RETRY_MS = 250;
/** Across the market, so that what takes an amended order's place is filled. */
const AMENDED_SHARE = 1.002;
const AMENDED_FOR_MS = 10_000;

/** What was asked for in a run, for its verdict. */
export interface Asked {
  readonly signals: { id: string; kind: string }[];
  readonly amends: AmendFacts[];
}

/** So many of spot, every third at the second market, and one a contract: a contract has one owner. */
export async function createStrategies(house: ChaosHouse, count: number): Promise<string[]> {
  const spot = Array.from({ length: count }, (_, index) => SPOT_MARKETS[index % 3 === 2 ? 1 : 0]);
  const ids = [...spot, ...CONTRACT_MARKETS].map(
    (name, index) => `${name ?? ''}-${String(index + 1)}`,
  );
  for (const id of ids) {
    const { accountId, exchange, symbol } = marketOf(house, id);
    await house.repositories.strategies.create({
      id,
      name: id,
      type: STRATEGY_TYPE,
      accountId,
      exchange,
      config: {},
      ...(isContract(symbol) ? { contracts: [symbol] } : {}),
      quota: {
        allocation: '10000000',
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: null,
        approvalNotional: APPROVAL_NOTIONAL,
      },
      createdBy: 'chaos',
    });
    await house.repositories.strategies.beginRun(id, runIdOf(id));
  }
  await ensureSignalTopics(house.bus, STRATEGY_TYPE);
  return ids;
}

const runIdOf = (strategyId: string): string => `run-of-${strategyId}`;

/** Where a strategy trades, and what. */
function marketOf({ venues }: ChaosHouse, strategyId: string) {
  const market = CHAOS_MARKETS.find(({ name }) => name === marketNameOf(strategyId));
  const venue = venues.find(({ exchange }) => exchange === market?.exchange);
  if (market === undefined || venue === undefined) {
    throw new RangeError(`${strategyId} is of no market`);
  }
  return { ...venue, symbol: market.symbol };
}

/** Publishes what is planned, each signal until it is on the bus, and has persons do what they do. */
export function signalSender(
  house: ChaosHouse,
  asked: Asked,
  over: AbortSignal,
): (planned: PlannedSignal) => Promise<void> {
  const sequences = new Map<string, number>();
  const send = async (planned: PlannedSignal): Promise<void> => {
    const sequence = (sequences.get(planned.strategyId) ?? 0) + 1;
    sequences.set(planned.strategyId, sequence);
    const signal = signalOf(house, planned, sequence);
    asked.signals.push({ id: signal.id, kind: planned.kind.name });
    await persistently(over, () => publishSignal(house.bus, signal));
    if (planned.twice) await persistently(over, () => publishSignal(house.bus, signal));
    if (planned.leftAfterMs !== undefined) {
      await sleep(planned.leftAfterMs);
      await send({ ...planned, kind: EXIT, leftAfterMs: undefined });
    }
    if (planned.kind.amended === true) await amend(house, signal, asked, over);
    if (planned.decision !== undefined) {
      await sleep(planned.decision.afterMs);
      await decide(house, signal.id, planned.decision.verb, over);
    }
    if (planned.cancelAfterMs !== undefined) {
      await sleep(planned.cancelAfterMs);
      await cancel(house, signal.id, over);
    }
  };
  return send;
}

/** Done as well where the order is over, or was never begun. */
async function cancel(house: ChaosHouse, orderId: string, over: AbortSignal): Promise<void> {
  await persistently(over, async () => {
    const asking = house.workflows.cancelOrder(orderId, {
      by: 'chaos',
      reason: 'changed my mind',
    });
    await asking.catch(async (error: unknown) => {
      // Not begun yet, or over: the order's row tells which.
      if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
      await house.repositories.orders.getOrder(orderId);
    });
  });
}

/** Until the decision stands, or the order is over without it. */
async function decide(
  house: ChaosHouse,
  orderId: string,
  verb: 'approve' | 'reject',
  over: AbortSignal,
): Promise<void> {
  await persistently(over, async () => {
    const request = { by: 'rita', role: 'risk', note: 'seen' };
    await house.workflows.decideOrder(orderId, verb, request).catch(async (error: unknown) => {
      const order = await house.repositories.orders.getOrder(orderId);
      // An answer that was lost, or one that comes too late; else it waits for nobody yet.
      if (order.approval === undefined && !isFinalIntent(order.state)) throw error;
    });
  });
}

/**
 * Once the order rests: a little more of it, across the market. One that never rests is left alone. Of what takes
 * its place the venue may leave a part unfilled for ever: the person gives that up.
 */
async function amend(
  house: ChaosHouse,
  signal: Signal,
  { signals, amends }: Asked,
  over: AbortSignal,
): Promise<void> {
  const order = await resting(house, signal.id, over);
  if (order === undefined) return;
  const price = marketOf(house, signal.strategyId).simulator.state().prices[signal.symbol] ?? '0';
  const step = {
    orderId: signal.id,
    quantity: toDecimalString(decimal(order.quantity).plus(LOT_STEP)),
    limitPrice: priceAt({ price }, AMENDED_SHARE),
    by: 'chaos',
    requestId: 'amend-1',
  };
  await persistently(over, async () => {
    await house.workflows.startAmend(step).catch((error: unknown) => {
      // The answer to the first asking was lost.
      if (!(error instanceof KeelError) || error.code !== 'CONFLICT') throw error;
    });
  });
  const newOrderId = replacementId(step, signal.symbol);
  amends.push({ orderId: signal.id, newOrderId, quantity: step.quantity });
  signals.push({ id: newOrderId, kind: 'what takes its place' });
  await sleep(AMENDED_FOR_MS);
  await cancel(house, newOrderId, over);
}

async function resting(
  house: ChaosHouse,
  orderId: string,
  over: AbortSignal,
): Promise<OrderView | undefined> {
  let order: OrderView | undefined;
  while (!over.aborted) {
    await persistently(over, async () => {
      order = await house.repositories.orders.getOrder(orderId);
    });
    if (order === undefined || isFinalIntent(order.state)) return undefined;
    if (order.status === 'open') return order;
    await sleep(RETRY_MS);
  }
  return undefined;
}

function signalOf(house: ChaosHouse, planned: PlannedSignal, sequence: number): Signal {
  const { accountId, exchange, simulator, symbol } = marketOf(house, planned.strategyId);
  const { marketTime, prices } = simulator.state();
  const price = prices[symbol] ?? '0';
  const key = { runId: runIdOf(planned.strategyId), symbol, eventTime: marketTime, sequence };
  const ask = planned.kind.ask({ price, marketTime, random: seededRandom(planned.seed) });
  return {
    id: signalId(key),
    strategyId: planned.strategyId,
    strategyType: STRATEGY_TYPE,
    source: { kind: 'strategy', name: planned.strategyId },
    accountId,
    exchange,
    ...key,
    validUntil: marketTime + FAR_MS,
    referencePrice: price,
    tag: `${planned.kind.name}: ${actionOf(ask)}`,
    ...ask,
  };
}

/** Until it is done, or the run is over. */
export async function persistently(over: AbortSignal, work: () => Promise<unknown>): Promise<void> {
  while (!over.aborted) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof KeelError)) throw error;
      await sleep(RETRY_MS);
    }
  }
}
