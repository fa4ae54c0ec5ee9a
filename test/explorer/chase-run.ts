/** A chase as `ExecutionRun` works it: the workflows' own loop, each leg led as its child workflow leads it. */
import { KeelError } from '../../core/errors.ts';
import { chasePrice, type ChasePlan } from '../../core/execution/chase.ts';
import type { Place } from '../../core/execution/strategy.ts';
import type { FinalState } from '../../adapters/order-repository.ts';
import { endAll, workOrder, type ExecutionPorts } from '../../workflows/execution-loop.ts';
import {
  factOf,
  finalStateOfAll,
  newLeg,
  type ExecutionLeg,
} from '../../workflows/execution-state.ts';
import { cancelReason, type CancelRequest } from '../../workflows/order-outcome.ts';
import { ORDER_ID } from './books.ts';
import { legLife, LIMIT_PRICE, QUANTITY, specOf } from './leg-life.ts';
import type { Wishes, World } from './plot.ts';
import { atVenue } from './ports.ts';
import type { SmallTemporal } from './small-temporal.ts';

const PLACE: Place = {
  accountId: 'main',
  exchange: 'binance',
  step: '0.01',
  minQuantity: '0.01',
  maxQuantity: '100',
  minNotional: '0',
  capacity: null,
};

export class ChaseRun {
  private readonly world: World;
  private readonly temporal: SmallTemporal;
  private readonly wishes: Wishes;
  private readonly startedAt: number;
  private readonly plan: ChasePlan;
  private legs: readonly ExecutionLeg[] = [];
  private readonly stops = new Map<number, CancelRequest>();
  private changes = 0;
  private defect: Error | undefined;

  constructor(
    world: World,
    temporal: SmallTemporal,
    wishes: Wishes,
    chase: {
      readonly repriceAfterMs: number;
      readonly maxLegs: number;
      /** When the order began, ms UTC. */
      readonly startedAt: number;
    },
  ) {
    this.world = world;
    this.temporal = temporal;
    this.wishes = wishes;
    this.startedAt = chase.startedAt;
    this.plan = {
      kind: 'chase',
      maxAttempts: chase.maxLegs,
      repriceAfterMs: chase.repriceAfterMs,
      priceLimit: LIMIT_PRICE,
    };
  }

  async toEnd(): Promise<FinalState> {
    const { plan, world } = this;
    const terms = {
      orderId: ORDER_ID,
      side: 'buy',
      type: world.plot.type,
      price: LIMIT_PRICE,
      quantity: QUANTITY,
      referencePrice: LIMIT_PRICE,
    } as const;
    const end = await workOrder(world.protocol.chase(plan, terms, [PLACE]), this.ports());
    return end.kind === 'cancelled'
      ? { state: 'done', reason: cancelReason(end.request) }
      : finalStateOfAll(this.legs, end.reason);
  }

  endLegs(request: CancelRequest): Promise<void> {
    return endAll(this.ports(), request);
  }

  private ports(): ExecutionPorts {
    const { startedAt, temporal, wishes, world } = this;
    const { plot, schedule, venue } = world;
    return {
      now: () => schedule.now,
      legs: () => this.legs.map(factOf),
      changes: () => this.changes,
      cancelRequest: () => wishes.cancel,
      deadline: () => (plot.timeoutAfterMs === null ? null : startedAt + plot.timeoutAfterMs),
      timedOut: () => {
        this.timedOut();
      },
      breathe: () => Promise.resolve(),
      // A step that takes its time: legs change meanwhile.
      tell: () => temporal.sleep(world.chance.below(5_000)),
      reprice: () =>
        temporal.activity('reprice', async (process) => {
          const book = await atVenue(world, process, 'orderBook', () => venue.orderBook());
          return chasePrice(this.plan, 'buy', book, { priceTick: '0.01' });
        }),
      send: (plan, price) => {
        const legNumber = this.legs.length + 1;
        const leg = { ...newLeg(plan, legNumber, price), begunAt: schedule.now };
        this.keep([...this.legs, leg]);
        this.work(leg).catch((error: unknown) => {
          this.defect = error instanceof Error ? error : new Error(String(error));
        });
      },
      stop: (legNumber, request) => {
        if (!this.stops.has(legNumber)) this.stops.set(legNumber, request);
      },
      until: async (what, at) => {
        const due = (): boolean => this.defect !== undefined || what();
        await temporal.until(due, at === null ? undefined : Math.max(at - schedule.now, 1));
        if (this.defect !== undefined) throw this.defect;
      },
    };
  }

  /** As `legWorkflow`: the order hears of the leg's changes, and of its end. */
  private async work({ legNumber, quantity }: ExecutionLeg): Promise<void> {
    const { startedAt, stops, temporal, world } = this;
    const tell = (view: ExecutionLeg['view'], finished = false): void => {
      this.keep(
        this.legs.map((leg) => (leg.legNumber === legNumber ? { ...leg, view, finished } : leg)),
      );
    };
    const { run, view } = legLife(world, temporal, specOf(world, legNumber, quantity, startedAt), {
      stopRequest: () => stops.get(legNumber) ?? null,
      timedOut: () => {
        stops.set(legNumber, { by: 'timeout' });
        this.timedOut();
      },
      tell,
    });
    try {
      await run.place();
    } catch (error) {
      if (!(error instanceof KeelError)) throw error;
      stops.set(legNumber, { by: 'keel', reason: error.message });
    }
    tell(view());
    tell(await run.follow(), true);
  }

  private timedOut(): void {
    this.wishes.cancel ??= { by: 'timeout' };
  }

  private keep(legs: readonly ExecutionLeg[]): void {
    this.legs = legs;
    this.changes += 1;
  }
}
