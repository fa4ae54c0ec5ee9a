/** Heartbeats of activities that wait for a venue. */
import { Context } from '@temporalio/activity';

const HEARTBEAT_MS = 2_000;

/** Tells Temporal that the activity lives while it waits for a venue, so that a dead worker is noticed soon. */
export async function beating<T>(run: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => {
    context.heartbeat();
  }, HEARTBEAT_MS);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}
