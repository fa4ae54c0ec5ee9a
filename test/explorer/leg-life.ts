/** A leg as its workflow leads it: the workflows' own `LegRun`, over the functions its activities run. */
import { KeelError } from '../../core/errors.ts';
import type { LegView } from '../../core/order.ts';
import {
  LegRun,
  type LegHost,
  type LegSpec,
  type LegSteps,
  type Tracking,
} from '../../workflows/leg-run.ts';
import { ORDER_ID } from './books.ts';
import type { World } from './plot.ts';
import { portsOf } from './ports.ts';
import type { Process } from './schedule.ts';
import type { SmallTemporal } from './small-temporal.ts';

const RESOLVE_PATIENCE_MS = 20_000;

export interface LegLife {
  readonly run: LegRun;
  /** As it is known; null before the first word about it. */
  readonly view: () => LegView | null;
}

export const QUANTITY = '0.5';
export const LIMIT_PRICE = '100';

/** @param startedAt when the order began, ms UTC */
export function specOf(
  { plot }: World,
  legNumber: number,
  quantity: string,
  startedAt: number,
): LegSpec {
  const { timeoutAfterMs, type } = plot;
  return {
    leg: {
      orderId: ORDER_ID,
      legNumber,
      quantity,
      type,
      price: type === 'limit' ? LIMIT_PRICE : null,
    },
    accountId: 'main',
    symbol: 'BTC/USDT',
    timeoutAt: timeoutAfterMs === null ? null : startedAt + timeoutAfterMs,
    startedAt,
    summary: '',
  };
}

export function legLife(
  world: World,
  temporal: SmallTemporal,
  spec: LegSpec,
  host: Pick<LegHost, 'stopRequest' | 'timedOut'> & { tell(leg: LegView): void },
): LegLife {
  let known: ReturnType<LegHost['known']> = { leg: null, finished: false };
  const legHost: LegHost = {
    known: () => known,
    learn: ({ order: _, ...news }) => {
      known = { ...known, ...news };
    },
    stopRequest: () => host.stopRequest(),
    timedOut: () => {
      host.timedOut();
    },
    nextVersion: () => undefined,
    tell: () => {
      if (known.leg !== null) host.tell(known.leg);
      return Promise.resolve();
    },
    breathe: () => Promise.resolve(),
  };
  return { run: new LegRun(spec, legHost, stepsOf(world, temporal)), view: () => known.leg };
}

function stepsOf(world: World, temporal: SmallTemporal): LegSteps {
  const { plot, protocol, schedule } = world;
  return {
    now: () => schedule.now,
    sleep: (ms) => temporal.sleep(ms),
    until: (what, forMs) => temporal.until(what, forMs),
    place: async ({ leg }, { stopped }) => {
      const outcome = await temporal.activity(
        'place',
        (process, attempt) => protocol.place(portsOf(world, process), leg, attempt),
        stopped,
      );
      if (plot.placingBreaks) throw new KeelError('CONFLICT', 'the answer is of no use');
      return outcome ?? null;
    },
    resolve: ({ leg, resend }) =>
      temporal.activity('resolve', (process) =>
        protocol.resolve(portsOf(world, process), {
          ...leg,
          resend,
          patienceMs: RESOLVE_PATIENCE_MS,
        }),
      ),
    cancel: ({ leg }) =>
      temporal.activity('cancel', (process) => protocol.cancel(portsOf(world, process), leg)),
    track: (step) => {
      const processes: Process[] = [];
      let stopped = false;
      const tracking: { -readonly [K in keyof Tracking]: Tracking[K] } = {
        stop: () => {
          stopped = true;
          for (const process of processes) schedule.kill(process);
        },
      };
      void temporal
        .activity(
          'track',
          (process) => {
            processes.push(process);
            return protocol.track(portsOf(world, process), step);
          },
          () => stopped,
        )
        .then(
          (result) => {
            if (result !== undefined) tracking.result = result;
          },
          (error: unknown) => {
            tracking.error = error;
          },
        );
      return tracking;
    },
    escalate: () => Promise.resolve(),
    failed: (what, error) => {
      if (!(error instanceof KeelError)) throw error;
      schedule.note(what);
    },
  };
}
