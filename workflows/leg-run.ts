/**
 * The life of one leg, one venue order: place → resolve while the outcome is unknown → follow until it has
 * finished. Once its host wants it gone it is cancelled and verified, beside its tracker. `orderWorkflow` runs
 * its legs in here; a child workflow that works a leg of its own runs it the same way.
 */
import { CancellationScope, condition, isCancellation, log, sleep } from '@temporalio/workflow';
import type { NewLeg, OrderFacts, PlaceStep } from '../activities/order-activities.ts';
import type { TrackResult } from '../activities/tracking.ts';
import type { LegView } from '../core/order.ts';
import { cancelReason, failureOf, gaveWay, type CancelRequest } from './order-outcome.ts';
import { people, trackers, venue } from './order-steps.ts';

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

export class LegRun {
  private readonly spec: LegSpec;
  private readonly host: LegHost;

  constructor(spec: LegSpec, host: LegHost) {
    this.spec = spec;
    this.host = host;
  }

  /**
   * Sends the leg. A venue that turns it away unread is asked again, for days if it must be; a stop ends that.
   * What was in flight by then is found by `follow`.
   */
  async place(): Promise<void> {
    const { summary } = this.spec;
    const scope = new CancellationScope();
    void condition(() => this.host.stopRequest() !== null).then(() => {
      scope.cancel();
    });
    try {
      this.host.learn(
        await scope.run(() => venue.placeOrder.executeWithOptions({ summary }, [this.step()])),
      );
    } catch (error) {
      if (!isCancellation(error) && !gaveWay(error)) throw error;
    }
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
        await sleep(pauseMs);
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
      const outcome = await venue.resolveOrder({ ...this.step(), resend });
      this.host.learn(outcome);
      return outcome.finished || outcome.leg.venueOrderId !== null;
    } catch (error) {
      log.error('the outcome is still unknown', { ...failureOf(error) });
      return false;
    }
  }

  /** Notes since when the outcome is unknown, and alerts people once that lasts; it is never taken for a refusal. */
  private async escalateInTime(): Promise<void> {
    const { since, alerts } = this.host.known().unknown ?? { since: Date.now(), alerts: 0 };
    this.host.learn({ unknown: { since, alerts } });
    if (Date.now() < since + ESCALATE_AFTER_MS + alerts * ESCALATE_AGAIN_MS) return;
    const { accountId, leg, symbol } = this.spec;
    const { legNumber, orderId } = leg;
    try {
      await people.escalateUnknown({
        accountId,
        orderId,
        legNumber,
        symbol,
        since,
        round: alerts + 1,
      });
      this.host.learn({ unknown: { since, alerts: alerts + 1 } });
    } catch (error) {
      log.error('nobody could be alerted; trying again', { ...failureOf(error) });
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
    const tracking: { result?: TrackResult; error?: unknown } = {};
    const scope = new CancellationScope();
    void scope
      .run(() =>
        trackers.trackOrder.executeWithOptions(
          { summary: `follow ${state}, filled ${filledQuantity}` },
          [{ accountId, clientOrderId, symbol, lastSeen: { state, filledQuantity }, timeoutAt }],
        ),
      )
      .then(
        (result) => (tracking.result = result),
        (error: unknown) => (tracking.error = error),
      );
    const returned = (): boolean => tracking.result !== undefined || tracking.error !== undefined;
    for (;;) {
      await condition(() => returned() || this.host.stopRequest() !== null);
      if (returned()) break;
      if (await this.cancel()) {
        // The tracker would learn the same; nobody waits for its next heartbeat.
        scope.cancel();
        return true;
      }
      await condition(returned, FIRST_PAUSE_MS);
    }
    const { result, error } = tracking;
    if (result === undefined) {
      log.error('the tracker failed; starting another', { ...failureOf(error) });
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
      const outcome = await venue.cancelOrder.executeWithOptions(
        { summary: cancelReason(this.host.stopRequest()) },
        [{ accountId: this.spec.accountId, leg: this.spec.leg }],
      );
      if (outcome.finished) this.host.learn(outcome);
      return outcome.finished;
    } catch (error) {
      log.error('cancel failed; trying again', { ...failureOf(error) });
      await sleep(FAILED_CANCEL_PAUSE_MS);
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
