/**
 * Others' trades on an account are booked and told by its reconciliation. Here that is asked for as soon as the
 * venue tells of one, so that nobody waits for the schedule; what is missed here (this process dies, the stream is
 * cut and stays so) the schedule finds at its next time. Every orders worker does this: askings that meet are one.
 */
import { pause } from '../adapters/back-off.ts';
import type { ForeignTradeNotice, TradeAdapter } from '../adapters/trade-adapter.ts';
import type { Logger } from '../observability/logger.ts';

export interface Pace {
  /** From a notice to the asking, ms: a trade may be read a moment after it was told, and seldom comes alone. */
  readonly settleMs: number;
  /** Between two askings, and before what failed is tried again, ms: a busy stranger must not use up our rate limit. */
  readonly gapMs: number;
}

const PACE: Pace = { settleMs: 1_000, gapMs: 10_000 };

type Account = Pick<TradeAdapter, 'accountId' | 'watchForeignTrades'>;

/** `reconcile` asks for the reconciliation of an account, and may throw: it is asked again. */
export function watchForeignTrades(
  accounts: Iterable<Account>,
  reconcile: (accountId: string) => Promise<void>,
  logger: Logger,
  pace: Pace = PACE,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const attending = [...accounts].map((account) =>
    attend(account, reconcile, { logger, pace, signal: stopping.signal }),
  );
  return {
    async stop() {
      stopping.abort();
      await Promise.all(attending);
    },
  };
}

async function attend(
  account: Account,
  reconcile: (accountId: string) => Promise<void>,
  { logger, pace, signal }: { logger: Logger; pace: Pace; signal: AbortSignal },
): Promise<void> {
  const { accountId } = account;
  let noticed: PromiseWithResolvers<void> = Promise.withResolvers();
  signal.addEventListener('abort', () => {
    noticed.resolve();
  });
  const watch = await opened(account, { logger, pace, signal }, ({ venueSymbol }) => {
    logger.info({ account_id: accountId, venue_symbol: venueSymbol }, 'foreign_trade_noticed');
    noticed.resolve();
  });
  for (;;) {
    await noticed.promise;
    if (!(await pause(pace.settleMs, signal))) break;
    // What is told from here on is for the next time.
    noticed = Promise.withResolvers();
    try {
      await reconcile(accountId);
    } catch (error) {
      logger.warn({ err: error, account_id: accountId }, 'reconciliation_not_asked');
      noticed.resolve();
    }
    if (!(await pause(pace.gapMs, signal))) break;
  }
  await watch?.close();
}

/** Undefined when stopped first. */
async function opened(
  account: Account,
  { logger, pace, signal }: { logger: Logger; pace: Pace; signal: AbortSignal },
  onNotice: (notice: ForeignTradeNotice) => void,
): Promise<{ close(): Promise<void> } | undefined> {
  do {
    try {
      return await account.watchForeignTrades(onNotice);
    } catch (error) {
      logger.warn({ err: error, account_id: account.accountId }, 'user_stream_failed');
    }
  } while (await pause(pace.gapMs, signal));
  return undefined;
}
