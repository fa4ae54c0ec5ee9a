/** Moving-average cross, long only. */
import { z } from 'zod';
import { smaNext, smaStart, type SmaState } from '../core/indicators/sma.ts';
import { symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type Size } from './base-strategy.ts';
import { ONE_SIZE, sizeOf, sizing, statesOneSize } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1m').describe('length of its bars'),
    fast: z.int().min(2).max(200).default(20).describe('bars of the fast average'),
    slow: z.int().min(3).max(1000).default(60).describe('bars of the slow average'),
    ...sizing(),
  })
  .refine((value) => value.fast < value.slow, {
    error: 'fast must be below slow',
    path: ['fast'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type SmaCrossConfig = z.infer<typeof config>;

type State = {
  readonly fast: SmaState;
  readonly slow: SmaState;
  /** Sign of fast − slow at the last bar, null until both are known. */
  side: -1 | 0 | 1 | null;
  /** What it last asked for; null while it has asked for nothing. */
  long: boolean | null;
};

/**
 * Holds the asset while the fast average of closes is above the slow one. It bets on trends that last longer
 * than the slow average; it loses small and often while the price goes sideways. The double-crossover rule
 * of Donchian and Dunn; tested in Brock, Lakonishok and LeBaron, "Simple Technical Trading Rules and the
 * Stochastic Properties of Stock Returns", Journal of Finance 47 (1992).
 *
 * Enters only at a cross, never in the middle of a trend it did not see begin. The first cross it sees may
 * be the end of one: then it asks to be flat, whatever an earlier run left behind.
 */
export class SmaCross extends BaseStrategy<SmaCrossConfig, State> {
  static readonly type = 'sma-cross';
  static readonly summary = 'Long while the fast moving average is above the slow one.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: Size;

  constructor(settings: SmaCrossConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, slow } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: slow };
    this.#size = sizeOf(settings);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    const { fast, slow } = this.config;
    return { fast: smaStart(fast), slow: smaStart(slow), side: null, long: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const fast = smaNext(state.fast, bar.close);
    const slow = smaNext(state.slow, bar.close);
    if (Number.isNaN(slow)) return;
    const side = fast > slow ? 1 : fast < slow ? -1 : 0;
    const before = state.side;
    state.side = side;
    if (before === null || ctx.warming) return;
    if (side > 0 && before <= 0 && state.long !== true) {
      state.long = true;
      ctx.target(feed.symbol, this.#size, { tag: 'golden-cross' });
    } else if (side < 0 && before >= 0 && state.long !== false) {
      state.long = false;
      ctx.target(feed.symbol, 'flat', { tag: 'death-cross' });
    }
  }
}
