/** Moves a replay on by itself, n times as fast as real; 0 is as fast as requests in between allow. */
import { KeelError } from '../core/errors.ts';
import { MINUTE_MS } from './candles.ts';

export interface Pacer {
  readonly running: boolean;
  /** Resolves when the recording has ended. */
  readonly finished: Promise<void>;
  /** Throws CONFLICT where there is no speed. Does nothing when running. */
  start(): void;
  stop(): void;
}

export function createPacer(
  speed: number | undefined,
  step: () => void,
  isDone: () => boolean,
): Pacer {
  if (speed !== undefined && !(speed >= 0)) {
    throw new KeelError(
      'INVALID_INPUT',
      `speed ${String(speed)}: give 0 (as fast as it goes) or more`,
    );
  }
  const end = Promise.withResolvers<undefined>();
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    if (!running) {
      return;
    }
    step();
    if (isDone()) {
      running = false;
      end.resolve(undefined);
      return;
    }
    schedule();
  };
  const schedule = (): void => {
    if (speed === undefined || speed === 0) {
      setImmediate(tick);
    } else {
      timer = setTimeout(tick, MINUTE_MS / speed);
    }
  };
  return {
    get running() {
      return running;
    },
    finished: end.promise,
    start: () => {
      if (speed === undefined) {
        throw new KeelError('CONFLICT', 'the replay is stepped: POST /sim/advance instead');
      }
      if (!running && !isDone()) {
        running = true;
        schedule();
      }
    },
    stop: () => {
      running = false;
      clearTimeout(timer);
    },
  };
}
