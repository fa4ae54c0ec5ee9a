/** The runner of a claimed instance, ready for its next event. */
import type { KlineRepository } from '../adapters/repositories.ts';
import type { Checkpoint, StrategyRecord } from '../adapters/strategy-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { Instrument } from '../core/instrument.ts';
import { type BaseStrategy, type Feed, feedKey } from '../strategies/base-strategy.ts';
import { StrategyRunner } from '../strategies/runner.ts';
import type { StoredAux } from './stored-aux.ts';

/** By account id: their instruments' steps cut the quantities. */
export type InstrumentSources = ReadonlyMap<string, Pick<TradeAdapter, 'instrument'>>;

/**
 * Makes it from the checkpoint, and warms it with the stored bars up to where that stands. Throws NOT_FOUND
 * for an instrument the venue does not list, UNAVAILABLE where this worker does not have the account.
 */
export async function warmRunner(
  deps: {
    readonly klines: Pick<KlineRepository, 'last'>;
    readonly aux: StoredAux;
    readonly adapters: InstrumentSources;
  },
  record: StrategyRecord,
  strategy: BaseStrategy,
  claimed: Checkpoint,
): Promise<StrategyRunner> {
  const runner = new StrategyRunner({
    strategy,
    strategyId: record.id,
    strategyType: record.type,
    runId: claimed.runId,
    accountId: record.accountId,
    exchange: record.exchange,
    instruments: await instrumentsOf(deps.adapters, record, strategy.feeds()),
    anchorAt: claimed.anchorAt,
    restored: claimed,
    aux: (name, now) => deps.aux.lastBy(name, now),
  });
  await deps.aux.refresh();
  const history = await Promise.all(
    runner.history().map(({ exchange, symbol, interval, count }) =>
      deps.klines.last({
        exchange,
        symbol,
        interval,
        count,
        to: runner.offsets[feedKey({ exchange, symbol, interval })] ?? Number.MAX_SAFE_INTEGER,
      }),
    ),
  );
  runner.warmUp(history.flat().sort((a, b) => a.closeAt - b.closeAt));
  return runner;
}

async function instrumentsOf(
  adapters: InstrumentSources,
  record: StrategyRecord,
  feeds: readonly Feed[],
): Promise<Record<string, Instrument>> {
  const adapter = adapters.get(record.accountId);
  if (adapter === undefined) {
    throw new KeelError(
      'UNAVAILABLE',
      `this worker has no account ${record.accountId} (it has ${[...adapters.keys()].join(', ') || 'none'}); another may`,
    );
  }
  const symbols = feeds
    .filter(({ exchange }) => exchange === record.exchange)
    .map(({ symbol }) => symbol);
  const pairs = [...new Set(symbols)].map(
    async (symbol) => [symbol, await adapter.instrument(symbol)] as const,
  );
  return Object.fromEntries(await Promise.all(pairs));
}
