/**
 * A halt may have been set while Temporal was away, or its workflow terminated by hand: here the cleaning up
 * of every halt that is in force and not cleaned is begun, again and again, which changes nothing where it
 * is under way.
 */
import type { HaltRepository } from '../adapters/repositories.ts';
import type { Workflows } from '../adapters/temporal/workflows.ts';
import type { Logger } from '../observability/logger.ts';

const EVERY_MS = 5_000;

export function superviseHalts(
  halts: Pick<HaltRepository, 'active'>,
  workflows: Pick<Workflows, 'startHalt'>,
  logger: Logger,
): { stop(): Promise<void> } {
  const round = async (): Promise<void> => {
    try {
      for (const { id, cleanedAt, scope, target, reason } of await halts.active()) {
        if (cleanedAt !== null) continue;
        await workflows.startHalt({ haltId: id }, `halt of ${scope} ${target}: ${reason}`);
      }
    } catch (error) {
      logger.warn({ err: error }, 'halts_not_supervised');
    }
  };
  let running = round();
  const timer = setInterval(() => {
    running = running.then(round);
  }, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
