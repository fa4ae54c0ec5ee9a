/**
 * The venue's hints that an order changed, handed to whoever follows that order. One user stream an
 * account, opened when the first order is watched. A stream that fails costs speed only: trackers poll.
 */
import type { OrderNotice, TradeAdapter } from '../adapters/trade-adapter.ts';
import type { Logger } from '../observability/logger.ts';

export interface Watch {
  /** Resolves at the next notice, at once if there was one since the last call, or after `ms`. */
  changed(ms: number): Promise<void>;
  close(): void;
}

export interface Notices {
  watch(accountId: string, clientOrderId: string): Watch;
  /** Closes the user streams. */
  close(): Promise<void>;
}

interface Watcher {
  dirty: boolean;
  wake: (() => void) | undefined;
}

export function createNotices(
  adapters: ReadonlyMap<string, Pick<TradeAdapter, 'watchOrders'>>,
  logger: Logger,
): Notices {
  const watchers = new Map<string, Set<Watcher>>();
  const streams = new Map<string, Promise<{ close(): Promise<void> } | undefined>>();

  function onNotice(notice: OrderNotice): void {
    for (const watcher of watchers.get(notice.clientOrderId) ?? []) {
      watcher.dirty = true;
      watcher.wake?.();
    }
  }

  function openStream(accountId: string): void {
    if (streams.has(accountId)) return;
    const opening = adapters.get(accountId)?.watchOrders(onNotice);
    if (opening === undefined) return;
    streams.set(
      accountId,
      opening.catch((error: unknown) => {
        logger.warn({ err: error, account_id: accountId }, 'user_stream_failed');
        // The next order watched tries again.
        streams.delete(accountId);
        return undefined;
      }),
    );
  }

  return {
    watch(accountId, clientOrderId) {
      openStream(accountId);
      const watcher: Watcher = { dirty: false, wake: undefined };
      const sharing = watchers.get(clientOrderId) ?? new Set<Watcher>();
      watchers.set(clientOrderId, sharing.add(watcher));
      return {
        async changed(ms) {
          if (!watcher.dirty) {
            let timer: NodeJS.Timeout | undefined;
            await new Promise<void>((resolve) => {
              watcher.wake = resolve;
              timer = setTimeout(resolve, ms);
            });
            clearTimeout(timer);
            watcher.wake = undefined;
          }
          watcher.dirty = false;
        },
        close() {
          sharing.delete(watcher);
          if (sharing.size === 0) watchers.delete(clientOrderId);
          watcher.wake?.();
        },
      };
    },
    async close() {
      for (const stream of streams.values()) await (await stream)?.close();
      streams.clear();
    },
  };
}
