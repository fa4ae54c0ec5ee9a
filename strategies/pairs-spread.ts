/** Spread between a pair of perpetuals. */
import { z } from 'zod';
import {
  type Regression,
  regressionNext,
  regressionStart,
  type RegressionState,
} from '../core/indicators/regression.ts';
import { perpetual } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from './base-strategy.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: perpetual
      .default('ETH/USDT:USDT')
      .describe('the perpetual that is too dear or too cheap'),
    hedge: perpetual
      .default('BTC/USDT:USDT')
      .describe('the perpetual by which that is measured; one of the two is always short'),
    interval: interval.default('1h').describe('length of its bars'),
    window: z.int().min(20).max(500).default(120).describe('bars through which the line is fitted'),
    enter: z
      .number()
      .min(0.5)
      .max(4)
      .default(2)
      .describe('standard deviations off the line at which it enters'),
    exit: z
      .number()
      .min(0)
      .max(2)
      .default(0.5)
      .describe('standard deviations at which it takes its profit'),
    stop: z.number().min(1).max(10).default(4).describe('standard deviations at which it gives up'),
    minCorrelation: z
      .number()
      .min(0)
      .max(1)
      .default(0.7)
      .describe("least correlation of the prices' logarithms to enter"),
    allocation: z
      .number()
      .gt(0)
      .max(5)
      .default(0.9)
      .describe('of both positions together, fraction of equity'),
  })
  .refine(({ exit, enter, stop }) => exit < enter && enter < stop, {
    error: 'exit must be below enter, and enter below stop',
    path: ['enter'],
  })
  .refine((value) => value.symbol !== value.hedge, {
    error: 'a pair needs two symbols',
    path: ['hedge'],
  });

export type PairsSpreadConfig = z.infer<typeof config>;

type State = {
  readonly fit: RegressionState;
  /** What it last asked for: 1 long the symbol, −1 short it, the hedge the other way; null while it asked for nothing. */
  side: -1 | 0 | 1 | null;
  /** It gave up, and waits until the spread has come back before it enters again. */
  barred: boolean;
};

/**
 * Fits log(symbol) = a + b × log(hedge) through the last bars. When the symbol is dear against that line it sells it
 * and buys b times its worth of the hedge, when it is cheap the other way round, and leaves when it is back near the
 * line. It bets that what kept two prices together still does; it loses when it does not, which is when the spread
 * goes on past `stop`, and by the funding and fees of two positions. E. Gatev, W. Goetzmann and K. G. Rouwenhorst,
 * "Pairs Trading: Performance of a Relative-Value Arbitrage Rule", Review of Financial Studies 19 (2006);
 * G. Vidyamurthy, "Pairs Trading" (2004), for the fit.
 *
 * The two orders are two signals: for moments, or where one is refused, only one side is held. The line moves with
 * its window, so the spread also comes back by being forgotten.
 */
export class PairsSpread extends BaseStrategy<PairsSpreadConfig, State> {
  static readonly type = 'pairs-spread';
  static readonly summary =
    'Trades two perpetuals against each other until their spread is usual again.';
  static readonly config = config;

  readonly #symbol: Feed;
  readonly #hedge: Feed;

  constructor(settings: PairsSpreadConfig) {
    super(settings);
    const { exchange, symbol: traded, hedge, interval: length, window } = settings;
    this.#symbol = { exchange, symbol: traded, interval: length, warmup: window };
    this.#hedge = { ...this.#symbol, symbol: hedge };
  }

  feeds(): readonly Feed[] {
    return [this.#symbol, this.#hedge];
  }

  initialState(): State {
    return { fit: regressionStart(this.config.window), side: null, barred: false };
  }

  override onSlice(bars: ReadonlyMap<Feed, Bar>, ctx: Context<State>): void {
    const bar = bars.get(this.#symbol);
    const hedge = bars.get(this.#hedge);
    if (bar === undefined || hedge === undefined) return;
    const { state } = ctx;
    const fit = regressionNext(state.fit, Math.log(hedge.close), Math.log(bar.close));
    const { score } = fit;
    if (Number.isNaN(score) || ctx.warming) return;
    const { exit, stop } = this.config;
    const { side } = state;
    // How far it is on the losing side.
    const against = side === 1 || side === -1 ? -score * side : Math.abs(score);
    if (against <= exit) {
      state.barred = false;
      // The first time too: an earlier run may have left positions.
      if (side !== 0) this.#leave('spread-closed', ctx);
    } else if (side === 1 || side === -1) {
      if (against < stop) return;
      state.barred = true;
      this.#leave('spread-stop', ctx);
    } else if (!state.barred && this.#opens(fit)) {
      this.#enter(score > 0 ? -1 : 1, fit.slope, ctx);
    }
  }

  #opens({ score, slope, correlation }: Regression): boolean {
    const { enter, stop, minCorrelation } = this.config;
    const off = Math.abs(score);
    return off >= enter && off < stop && slope > 0 && correlation >= minCorrelation;
  }

  #enter(side: 1 | -1, slope: number, ctx: Context<State>): void {
    const { allocation } = this.config;
    const own = allocation / (1 + slope);
    const options = { tag: side > 0 ? 'spread-cheap' : 'spread-dear' };
    ctx.state.side = side;
    ctx.target(this.#symbol.symbol, { allocation: side * own }, options);
    ctx.target(this.#hedge.symbol, { allocation: -side * (allocation - own) }, options);
  }

  #leave(tag: string, ctx: Context<State>): void {
    ctx.state.side = 0;
    ctx.target(this.#symbol.symbol, 'flat', { tag });
    ctx.target(this.#hedge.symbol, 'flat', { tag });
  }
}
