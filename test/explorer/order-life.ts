/**
 * The life of one order as `orderWorkflow` leads it, over the very functions its activities run, with a
 * Temporal in small: an activity that is lost is run again somewhere else, one that fails is run again later,
 * and what a lost one does when it wakes up is nobody's result.
 */
import { KeelError } from '../../core/errors.ts';
import { isFinalLeg } from '../../core/leg-machine.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import {
  giveUp,
  placeLeg,
  resolveLeg,
  type LegOutcome,
  type LegPorts,
  type ResolveInput,
} from '../../activities/placement.ts';
import {
  cancelLeg,
  trackLeg,
  type TrackInput,
  type TrackPorts,
} from '../../activities/tracking.ts';
import type { NewLeg } from '../../adapters/order-repository.ts';
import { type Books, ORDER_ID } from './books.ts';
import { type Chance, type Process, type Schedule, STALL_MS } from './schedule.ts';
import { BOUNDS, isOpen, type Passage, type Venue } from './venue.ts';

export const QUANTITY = '0.5';
const HEARTBEAT_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const POLL_MS = 2_000;
const RESOLVE_PATIENCE_MS = 20_000;

/** The steps of an order. A test breaks one of them and sees it caught. */
export interface Protocol {
  place(ports: LegPorts, leg: NewLeg, attempt: number): Promise<LegOutcome>;
  resolve(ports: LegPorts, input: ResolveInput): Promise<LegOutcome>;
  track(ports: TrackPorts, input: TrackInput): Promise<LegOutcome>;
  cancel(ports: LegPorts, leg: NewLeg): Promise<LegOutcome>;
  /** Frees the reservation of the order; a final one stays as it is. */
  free(books: Books): void;
}

export const PROTOCOL: Protocol = {
  place: (ports, leg) => placeLeg(ports, leg),
  resolve: resolveLeg,
  track: trackLeg,
  cancel: cancelLeg,
  free: (books) => {
    books.settle('done');
  },
};

/** What is to happen to the order, in milliseconds from its start. */
export interface Plot {
  readonly type: 'market' | 'limit';
  /** The nth request's way to the venue; after the last they arrive. */
  readonly passages: readonly Passage[];
  /** Of what rests, so much is traded then. */
  readonly trades: readonly { readonly afterMs: number; readonly quantity: string }[];
  /** A person cancels then. */
  readonly cancelAfterMs: number | null;
  /** Limit with chase: how long a leg may rest before its remainder is placed anew, and how often. */
  readonly chase: { readonly repriceAfterMs: number; readonly maxLegs: number } | null;
  /** Somebody else (the user stream, reconciliation) reads then, and books what he saw so much later. */
  readonly witnesses: readonly { readonly afterMs: number; readonly bookAfterMs: number }[];
  /** The signal is delivered again then, to another run. */
  readonly redeliverAfterMs: number | null;
  readonly haltAfterMs: number | null;
}

export interface World {
  readonly schedule: Schedule;
  readonly venue: Venue;
  readonly books: Books;
  readonly chance: Chance;
  readonly protocol: Protocol;
  readonly plot: Plot;
}

interface Wishes {
  cancel: boolean;
}

/** Plays the plot to its end, and on until nothing that is under way can come any more. */
export async function play(world: World): Promise<void> {
  const { schedule, plot, books, venue } = world;
  const stage = schedule.process('stage');
  const wishes: Wishes = { cancel: false };
  const at = async (ms: number, happen: () => void | Promise<void>): Promise<void> => {
    await schedule.sleep(stage, ms);
    await happen();
  };
  const happenings = [
    ...plot.trades.map(({ afterMs, quantity }) =>
      at(afterMs, () => {
        const open = venue.orders.find(isOpen);
        if (open !== undefined) venue.trade(open, decimal(quantity));
      }),
    ),
    ...plot.witnesses.map(({ afterMs, bookAfterMs }) =>
      at(afterMs, () => witness(world, bookAfterMs)),
    ),
  ];
  if (plot.cancelAfterMs !== null) {
    void at(plot.cancelAfterMs, () => {
      wishes.cancel = true;
    });
  }
  if (plot.haltAfterMs !== null) {
    void at(plot.haltAfterMs, () => {
      books.halted = true;
    });
  }
  const lives = [new OrderLife(world, 'run-1', wishes).toEnd()];
  if (plot.redeliverAfterMs !== null) {
    lives.push(at(plot.redeliverAfterMs, () => new OrderLife(world, 'run-2', wishes).toEnd()));
  }
  await schedule.run(
    (async () => {
      await Promise.all(lives);
      await Promise.all(happenings);
      // The stalled wake up, the late arrive.
      await schedule.sleep(stage, 2 * STALL_MS);
    })(),
  );
}

/** Reads what the venue shows of the newest leg, and books it later: old news by then, perhaps. */
async function witness({ schedule, venue, books }: World, bookAfterMs: number): Promise<void> {
  const process = schedule.process('witness');
  const leg = [...books.legs.values()].at(-1);
  const seen = leg === undefined ? null : venue.find(leg.clientOrderId);
  if (leg === undefined || seen === null) return;
  await schedule.sleep(process, bookAfterMs);
  books.recordLeg({
    clientOrderId: leg.clientOrderId,
    venueOrder: seen.order,
    fills: seen.fills,
    seenBy: 'reconcile',
  });
}

class OrderLife {
  private readonly world: World;
  private readonly runId: string;
  private readonly wishes: Wishes;
  private readonly workflow: Process;
  /** Of the leg in hand. */
  private readonly trackers: Process[] = [];
  private activities = 0;

  constructor(world: World, runId: string, wishes: Wishes) {
    this.world = world;
    this.runId = runId;
    this.wishes = wishes;
    this.workflow = world.schedule.process(runId);
  }

  async toEnd(): Promise<void> {
    const { books, plot } = this.world;
    const verdict = await this.activity('admit', (process) =>
      this.store(process, 'admit', () => books.admit(this.runId)),
    );
    if (verdict === 'refused') return;
    const legs = plot.chase?.maxLegs ?? 1;
    for (let legNumber = 1; legNumber <= legs; legNumber += 1) {
      const rest = books.quantity.minus(books.position);
      if (rest.isZero() || (legNumber > 1 && this.wishes.cancel)) break;
      const leg: NewLeg = {
        orderId: ORDER_ID,
        legNumber,
        quantity: toDecimalString(rest),
        type: plot.type,
        price: plot.type === 'limit' ? '100' : null,
      };
      const outcome = await this.leg(leg, legNumber < legs);
      if (outcome.leg.state !== 'cancelled') break;
    }
    while (!(await this.settle())) await this.pause(FIRST_PAUSE_MS);
  }

  /** One leg, until it has finished. */
  private async leg(leg: NewLeg, repriced: boolean): Promise<LegOutcome> {
    const { protocol, plot, schedule } = this.world;
    const repriceAt =
      repriced && plot.chase !== null ? schedule.now + plot.chase.repriceAfterMs : Infinity;
    const unwanted = (): boolean => this.wishes.cancel || schedule.now >= repriceAt;
    let outcome = await this.activity(
      'place',
      (process, attempt) => protocol.place(this.ports(process), leg, attempt),
      unwanted,
    );
    let pauseMs = FIRST_PAUSE_MS;
    while (outcome?.finished !== true) {
      if (outcome === undefined || outcome.leg.venueOrderId === null) {
        const input = { ...leg, resend: !unwanted(), patienceMs: RESOLVE_PATIENCE_MS };
        outcome = await this.activity('resolve', (process) =>
          protocol.resolve(this.ports(process), input),
        );
      } else if (unwanted()) {
        outcome = await this.activity('cancel', (process) =>
          protocol.cancel(this.ports(process), leg),
        );
      } else {
        outcome = await this.follow(outcome, unwanted);
        continue;
      }
      await this.pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    for (const tracker of this.trackers.splice(0)) schedule.kill(tracker);
    return outcome;
  }

  /** The tracker's next word, or what is known once the leg is unwanted: the tracker then runs on beside the cancel. */
  private async follow(known: LegOutcome, unwanted: () => boolean): Promise<LegOutcome> {
    const { clientOrderId, state, filledQuantity } = known.leg;
    const input: TrackInput = {
      clientOrderId,
      symbol: 'BTC/USDT',
      lastSeen: { state, filledQuantity },
      timeoutAt: null,
    };
    const tracked: { outcome?: LegOutcome; error?: Error } = {};
    void this.activity(
      'track',
      (process) => {
        this.trackers.push(process);
        return this.world.protocol.track(this.ports(process), input);
      },
      unwanted,
    ).then(
      (outcome) => {
        tracked.outcome = outcome ?? known;
      },
      (error: unknown) => {
        tracked.error = error instanceof Error ? error : new Error(String(error));
      },
    );
    while (tracked.outcome === undefined && !unwanted()) {
      if (tracked.error !== undefined) throw tracked.error;
      await this.pause(FIRST_PAUSE_MS);
    }
    return tracked.outcome ?? known;
  }

  /** As the activity settleOrder: what may live at the venue is resolved first. */
  private async settle(): Promise<boolean> {
    const { books, protocol } = this.world;
    return this.activity('settle', async (process) => {
      const ports = this.ports(process);
      const legs = await this.store(process, 'legs', () => [...books.legs.values()]);
      for (const leg of legs) {
        if (isFinalLeg(leg.state)) continue;
        if (leg.sendState !== 'new') return false;
        if (!('finished' in (await giveUp(ports, leg, 'cancelled')))) return false;
      }
      await this.store(process, 'settle', () => {
        protocol.free(books);
      });
      return true;
    });
  }

  private pause(ms: number): Promise<void> {
    return this.world.schedule.sleep(this.workflow, ms);
  }

  private activity<T>(
    name: string,
    run: (process: Process, attempt: number) => Promise<T>,
  ): Promise<T>;
  private activity<T>(
    name: string,
    run: (process: Process, attempt: number) => Promise<T>,
    enough: () => boolean,
  ): Promise<T | undefined>;
  /** Runs until an attempt succeeds; undefined where it is `enough` after one that did not. */
  private async activity<T>(
    name: string,
    run: (process: Process, attempt: number) => Promise<T>,
    enough: () => boolean = () => false,
  ): Promise<T | undefined> {
    const { schedule } = this.world;
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      this.activities += 1;
      const process = schedule.process(`${this.runId}/${name}#${String(this.activities)}`);
      const lost = new Promise<'lost'>((resolve) => {
        process.onLost = () => {
          resolve('lost');
        };
      });
      const ended = run(process, attempt).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const first = await Promise.race([ended, lost]);
      if (first === 'lost') {
        await this.pause(HEARTBEAT_TIMEOUT_MS);
      } else if ('value' in first) {
        return first.value;
      } else {
        const { error } = first;
        if (!(error instanceof KeelError)) throw error;
        await this.pause(error.retryAfterMs ?? pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
      if (enough()) return undefined;
    }
  }

  private store<T>(process: Process, name: string, effect: () => T): Promise<T> {
    return this.world.schedule.call(
      process,
      'store',
      name,
      effect,
      () => new KeelError('UNAVAILABLE', 'PostgreSQL does not answer'),
    );
  }

  private ports(process: Process): TrackPorts {
    const { schedule, venue, books, chance, plot } = this.world;
    const skewMs = chance.below(2 * BOUNDS.clockErrorMs + 1) - BOUNDS.clockErrorMs;
    const clock = { now: () => schedule.now + skewMs };
    const ask = <T>(
      name: string,
      effect: () => T | Promise<T>,
      code: 'VENUE_UNAVAILABLE' | 'VENUE_UNKNOWN_OUTCOME' = 'VENUE_UNAVAILABLE',
    ): Promise<T> =>
      schedule.call(process, 'venue', name, effect, () => new KeelError(code, 'no answer'));
    const store = <T>(name: string, effect: () => T): Promise<T> =>
      this.store(process, name, effect);
    return {
      adapter: {
        visibility: BOUNDS,
        marketTime: () => ask('marketTime', () => schedule.now),
        placeOrder: (request) =>
          ask(
            'placeOrder',
            () => {
              // As an adapter does: past the deadline nothing leaves the process.
              if (clock.now() > request.deadline) throw new KeelError('VENUE_CLOCK', 'too late');
              const passage = plot.passages[this.requests()] ?? { kind: 'arrives' };
              schedule.note(`request ${passage.kind}`);
              return venue.place(request, passage);
            },
            'VENUE_UNKNOWN_OUTCOME',
          ),
        cancelOrder: ({ clientOrderId }) =>
          ask(
            'cancelOrder',
            () => {
              venue.cancel(clientOrderId);
            },
            'VENUE_UNKNOWN_OUTCOME',
          ),
        getOrderStatus: ({ clientOrderId }) =>
          ask('getOrderStatus', () => {
            const found = venue.find(clientOrderId);
            if (found === null) throw new KeelError('VENUE_ORDER_NOT_FOUND', 'unknown order');
            return found;
          }),
        findOrder: ({ clientOrderId }) => ask('findOrder', () => venue.find(clientOrderId)),
      },
      store: {
        prepareLeg: (leg) => store('prepareLeg', () => books.prepareLeg(leg)),
        getLeg: (id) => store('getLeg', () => books.getLeg(id)),
        claimSend: (id, deadline, marketTime) =>
          store('claimSend', () => books.claimSend(id, deadline, marketTime)),
        releaseSend: (id, deadline) => store('releaseSend', () => books.releaseSend(id, deadline)),
        recordLeg: (update) => store('recordLeg', () => books.recordLeg(update)),
      },
      clock,
      sleep: (ms) => schedule.sleep(process, ms),
      sendWindowMs: 5_000,
      note: () => undefined,
      beat: () => undefined,
      waitForNotice: (ms) => schedule.sleep(process, ms),
      pollMs: POLL_MS,
    };
  }

  /** Requests so far, of all processes. */
  private requests(): number {
    return this.world.schedule.trace.filter((line) => line.startsWith('request ')).length;
  }
}
