/** Bollinger breakout, long only. */
import { z } from 'zod';
import {
  deviationNext,
  deviationStart,
  type DeviationState,
  meanOf,
} from '../core/indicators/deviation.ts';
import { symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type Size } from './base-strategy.ts';
import { ONE_SIZE, sizeOf, sizing, statesOneSize } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1h').describe('length of its bars'),
    period: z.int().min(5).max(500).default(20).describe('bars of mean and standard deviation'),
    width: z.number().min(0.5).max(4).default(2).describe('standard deviations from mean to band'),
    ...sizing(),
  })
  // The newest of n values is never further than √(n − 1) of their deviations from their mean.
  .refine((value) => value.width < Math.sqrt(value.period - 1), {
    error:
      'width must be below the square root of period − 1, or no close is ever outside the band',
    path: ['width'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type BollingerBreakoutConfig = z.infer<typeof config>;

type State = {
  readonly closes: DeviationState;
  /** What it last asked for; null while it has asked for nothing, since an earlier run may have left a position. */
  long: boolean | null;
};

/**
 * Buys when a bar closes above the upper band, mean + width × standard deviation of the last closes, and sells when
 * one closes below the mean. It bets that a move out of the usual range begins a trend; it loses when the price falls
 * back into the range, which after a spike it mostly does, and gives back the way from the top to the mean. John
 * Bollinger, "Bollinger on Bollinger Bands" (2001), method I; the deviation is the population's, as there.
 */
export class BollingerBreakout extends BaseStrategy<BollingerBreakoutConfig, State> {
  static readonly type = 'bollinger-breakout';
  static readonly summary =
    'Buys a close above the upper Bollinger band, sells one below the mean.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: Size;

  constructor(settings: BollingerBreakoutConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, period } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: period };
    this.#size = sizeOf(settings);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    return { closes: deviationStart(this.config.period), long: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const deviation = deviationNext(state.closes, bar.close);
    if (Number.isNaN(deviation) || ctx.warming) return;
    const mean = meanOf(state.closes);
    if (state.long !== true && bar.close > mean + this.config.width * deviation) {
      state.long = true;
      ctx.target(feed.symbol, this.#size, { tag: 'above-band' });
    } else if (state.long !== false && bar.close < mean) {
      state.long = false;
      ctx.target(feed.symbol, 'flat', { tag: 'below-mean' });
    }
  }
}
