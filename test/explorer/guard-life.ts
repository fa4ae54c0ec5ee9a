/**
 * The guard's workflow in small: told, it looks. The look is the activity's own (activities/guard-activities.ts)
 * over the books in memory; only the loop around it follows workflows/guard-workflow.ts by hand.
 */
import { createGuardActivities, type GuardOutcome } from '../../activities/guard-activities.ts';
import { KeelError } from '../../core/errors.ts';
import type { GuardMessage } from '../../core/guard.ts';
import { createLogger } from '../../observability/logger.ts';
import { INSTRUMENT } from './guard-books.ts';
import type { GuardedWorld } from './guard-world.ts';
import { call } from './guarded-order-life.ts';
import type { Process } from './schedule.ts';
import { SmallTemporal } from './small-temporal.ts';

const ASKED_MS = 15_000;
const SILENT = createLogger('explorer', 'silent');
const CALM_MS = 3_600_000;
const BURST_MS = 250;
const KEY = { strategyId: 's1', symbol: 'BTC/USDT' };

type Of<K extends GuardMessage['kind']> = Extract<GuardMessage, { kind: K }>;

export class GuardLife {
  private readonly world: GuardedWorld;
  private readonly temporal: SmallTemporal;
  private readonly asking = new Map<string, number>();
  private trigger: Of<'trigger'> | undefined;
  private ratchet: Of<'ratchet'> | undefined;
  private told = true;
  private urgent = true;

  constructor(world: GuardedWorld, runId: string) {
    this.world = world;
    this.temporal = new SmallTemporal(world.schedule, runId);
  }

  hear(message: GuardMessage): void {
    this.told = true;
    if (message.kind === 'standAside')
      this.asking.set(message.orderId, this.world.schedule.now + ASKED_MS);
    if (message.kind === 'trigger') this.trigger = message;
    if (message.kind === 'ratchet') this.ratchet = message;
    if (message.kind === 'standAside' || message.kind === 'trigger') this.urgent = true;
  }

  async toEnd(): Promise<void> {
    for (;;) {
      const outcome = await this.look();
      if (outcome.state === 'ended' && !this.isTold()) return;
      const { now } = this.world.schedule;
      const dues = [...this.asking.values()].map((until) => Math.max(until - now, 1));
      await this.temporal.until(() => this.told, Math.min(outcome.lookAgainMs ?? CALM_MS, ...dues));
      if (this.isTold() && !this.urgent) await this.temporal.until(() => this.urgent, BURST_MS);
    }
  }

  private isTold(): boolean {
    return this.told;
  }

  private async look(): Promise<GuardOutcome> {
    const { trigger, ratchet } = this;
    this.told = this.urgent = false;
    this.trigger = this.ratchet = undefined;
    const { now } = this.world.schedule;
    for (const [id, until] of this.asking) if (until <= now) this.asking.delete(id);
    const asking = [...this.asking.keys()];
    const step = {
      ...{ ...KEY, asking },
      ...(trigger === undefined ? {} : { trigger }),
      ...(ratchet === undefined ? {} : { ratchet }),
    };
    const outcome = await this.temporal.activity('look', async (process) => {
      try {
        return await activitiesOf(this.world, process).lookAtGuard(step);
      } catch (error) {
        // Retried for ever, as the workflow has it.
        throw new KeelError('UNAVAILABLE', String(error));
      }
    });
    for (const id of asking) if (!outcome.asking.includes(id)) this.asking.delete(id);
    return outcome;
  }
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
          instrument: () => Promise.resolve(INSTRUMENT),
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
