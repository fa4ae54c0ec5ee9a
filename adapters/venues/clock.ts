/**
 * A venue's clock as seen from ours: `offset` = venue − ours, measured over the venue's time endpoint from
 * the sample with the shortest way there and back. The true offset lies within `errorMs` of it, since the venue
 * read its clock somewhere between our sending and receiving.
 */
import type { Logger } from '../../observability/logger.ts';

export interface VenueClock {
  /** The venue's wall clock now, ms. */
  now(): number;
  /** Venue − ours, ms. */
  readonly offsetMs: number;
  /** Largest error of the offset: half the way there and back, plus the drift since. */
  readonly errorMs: number;
  /** Measures anew; throws what the read throws, and then keeps what it had. */
  measure(): Promise<void>;
  /** Measures every `refreshMs`; the timer keeps no process alive. */
  start(): void;
  stop(): void;
}

const SAMPLES = 3;
/** Quartz drifts by less: 50 ppm. */
const DRIFT_PER_MS = 0.00005;

export function createVenueClock(options: {
  /**
   * The venue's clock, read once over the network, ms. `leaves` is to be called when the request leaves, where
   * something (the rate budget) is waited for before: that is no part of the way.
   */
  readonly read: (leaves: () => void) => Promise<number>;
  readonly logger: Logger;
  readonly refreshMs?: number;
}): VenueClock {
  let offsetMs = 0;
  let measuredErrorMs = 1000;
  let measuredAt = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const sample = async (): Promise<{ offsetMs: number; errorMs: number }> => {
    let startedAt = Date.now();
    // The monotonic clock times the way, so that a step of the wall clock cannot hide in it.
    let started = performance.now();
    const venueAt = await options.read(() => {
      startedAt = Date.now();
      started = performance.now();
    });
    const tripMs = performance.now() - started;
    return { offsetMs: Math.round(venueAt - (startedAt + tripMs / 2)), errorMs: tripMs / 2 + 1 };
  };

  const measureOnce = async (): Promise<void> => {
    let best = await sample();
    for (let i = 1; i < SAMPLES; i += 1) {
      // One answer is a measurement: a later one that fails to come only leaves it less exact.
      const next = await sample().catch(() => best);
      if (next.errorMs < best.errorMs) best = next;
    }
    offsetMs = best.offsetMs;
    measuredErrorMs = best.errorMs;
    measuredAt = Date.now();
  };

  const measure = (): Promise<void> =>
    (running ??= measureOnce().finally(() => {
      running = undefined;
    }));

  return {
    now: () => Date.now() + offsetMs,
    get offsetMs() {
      return offsetMs;
    },
    get errorMs() {
      return Math.ceil(measuredErrorMs + Math.abs(Date.now() - measuredAt) * DRIFT_PER_MS);
    },
    measure,
    start() {
      timer ??= setInterval(() => {
        measure().catch((error: unknown) => {
          options.logger.warn({ err: error }, 'venue_clock_not_measured');
        });
      }, options.refreshMs ?? 60_000).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
