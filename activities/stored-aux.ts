/**
 * The auxiliary data of a live strategy, from the store: funding rates of the perpetuals among its feeds. A value is
 * told by its own time of publication, as in a backtest, however much later it was stored.
 */
import type { AuxRepository } from '../adapters/repositories.ts';
import { isContract } from '../core/symbol.ts';
import { fundingName } from '../strategies/aux-names.ts';
import { AuxSeries } from '../strategies/aux-series.ts';
import type { AuxValue, Feed } from '../strategies/base-strategy.ts';

export class StoredAux {
  readonly #store: Pick<AuxRepository, 'after'>;
  readonly #series: ReadonlyMap<string, AuxSeries>;

  constructor(store: Pick<AuxRepository, 'after'>, feeds: readonly Feed[]) {
    this.#store = store;
    const perpetuals = feeds.filter(({ symbol }) => isContract(symbol));
    this.#series = new Map(perpetuals.map((feed) => [fundingName(feed), new AuxSeries()]));
  }

  /** Takes in what was stored since; nothing is asked for a strategy without perpetuals. */
  async refresh(): Promise<void> {
    for (const [name, series] of this.#series) {
      for (const { publishedAt, value } of await this.#store.after(name, series.newestAt)) {
        series.add({ publishedAt, value: Number(value) });
      }
    }
  }

  /** For `ctx.aux`. */
  lastBy(name: string, now: number): AuxValue | undefined {
    return this.#series.get(name)?.lastBy(now);
  }
}
