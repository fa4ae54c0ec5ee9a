/** Dollar-cost averaging. */
import { z } from 'zod';
import { symbol } from '../core/symbol.ts';
import { interval, intervalMs } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from './base-strategy.ts';
import { affordable, ONE_SIZE, sizeOf, sizing, type StatedSize, statesOneSize } from './sizing.ts';

const DEFAULT_ALLOCATION = 0.01;

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1d').describe('length of its bars'),
    every: z.int().min(1).max(1000).default(7).describe('bars from one purchase to the next'),
    discount: z
      .number()
      .min(0)
      .max(0.2)
      .default(0)
      .describe(
        'fraction below the close of a limit order that lapses at the next purchase; 0 buys at market',
      ),
    ...sizing('one purchase', String(DEFAULT_ALLOCATION)),
  })
  .refine(statesOneSize, ONE_SIZE);

export type DcaConfig = z.infer<typeof config>;

type State = {
  /** Number of the current stretch between purchases, counted from 1970; null before the first bar. */
  stretch: number | null;
};

/**
 * Buys the same amount at fixed times, whatever the price, until the money is spent, and never sells: a person does.
 * It bets only that the asset is worth more in the end, and takes the choice of the moment out of it; it loses as the
 * asset loses, and in a rising market it buys dearer than one purchase at the start would have. Benjamin Graham, "The
 * Intelligent Investor" (1949); that it is not optimal: George Constantinides, "A Note on the Suboptimality of
 * Dollar-Cost Averaging as an Investment Policy", Journal of Financial and Quantitative Analysis 14 (1979).
 *
 * The times are whole multiples of `every` bars since 1970, so a new run buys when the old one would have, not at
 * its start.
 */
export class Dca extends BaseStrategy<DcaConfig, State> {
  static readonly type = 'dca';
  static readonly summary = 'Buys the same amount at fixed times.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: StatedSize;
  readonly #stretchMs: number;

  constructor(settings: DcaConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, every } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: 1 };
    this.#size = sizeOf(settings, DEFAULT_ALLOCATION);
    this.#stretchMs = every * intervalMs(length);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    return { stretch: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const stretch = Math.floor(bar.closeAt / this.#stretchMs);
    const begins = state.stretch !== null && stretch > state.stretch;
    state.stretch = stretch;
    if (!begins || ctx.warming) return;
    const quantity = affordable(this.#size, bar.close, ctx.funds);
    if (quantity === null) return;
    const { discount } = this.config;
    const options =
      discount === 0
        ? { tag: 'purchase' }
        : {
            tag: 'purchase',
            limitPrice: bar.close * (1 - discount),
            timeoutMs: (stretch + 1) * this.#stretchMs - bar.closeAt,
          };
    ctx.order(feed.symbol, 'buy', { qty: quantity }, options);
  }
}
