/**
 * The life of one leg, one venue order: place → resolve while the outcome is unknown → follow until it has
 * finished. Once its host wants it gone it is cancelled and verified, beside its tracker. `orderWorkflow` runs
 * its legs in here; a child workflow that works a leg of its own runs it the same way.
 *
 * It knows no Temporal: workflows run it over activities (leg-steps.ts), test/explorer over a virtual clock.
 */
import type {
  CancelStep,
  EscalateStep,
  NewLeg,
  OrderFacts,
  PlaceStep,
  ResolveStep,
  TrackStep,
} from '../activities/order-activities.ts';
import type { LegOutcome } from '../activities/placement.ts';
import type { TrackResult } from '../activities/tracking.ts';
import type { LegView } from '../core/order.ts';
import { cancelReason, type CancelRequest } from './order-outcome.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;
const FAILED_CANCEL_PAUSE_MS = 5_000;
/** For so long it may be unknown what became of a send; then a person is alerted. Wall milliseconds. */
const ESCALATE_AFTER_MS = 2 * 60_000;
/** And again every so often, while it stays unknown. */
const ESCALATE_AGAIN_MS = 60 * 60_000;

export interface LegSpec {
  readonly leg: NewLeg;
  readonly accountId: string;
  readonly symbol: string;
  /** Version of an event of the order that the send is to tell. */
  readonly untold?: number;
  /** Market time from which the leg has rested long enough; null: for ever. */
  readonly timeoutAt: number | null;
  /** Wall-clock milliseconds when the signal's workflow began. */
  readonly startedAt: number;
  /** One line for the Temporal UI: `buy limit 0.01 BTC/USDT at 90000`. */
  readonly summary: string;
}

/** It is not known whether the leg is at the venue. */
export interface UnknownOutcome {
  /** Wall-clock milliseconds. */
  readonly since: number;
  /** How often people have been alerted. */
  readonly alerts: number;
}

export interface LegNews {
  readonly leg?: LegView;
  /** The leg is final and all its fills are booked. */
  readonly finished?: boolean;
  /** Null once it is known. */
  readonly unknown?: UnknownOutcome | null;
  /** Of steps that told the order's event. */
  readonly order?: OrderFacts;
}

/** The workflow a leg runs in: it keeps what is known, and says when the leg is to end. */
export interface LegHost {
  /** `leg` is null before the first word about it. */
  known(): {
    readonly leg: LegView | null;
    readonly finished: boolean;
    readonly unknown?: UnknownOutcome | null;
  };
  learn(news: LegNews): void;
  /** Why the leg is to be cancelled, once somebody wants that. */
  stopRequest(): CancelRequest | null;
  /** The tracker says that the leg has rested until `timeoutAt`: from now on `stopRequest` is not null. */
  timedOut(): void;
  /** For the event that the next step tells; undefined where another workflow tells the order's events. */
  nextVersion(): number | undefined;
  /** The tracker booked a change: the order's event is due. */
  tell(): Promise<void>;
  /** Called between rounds: a good moment to continue as new. */
  breathe(): Promise<void>;
}

/** What a leg's life is made of. A step that fails has been tried again for as long as that may heal it. */
export interface LegSteps {
  /** Wall clock, ms UTC. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Resolves once `what` holds, or after `forMs` where that is given. */
  until(what: () => boolean, forMs?: number): Promise<void>;
  /** Null where it was `stopped` before it came back: what was in flight is unknown. */
  place(
    step: PlaceStep,
    options: { readonly stopped: () => boolean; readonly summary: string },
  ): Promise<LegNews | null>;
  resolve(step: ResolveStep): Promise<LegOutcome>;
  cancel(step: CancelStep, summary: string): Promise<LegOutcome>;
  track(step: TrackStep, summary: string): Tracking;
  escalate(step: EscalateStep): Promise<void>;
  /** Notes that a step failed. Throws on what is no step's failure. */
  failed(what: string, error: unknown): void;
}

/** A tracker under way; `result` or `error` is set once it has come back. */
export interface Tracking {
  readonly result?: TrackResult;
  readonly error?: unknown;
  /** Its result is not waited for any more. */
  stop(): void;
}

export class LegRun {
  private readonly spec: LegSpec;
  private readonly host: LegHost;
  private readonly steps: LegSteps;

  constructor(spec: LegSpec, host: LegHost, steps: LegSteps) {
    this.spec = spec;
    this.host = host;
    this.steps = steps;
  }

  /**
   * Sends the leg. A venue that turns it away unread is asked again, for days if it must be; a stop ends that.
   * What was in flight by then is found by `follow`.
   */
  async place(): Promise<void> {
    const stopped = (): boolean => this.host.stopRequest() !== null;
    const { summary, untold } = this.spec;
    const step = { ...this.step(), ...(untold === undefined ? {} : { untold }) };
    const news = await this.steps.place(step, { stopped, summary });
    if (news !== null) this.host.learn(news);
  }

  /** Until the leg has finished. Returns its last state; null when nothing was ever known of it. */
  async follow(): Promise<LegView | null> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.host.known().finished) {
      const { leg } = this.host.known();
      const known =
        leg !== null && leg.venueOrderId !== null
          ? await this.followOpen(leg)
          : await this.resolve();
      if (known) {
        pauseMs = FIRST_PAUSE_MS;
        if ((this.host.known().unknown ?? null) !== null) this.host.learn({ unknown: null });
      } else {
        if (leg === null || leg.venueOrderId === null) await this.escalateInTime();
        await this.steps.sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
      await this.host.breathe();
    }
    return this.host.known().leg;
  }

  /**
   * One round of finding out what became of a send; true when that is known. A failure is one more reason to
   * go on asking.
   */
  async resolve(): Promise<boolean> {
    try {
      const resend = this.host.stopRequest() === null;
      const outcome = await this.steps.resolve({ ...this.step(), resend });
      this.host.learn(outcome);
      return outcome.finished || outcome.leg.venueOrderId !== null;
    } catch (error) {
      this.steps.failed('the outcome is still unknown', error);
      return false;
    }
  }

  /** Notes since when the outcome is unknown, and alerts people once that lasts; it is never taken for a refusal. */
  private async escalateInTime(): Promise<void> {
    const { since, alerts } = this.host.known().unknown ?? { since: this.steps.now(), alerts: 0 };
    this.host.learn({ unknown: { since, alerts } });
    if (this.steps.now() < since + ESCALATE_AFTER_MS + alerts * ESCALATE_AGAIN_MS) return;
    const { accountId, leg, symbol } = this.spec;
    const { legNumber, orderId } = leg;
    try {
      await this.steps.escalate({
        accountId,
        orderId,
        legNumber,
        symbol,
        since,
        round: alerts + 1,
      });
      this.host.learn({ unknown: { since, alerts: alerts + 1 } });
    } catch (error) {
      this.steps.failed('nobody could be alerted; trying again', error);
    }
  }

  /**
   * Follows a leg at the venue to its next change; a cancel runs beside the tracker and may end it first.
   * False when the tracker failed for good: pause, and start another.
   */
  private async followOpen(leg: LegView): Promise<boolean> {
    const { accountId, symbol } = this.spec;
    const { clientOrderId, state, filledQuantity } = leg;
    const stop = this.host.stopRequest();
    const timeoutAt = stop === null ? this.spec.timeoutAt : null;
    const tracking = this.steps.track(
      { accountId, clientOrderId, symbol, lastSeen: { state, filledQuantity }, timeoutAt },
      `follow ${state}, filled ${filledQuantity}`,
    );
    const returned = (): boolean => tracking.result !== undefined || tracking.error !== undefined;
    for (;;) {
      await this.steps.until(() => returned() || this.host.stopRequest() !== null);
      if (returned()) break;
      if (await this.cancel()) {
        // The tracker would learn the same; nobody waits for its next heartbeat.
        tracking.stop();
        return true;
      }
      await this.steps.until(returned, FIRST_PAUSE_MS);
    }
    const { result, error } = tracking;
    if (result === undefined) {
      this.steps.failed('the tracker failed; starting another', error);
      return false;
    }
    if (result.kind === 'timeout') this.host.timedOut();
    this.host.learn(result);
    if (result.kind === 'changed' && !result.finished) await this.host.tell();
    return true;
  }

  /** True when the leg has finished, be it cancelled or filled on the way. */
  private async cancel(): Promise<boolean> {
    try {
      const outcome = await this.steps.cancel(
        { accountId: this.spec.accountId, leg: this.spec.leg },
        cancelReason(this.host.stopRequest()),
      );
      if (outcome.finished) this.host.learn(outcome);
      return outcome.finished;
    } catch (error) {
      this.steps.failed('cancel failed; trying again', error);
      await this.steps.sleep(FAILED_CANCEL_PAUSE_MS);
      return false;
    }
  }

  private step(): PlaceStep {
    const { accountId, leg, startedAt, symbol } = this.spec;
    const version = this.host.nextVersion();
    return {
      ...{ orderId: leg.orderId, accountId, symbol, leg, startedAt },
      ...(version === undefined ? {} : { version }),
    };
  }
}
