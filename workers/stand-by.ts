/**
 * A duty of one process at a time, of however many are started: the first one does it, the others stand by, and
 * one of them takes over when PostgreSQL says that it is free. Where the connection is lost though the process
 * lives, two may do it at once until the next check, so it must be a duty that does no harm twice.
 */
import { pause } from '../adapters/back-off.ts';
import type { Duty, DutyRepository } from '../adapters/repositories.ts';
import type { Logger } from '../observability/logger.ts';
import type { Running } from './run-process.ts';

const CHECK_MS = 1_000;

/**
 * Resolves once the duty has begun here, or another process is seen to have it. Throws what the first begin here
 * throws; later failures are logged, and the duty is taken again.
 */
export async function standBy(
  name: string,
  begin: () => Promise<Running>,
  { checkMs = CHECK_MS, duties, logger }: StandByOptions,
): Promise<Running> {
  const stopped = new AbortController();

  async function taken(): Promise<Turn | null> {
    const duty = await duties.take(name);
    if (duty === null) return null;
    try {
      const running = await begin();
      logger.info({ duty: name }, 'duty_begun');
      return { duty, running };
    } catch (error) {
      await duty.giveUp();
      throw error;
    }
  }

  async function finish({ duty, running }: Turn): Promise<void> {
    while ((await pause(checkMs, stopped.signal)) && (await duty.isOurs()));
    if (!stopped.signal.aborted) logger.warn({ duty: name }, 'duty_lost');
    try {
      await running.stop();
    } finally {
      await duty.giveUp();
    }
  }

  async function takeTurns(first: Turn | null): Promise<void> {
    if (first === null) logger.info({ duty: name }, 'duty_stands_by');
    let next = (): Promise<Turn | null> => Promise.resolve(first);
    do {
      try {
        const turn = await next();
        if (turn !== null) await finish(turn);
      } catch (error) {
        logger.warn({ err: error, duty: name }, 'duty_not_done');
      }
      next = taken;
    } while (await pause(checkMs, stopped.signal));
  }

  const turns = takeTurns(await taken());
  return {
    async stop() {
      stopped.abort();
      await turns;
    },
  };
}

export interface StandByOptions {
  readonly duties: DutyRepository;
  readonly logger: Logger;
  /** Wall milliseconds between two looks at who has the duty. Default 1 s. */
  readonly checkMs?: number;
}

interface Turn {
  readonly duty: Duty;
  readonly running: Running;
}
