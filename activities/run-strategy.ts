/**
 * A strategy instance at work, without Temporal: `runInstance(deps, input, control)` claims the instance,
 * warms its runner, and handles one bar after the other until it is told to stop or loses its fence.
 *
 * The bus is the fast path and the store the truth: what the bus lost, or brings out of order, is read from
 * the stored bars. Each bar is committed (checkpoint and signals in one fenced transaction) before its
 * signals are published, so a kill at any point repeats at most a publish, with the same message id.
 */
import { MARKET, ORDER } from '../adapters/bus/messages.ts';
import { ALL_ORDERS, marketTopic } from '../adapters/bus/topics.ts';
import type { EventBus, Subscription } from '../adapters/event-bus.ts';
import { KeelError } from '../core/errors.ts';
import { InstanceRun, type RunDeps, type RunEnd } from './instance-run.ts';
import { ensureSignalTopics } from './publish-signals.ts';

export interface InstanceDeps extends RunDeps {
  readonly timing?: Partial<InstanceTiming>;
}

/** Wall-clock milliseconds. */
export interface InstanceTiming {
  /** Between heartbeats; each also looks whether the store has bars the bus did not bring. Default 1000. */
  readonly sweepMs: number;
  /** Longest a gap waits for the collector to store the missing bars. Default 2000. */
  readonly gapWaitMs: number;
  /** How long an attempt lasts before it hands itself back. Default a day. */
  readonly rotateMs: number;
}

const TIMING: InstanceTiming = { sweepMs: 1_000, gapWaitMs: 2_000, rotateMs: 86_400_000 };

export interface InstanceInput {
  readonly strategyId: string;
  readonly runId: string;
}

export interface InstanceProgress {
  readonly epoch: number | null;
  /** Feed → `closeAt` of the last bar handled, as ISO time. */
  readonly lastBar: Readonly<Record<string, string>>;
}

export interface InstanceControl {
  /** Aborted by a stop, a cancel or a worker's shutdown. */
  readonly signal: AbortSignal;
  heartbeat(progress: InstanceProgress): void;
}

/**
 * Runs until one of these ends it. Throws what trying again may help (UNAVAILABLE …), and what it cannot:
 * STRATEGY_UNKNOWN, CONFIG_INVALID, and STRATEGY_FAILED when the strategy itself threw, naming it and the bar.
 */
export async function runInstance(
  deps: InstanceDeps,
  input: InstanceInput,
  control: InstanceControl,
): Promise<RunEnd> {
  const timing = { ...TIMING, ...deps.timing };
  const logger = deps.logger.child({ strategyId: input.strategyId, runId: input.runId });
  let run: InstanceRun | undefined;
  const beat = (): void => {
    control.heartbeat(run?.progress() ?? { epoch: null, lastBar: {} });
  };
  // Warming up may outlast the heartbeat time-out: the beat starts before it.
  beat();
  const heart = setInterval(beat, timing.sweepMs);
  const subscriptions: Subscription[] = [];
  try {
    const record = await deps.repositories.strategies.get(input.strategyId);
    run = await InstanceRun.open({ ...deps, logger }, record, input.runId, timing, control.signal);
    if (run === undefined) return 'superseded';
    logger.info(run.progress(), 'strategy_instance_claimed');
    await ensureSignalTopics(deps.bus, record.type);
    await run.flush();
    await run.catchUp();
    subscriptions.push(...(await subscribe(deps.bus, run, input.strategyId)));
    return await untilEnded(run, timing, control.signal);
  } catch (error) {
    if (error instanceof KeelError && error.code === 'FENCED') return 'fenced';
    throw error;
  } finally {
    clearInterval(heart);
    await run?.close();
    for (const subscription of subscriptions) await subscription.close();
    logger.info(run?.progress() ?? {}, 'strategy_instance_left');
  }
}

async function subscribe(
  bus: EventBus,
  run: InstanceRun,
  strategyId: string,
): Promise<Subscription[]> {
  const topics = run.markets().map(({ exchange, symbol }) => marketTopic(exchange, symbol));
  await bus.ensureTopics(topics);
  const group = `strategy-${strategyId}`;
  const subscriptions = [
    await bus.subscribe({
      group,
      topics,
      kind: MARKET,
      handle: ({ message: { data } }) =>
        data.kind === 'kline' ? run.onKline(data.kline) : run.onTick(data.tick),
    }),
  ];
  if (run.wantsOrders) {
    subscriptions.push(
      await bus.subscribe({
        group: `${group}-orders`,
        topics: ALL_ORDERS,
        kind: ORDER,
        handle: ({ message: { data } }) => run.onOrder(data),
      }),
    );
  }
  return subscriptions;
}

/** Between bars: what the bus lost is taken from the store, what was not published is published. */
async function untilEnded(
  run: InstanceRun,
  timing: InstanceTiming,
  signal: AbortSignal,
): Promise<RunEnd> {
  const rotateAt = Date.now() + timing.rotateMs;
  for (;;) {
    const end = await run.endedWithin(timing.sweepMs, signal);
    if (end !== undefined) return end;
    if (Date.now() >= rotateAt) return 'rotated';
    await run.sweep();
  }
}
