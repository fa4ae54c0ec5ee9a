/**
 * A guard in small: the loop is the workflow's own (workflows/guard-loop.ts) on the virtual clock, the look the
 * activity's own (activities/guard-activities.ts) over the books in memory.
 */
import { createGuardActivities } from '../../activities/guard-activities.ts';
import { KeelError } from '../../core/errors.ts';
import { createLogger } from '../../observability/logger.ts';
import { GuardLoop } from '../../workflows/guard-loop.ts';
import { instrumentOf } from './guard-books.ts';
import type { GuardedWorld } from './guard-world.ts';
import { call } from './guarded-order-life.ts';
import type { Process } from './schedule.ts';
import { SmallTemporal } from './small-temporal.ts';

const SILENT = createLogger('explorer', 'silent');
const KEY = { strategyId: 's1', symbol: 'BTC/USDT' };

/** Tell it what it hears by `hear`; `toEnd` resolves when it has ended. */
export function guardLife(world: GuardedWorld, runId: string): GuardLoop {
  const { schedule } = world;
  const temporal = new SmallTemporal(schedule, runId);
  return new GuardLoop(KEY, {
    now: () => schedule.now,
    look: (step) =>
      temporal.activity('look', async (process) => {
        try {
          return await activitiesOf(world, process).lookAtGuard(step);
        } catch (error) {
          // Retried for ever, as the workflow has it.
          throw new KeelError('UNAVAILABLE', String(error));
        }
      }),
    until: (what, ms) => temporal.until(what, ms),
    handOver: () => Promise.resolve(),
  });
}

function activitiesOf(world: GuardedWorld, process: Process) {
  const { books, schedule, lives, plot } = world;
  const store = <T>(name: string, effect: () => T): Promise<T> =>
    call(world, process, 'store', name, effect);
  return createGuardActivities({
    guards: {
      getGuard: () =>
        store('getGuard', () => ({
          ...{ ...books.known(), setBy: 'order', averageCost: '100', updatedAt: 0 },
          held: books.position.toFixed(),
        })),
      advance: (_, plan) => store('advance', () => books.advance(plan)),
      unanswered: (ids) => store('unanswered', () => ids.filter((id) => !books.orders.has(id))),
    },
    adapters: new Map([
      [
        'test',
        {
          stopOrders: plot.venueStops,
          instrument: () => Promise.resolve(instrumentOf(plot.side)),
          marketTime: () => Promise.resolve(schedule.now),
        },
      ],
    ]),
    orders: {
      startOrder: (signal) => store('startOrder', () => world.startOrder(signal)),
      cancelOrder: (id) =>
        store('cancelOrder', () => {
          const life = lives.get(id);
          if (life === undefined || life.over) throw new KeelError('NOT_FOUND', 'not on');
          life.cancel = true;
        }),
    },
    door: {
      tellGuard: (_, message) =>
        store('tellGuard', () => {
          world.tellGuard(message);
        }),
    },
    bus: { publish: () => store('publish', () => undefined) },
    price: () => Promise.resolve('100'),
    logger: SILENT,
    now: () => schedule.now,
  });
}
