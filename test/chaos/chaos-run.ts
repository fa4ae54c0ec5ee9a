/**
 * A chaos run: orders of many kinds from many strategies, at a venue that fails, on a stack whose processes
 * are killed; then quiet, and the verdict. `runChaos(options)` leaves nothing running.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from '../../adapters/back-off.ts';
import { chaosFaults } from '../../simulator/chaos-faults.ts';
import type { FaultReport } from '../../simulator/faults.ts';
import { openChaosHouse, TARGETS, type ChaosHouse } from './chaos-house.ts';
import { gatherFacts } from './gather.ts';
import { haltForAWhile } from './halting.ts';
import { planRun, type PlannedHalt, type PlannedKill, type PlanOptions } from './plan.ts';
import { reconcileAll, untilQuiet, untilRead } from './quiet.ts';
import { createStrategies, persistently, signalSender, type Asked } from './sending.ts';
import { isLive, type HaltFacts } from './verdict-guards.ts';
import { judge, type ChaosFacts } from './verdict.ts';

export interface ChaosOptions extends Pick<PlanOptions, 'halts' | 'kinds'> {
  readonly orders: number;
  readonly seed: number;
  /** Wall-clock milliseconds over which orders and kills are spread. */
  readonly spanMs: number;
  readonly kills: number;
  /** Share of the venue's calls that fail, 0 to 0.9. */
  readonly intensity: number;
  /** Longest wait for everything to come to rest once faults and kills are over. */
  readonly quietTimeoutMs: number;
  /** What the servers keep. */
  readonly dataDir: string;
  onProgress(text: string): void;
  /** Called when all is quiet, before the verdict: where tests break what must be noticed. */
  readonly beforeVerdict?: (house: ChaosHouse) => Promise<void>;
}

export interface ChaosResult {
  /** One sentence for each thing that is wrong. */
  readonly wrong: readonly string[];
  readonly orders: number;
  /** Orders by kind and by how they ended. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Guards whose stop rests at the venue when all is quiet, and guards that have ended. */
  readonly guards: { readonly standing: number; readonly ended: number };
  /** Orders that the halt turned away. */
  readonly halted: number;
  readonly venueOrders: number;
  readonly trades: number;
  readonly faults: Pick<FaultReport, 'injected' | 'total' | 'calls'>;
  /** By target. */
  readonly kills: Readonly<Record<string, number>>;
  readonly ended: readonly string[];
  /** Longest a part was away, from its kill until it served again, by target. */
  readonly longestAwayMs: Readonly<Record<string, number>>;
  readonly tookMs: number;
  readonly quietAfterMs: number;
}

const ORDERS_A_STRATEGY = 25;
/** A recorded minute each so often; faster once only the market's clock is waited for. */
const BAR_MS = 2_000;
const QUIET_BAR_MS = 250;
const PROGRESS_MS = 30_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const onProgress = (text: string): void => {
    options.onProgress(text);
  };
  const house = await openChaosHouse(options);
  const market = driveMarket(house);
  const over = new AbortController();
  const tasks: Promise<void>[] = [];
  try {
    const strategyIds = await createStrategies(
      house,
      Math.max(4, Math.ceil(options.orders / ORDERS_A_STRATEGY)),
    );
    const plan = planRun({ ...options, strategyIds, targets: TARGETS });
    house.venues.forEach(({ simulator }, index) => {
      simulator.faults.add(chaosFaults({ ...options, seed: options.seed + index }));
    });
    const startedAt = Date.now();
    const asked: Asked = { signals: [], amends: [] };
    const { signals, amends } = asked;
    const killed = new Killed();
    const send = signalSender(house, asked, over.signal);
    const kill = async (planned: PlannedKill): Promise<void> => {
      onProgress(`${at(startedAt)} kills ${planned.target}`);
      await killed.count(house, planned);
    };
    const halts: HaltFacts[] = [];
    const halt = async (planned: PlannedHalt): Promise<void> => {
      onProgress(`${at(startedAt)} halts ${planned.symbol} for ${String(planned.forMs)} ms`);
      const facts = await haltForAWhile(house, planned, (work) => persistently(over.signal, work));
      if (facts !== undefined) halts.push(facts);
    };
    tasks.push(
      ...atTheirTime(plan.signals, startedAt, { work: send, signal: over.signal }),
      ...atTheirTime(plan.kills, startedAt, { work: kill, signal: over.signal }),
      ...atTheirTime(plan.halts, startedAt, { work: halt, signal: over.signal }),
      ...atTheirTime(progressTimes(options.spanMs), startedAt, {
        work: () => tellProgress(house, signals, { startedAt, options }),
        signal: over.signal,
      }),
    );
    await Promise.all(tasks);
    const tookMs = Date.now() - startedAt;
    onProgress(`${at(startedAt)} all sent; the faults end, waits for quiet`);
    const faults = faultsOf(house);
    for (const { simulator } of house.venues) simulator.faults.clear();
    const quietFrom = Date.now();
    market.pace(QUIET_BAR_MS);
    const unquiet = await untilQuiet(house, signals, {
      timeoutMs: options.quietTimeoutMs,
      onProgress: (text) => {
        onProgress(`${at(startedAt)} ${text}`);
      },
    });
    await market.stop();
    // Funding is told by nobody: it is booked when the account is looked at.
    const unreconciled = await reconcileAll(house);
    const behind = await untilRead(house, options.quietTimeoutMs);
    const quietAfterMs = Date.now() - quietFrom;
    await options.beforeVerdict?.(house);
    const facts = await gatherFacts(
      {
        ...house,
        venues: Object.fromEntries(
          house.venues.map(({ accountId, simulator }) => [accountId, simulator.httpUrl]),
        ),
      },
      signals,
      { halts, amends },
    );
    return {
      wrong: [...new Set([...unquiet, ...unreconciled, ...behind, ...judge(facts)])],
      orders: signals.length,
      outcomes: outcomesOf(facts),
      guards: {
        standing: facts.guards.guards.filter(isLive).length,
        ended: facts.guards.guards.filter((guard) => !isLive(guard)).length,
      },
      halted: new Set(
        facts.accounts
          .flatMap(({ ours }) => ours.orders)
          .flatMap(({ orderId, reasonCode }) => (reasonCode === 'HALTED' ? [orderId] : [])),
      ).size,
      venueOrders: facts.accounts.reduce((sum, { venue }) => sum + venue.orders.length, 0),
      trades: facts.accounts.reduce((sum, { venue }) => sum + venue.trades.length, 0),
      faults,
      kills: killed.kills,
      ended: house.ended,
      longestAwayMs: killed.longestAwayMs,
      tookMs,
      quietAfterMs,
    };
  } finally {
    over.abort();
    await Promise.allSettled(tasks);
    await market.stop();
    await house.close();
  }
}

const at = (startedAt: number): string =>
  `${String(Math.round((Date.now() - startedAt) / 1_000))} s:`;

class Killed {
  readonly kills: Record<string, number> = {};
  readonly longestAwayMs: Record<string, number> = {};

  async count(house: ChaosHouse, { target, downMs }: PlannedKill): Promise<void> {
    const from = Date.now();
    if (!(await house.kill(target, downMs))) return;
    this.kills[target] = (this.kills[target] ?? 0) + 1;
    this.longestAwayMs[target] = Math.max(this.longestAwayMs[target] ?? 0, Date.now() - from);
  }
}

/** Injected at all venues together. */
function faultsOf({ venues }: ChaosHouse): Pick<FaultReport, 'injected' | 'total' | 'calls'> {
  const injected: Record<string, number> = {};
  const calls = { all: 0, faulted: 0 };
  for (const report of venues.map(({ simulator }) => simulator.faults.report())) {
    for (const [kind, times] of Object.entries(report.injected)) {
      injected[kind] = (injected[kind] ?? 0) + times;
    }
    calls.all += report.calls.all;
    calls.faulted += report.calls.faulted;
  }
  return { injected, total: Object.values(injected).reduce((sum, times) => sum + times, 0), calls };
}

/** Closes a recorded minute each so often. */
function driveMarket({ venues }: ChaosHouse): {
  pace(barMs: number): void;
  stop(): Promise<void>;
} {
  let everyMs = BAR_MS;
  const stopped = new AbortController();
  const driving = (async () => {
    while (!stopped.signal.aborted) {
      for (const { simulator } of venues) simulator.advance();
      await sleep(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    pace: (barMs) => {
      everyMs = barMs;
    },
    stop: async () => {
      stopped.abort();
      await driving;
    },
  };
}

function atTheirTime<T extends { readonly atMs: number }>(
  planned: readonly T[],
  startedAt: number,
  { work, signal }: { readonly work: (item: T) => Promise<void>; readonly signal: AbortSignal },
): Promise<void>[] {
  return planned.map(async (item) => {
    if (await pause(Math.max(0, startedAt + item.atMs - Date.now()), signal)) await work(item);
  });
}

function progressTimes(spanMs: number): { readonly atMs: number }[] {
  return Array.from({ length: Math.floor(spanMs / PROGRESS_MS) }, (_, index) => ({
    atMs: (index + 1) * PROGRESS_MS,
  }));
}

function tellProgress(
  house: ChaosHouse,
  signals: readonly unknown[],
  { startedAt, options }: { readonly startedAt: number; readonly options: ChaosOptions },
): Promise<void> {
  const { all, faulted } = faultsOf(house).calls;
  const states = house.venues.map(({ simulator }) => simulator.state());
  const orders = states.reduce((sum, state) => sum + state.orders, 0);
  const openOrders = states.reduce((sum, state) => sum + state.openOrders, 0);
  options.onProgress(
    `${at(startedAt)} ${String(signals.length)} of ${String(options.orders)} signals, venue: ` +
      `${String(orders)} orders (${String(openOrders)} open), ${String(faulted)} of ${String(all)} calls faulted`,
  );
  return Promise.resolve();
}

function outcomesOf({ signals, accounts }: ChaosFacts): Record<string, Record<string, number>> {
  const status = new Map(
    accounts.flatMap(({ ours }) =>
      ours.orders.map((order) => [order.orderId, order.status] as const),
    ),
  );
  const outcomes: Record<string, Record<string, number>> = {};
  for (const { id, kind } of signals) {
    const ended = status.get(id) ?? 'without an order';
    const ofKind = (outcomes[kind] ??= {});
    ofKind[ended] = (ofKind[ended] ?? 0) + 1;
  }
  return outcomes;
}
