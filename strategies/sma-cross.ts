/** Moving-average cross, long only. */
import { z } from 'zod';
import { smaNext, smaStart, type SmaState } from '../core/indicators/sma.ts';
import { symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from './base-strategy.ts';
import { sizeConfig } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance'),
    symbol: symbol.default('BTC/USDT'),
    interval: interval.default('1m'),
    /** Bars of the fast and the slow average. */
    fast: z.int().min(2).max(200).default(20),
    slow: z.int().min(3).max(1000).default(60),
    size: sizeConfig.default({ allocation: 0.5 }),
  })
  .refine((value) => value.fast < value.slow, {
    error: 'fast must be below slow',
    path: ['fast'],
  });

export type SmaCrossConfig = z.infer<typeof config>;

type State = {
  readonly fast: SmaState;
  readonly slow: SmaState;
  /** Whether the fast average was above the slow one; null until both are known. */
  readonly above: boolean | null;
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

  constructor(settings: SmaCrossConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, slow } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: slow };
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    const { fast, slow } = this.config;
    return { fast: smaStart(fast), slow: smaStart(slow), above: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const close = Number(bar.close);
    const fast = smaNext(ctx.state.fast, close);
    const slow = smaNext(ctx.state.slow, close);
    let { above } = ctx.state;
    if (fast.value !== null && slow.value !== null && fast.value !== slow.value) {
      const now = fast.value > slow.value;
      if (above !== null && above !== now && !ctx.warming) {
        if (now) ctx.target(feed.symbol, this.config.size, { tag: 'golden-cross' });
        else ctx.target(feed.symbol, 'flat', { tag: 'death-cross' });
      }
      above = now;
    }
    ctx.state = { fast: fast.state, slow: slow.state, above };
  }
}
