/** MACD cross, long only. */
import { z } from 'zod';
import { macdNext, macdStart, type MacdState } from '../core/indicators/macd.ts';
import { symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type Size } from './base-strategy.ts';
import { ONE_SIZE, sizeOf, sizing, statesOneSize } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1h').describe('length of its bars'),
    fast: z.int().min(2).max(100).default(12).describe('bars of the fast average of the line'),
    slow: z.int().min(3).max(200).default(26).describe('bars of the slow average of the line'),
    signal: z.int().min(2).max(50).default(9).describe("bars of the line's own average"),
    ...sizing(),
  })
  .refine((value) => value.fast < value.slow, {
    error: 'fast must be below slow',
    path: ['fast'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type MacdConfig = z.infer<typeof config>;

type State = {
  readonly macd: MacdState;
  /** Sign of the histogram at the last bar, null until it is known. */
  side: -1 | 0 | 1 | null;
  /** What it last asked for; null while it has asked for nothing. */
  long: boolean | null;
};

/** An exponential average of n bars has forgotten its start but for e⁻¹⁰ after 5 n. */
const WARMUP_PERIODS = 5;

/**
 * Holds the asset from when the MACD line crosses above its signal until it crosses below. It bets that a move
 * which gathers pace goes on; it loses in a market without direction, where the lines cross back and forth, and it
 * leaves a steady trend early, since the line falls once the pace is even. Gerald Appel, "Technical Analysis: Power
 * Tools for Active Investors" (2005).
 *
 * Enters only at a cross that it sees. The first one may be downwards: then it asks to be flat, whatever an earlier
 * run left behind.
 */
export class MacdCross extends BaseStrategy<MacdConfig, State> {
  static readonly type = 'macd';
  static readonly summary = 'Long while the MACD line is above its signal.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: Size;

  constructor(settings: MacdConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, slow, signal } = settings;
    const warmup = WARMUP_PERIODS * (slow + signal);
    this.#feed = { exchange, symbol: traded, interval: length, warmup };
    this.#size = sizeOf(settings);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    const { fast, slow, signal } = this.config;
    return { macd: macdStart(fast, slow, signal), side: null, long: null };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const { histogram } = macdNext(state.macd, bar.close);
    if (Number.isNaN(histogram)) return;
    const side = histogram > 0 ? 1 : histogram < 0 ? -1 : 0;
    const before = state.side;
    state.side = side;
    if (before === null || ctx.warming) return;
    if (side > 0 && before <= 0 && state.long !== true) {
      state.long = true;
      ctx.target(feed.symbol, this.#size, { tag: 'cross-up' });
    } else if (side < 0 && before >= 0 && state.long !== false) {
      state.long = false;
      ctx.target(feed.symbol, 'flat', { tag: 'cross-down' });
    }
  }
}
