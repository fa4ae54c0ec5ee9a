/** RSI mean reversion, long only. */
import { z } from 'zod';
import { rsiNext, rsiStart, type RsiState } from '../core/indicators/rsi.ts';
import { symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type Size } from './base-strategy.ts';
import { ONE_SIZE, sizeOf, sizing, statesOneSize } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1m').describe('length of its bars'),
    period: z.int().min(2).max(100).default(14).describe("bars of Wilder's averages"),
    oversold: z.number().min(1).max(50).default(35).describe('RSI at or below which it buys'),
    overbought: z.number().min(50).max(99).default(65).describe('RSI at or above which it sells'),
    ...sizing(),
  })
  .refine((value) => value.oversold < value.overbought, {
    error: 'oversold must be below overbought',
    path: ['oversold'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type RsiMeanReversionConfig = z.infer<typeof config>;

type State = {
  readonly rsi: RsiState;
  /** What it last asked for; null while it has asked for nothing, since an earlier run may have left a position. */
  long: boolean | null;
};

/** Wilder's averages forget their start slowly; after ten periods what is left of it is below e⁻¹⁰. */
const WARMUP_PERIODS = 10;

/**
 * Buys when Wilder's RSI says the price fell too far too fast, and sells when it has recovered. It bets that
 * short moves overshoot and come back; it loses when a fall goes on, since it has no stop of its own. The
 * index and its levels are from J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978).
 */
export class RsiMeanReversion extends BaseStrategy<RsiMeanReversionConfig, State> {
  static readonly type = 'rsi-mean-reversion';
  static readonly summary = 'Buys when the RSI is oversold, sells when it has recovered.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: Size;

  constructor(settings: RsiMeanReversionConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, period } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: period * WARMUP_PERIODS };
    this.#size = sizeOf(settings);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    return { rsi: rsiStart(this.config.period), long: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const value = rsiNext(state.rsi, bar.close);
    if (ctx.warming) return;
    if (state.long !== true && value <= this.config.oversold) {
      state.long = true;
      ctx.target(feed.symbol, this.#size, { tag: 'oversold' });
    } else if (state.long !== false && value >= this.config.overbought) {
      state.long = false;
      ctx.target(feed.symbol, 'flat', { tag: 'overbought' });
    }
  }
}
