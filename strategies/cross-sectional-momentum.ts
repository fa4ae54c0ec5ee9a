/** Cross-sectional momentum over a list of symbols. */
import { z } from 'zod';
import {
  rateOfChangeNext,
  rateOfChangeStart,
  type RateOfChangeState,
} from '../core/indicators/rate-of-change.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { OrderView } from '../core/order.ts';
import { perpetual, symbol } from '../core/symbol.ts';
import { interval, intervalMs } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type SignalId } from './base-strategy.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbols: z
      .array(symbol)
      .min(2)
      .max(50)
      .default(['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'BNB/USDT', 'XRP/USDT'])
      .describe('the markets it ranks'),
    interval: interval.default('1d').describe('length of its bars'),
    lookback: z
      .int()
      .min(2)
      .max(365)
      .default(30)
      .describe('bars over which the return is measured'),
    hold: z.int().min(1).max(100).default(7).describe('bars from one ranking to the next'),
    top: z
      .int()
      .min(1)
      .max(20)
      .default(2)
      .describe('how many of the best are held, and of the worst sold with shorts'),
    minReturn: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe(
        'return below which no winner is held, and above whose negative no loser is sold; a fraction',
      ),
    allocation: z
      .number()
      .gt(0)
      .max(1)
      .default(0.9)
      .describe('of all positions together, fraction of equity'),
    shorts: z.boolean().default(false).describe('also sell the losers short; perpetuals only'),
  })
  .refine(({ symbols }) => new Set(symbols).size === symbols.length, {
    error: 'a symbol is listed twice',
    path: ['symbols'],
  })
  .refine(({ symbols, top, shorts }) => top * (shorts ? 2 : 1) <= symbols.length, {
    error: 'top must not exceed the number of symbols, with shorts half of it',
    path: ['top'],
  })
  .refine(({ symbols, shorts }) => !shorts || z.array(perpetual).safeParse(symbols).success, {
    error: 'shorts need perpetuals, such as BTC/USDT:USDT',
    path: ['shorts'],
  });

export type CrossSectionalMomentumConfig = z.infer<typeof config>;

type Wanted = { readonly symbol: string; readonly side: -1 | 1 };

type State = {
  /** By symbol. */
  readonly returns: Record<string, RateOfChangeState>;
  /** By symbol, what it last asked for; absent while it has asked for nothing. */
  readonly sides: Record<string, -1 | 0 | 1>;
  /** Orders of the last ranking that free money and are not over, and the positions wanted once they are. */
  exits: SignalId[];
  entries: readonly Wanted[];
  /** Number of the current stretch between rankings, counted from 1970; null before the first bar. */
  stretch: number | null;
};

/**
 * Ranks the symbols by their return over the last `lookback` bars, holds the best in equal parts, and ranks anew
 * every `hold` bars; with `shorts` it also sells the worst, so that what moves all of them cancels. It bets that what
 * rose more than its peers goes on doing so; it loses when leaders and laggards change places, mostly all at once
 * after a fall (K. Daniel and T. Moskowitz, "Momentum Crashes", Journal of Financial Economics 122, 2016).
 * N. Jegadeesh and S. Titman, "Returns to Buying Winners and Selling Losers", Journal of Finance 48 (1993); for
 * cryptocurrencies Y. Liu, A. Tsyvinski and X. Wu, "Common Risk Factors in Cryptocurrency", Journal of Finance 77
 * (2022), with lookbacks of one to four weeks.
 *
 * Exits go first; entries follow once all of them are over, for what those free pays for them.
 *
 * A symbol whose bar is missing when the others are ranked keeps its position until the next ranking.
 */
export class CrossSectionalMomentum extends BaseStrategy<CrossSectionalMomentumConfig, State> {
  static readonly type = 'cross-sectional-momentum';
  static readonly summary = 'Holds the symbols that rose most, ranked anew at fixed times.';
  static readonly config = config;

  readonly #feeds: readonly Feed[];
  readonly #barMs: number;
  readonly #stretchMs: number;
  /** Of one position, as a fraction of equity. */
  readonly #each: number;

  constructor(settings: CrossSectionalMomentumConfig) {
    super(settings);
    const {
      exchange,
      symbols,
      interval: length,
      lookback,
      hold,
      top,
      allocation,
      shorts,
    } = settings;
    const warmup = lookback + 1;
    this.#feeds = symbols.map((one) => ({ exchange, symbol: one, interval: length, warmup }));
    this.#barMs = intervalMs(length);
    this.#stretchMs = hold * this.#barMs;
    this.#each = allocation / (shorts ? 2 * top : top);
  }

  feeds(): readonly Feed[] {
    return this.#feeds;
  }

  initialState(): State {
    const { symbols, lookback } = this.config;
    return {
      returns: Object.fromEntries(symbols.map((one) => [one, rateOfChangeStart(lookback)])),
      sides: {},
      exits: [],
      entries: [],
      stretch: null,
    };
  }

  override onSlice(bars: ReadonlyMap<Feed, Bar>, ctx: Context<State>): void {
    const { state } = ctx;
    const ranked: { readonly symbol: string; readonly change: number }[] = [];
    let closeAt = 0;
    for (const [feed, bar] of bars) {
      const returns = (state.returns[feed.symbol] ??= rateOfChangeStart(this.config.lookback));
      ranked.push({ symbol: feed.symbol, change: rateOfChangeNext(returns, bar.close) });
      ({ closeAt } = bar);
    }
    const stretch = Math.floor(closeAt / this.#stretchMs);
    const begins = state.stretch !== null && stretch > state.stretch;
    state.stretch = stretch;
    if (!begins || ctx.warming) return;
    const known = ranked.filter(({ change }) => !Number.isNaN(change));
    known.sort((a, b) => b.change - a.change || a.symbol.localeCompare(b.symbol));
    this.#hold(known, ctx);
  }

  override onOrderUpdate(order: OrderView, ctx: Context<State>): void {
    const { exits } = ctx.state;
    const at = exits.indexOf(order.orderId);
    if (at === -1 || !isFinalIntent(order.state)) return;
    exits.splice(at, 1);
    if (exits.length === 0) this.#enter(ctx);
  }

  /** Exits go first, and entries wait for them: what they free pays for entries. @param ranked best first */
  #hold(ranked: readonly { symbol: string; change: number }[], ctx: Context<State>): void {
    const { top, minReturn, shorts } = this.config;
    const { state } = ctx;
    state.exits = [];
    const wanted = ranked.map(({ symbol: traded, change }, at) => {
      const wins = at < top && change >= minReturn;
      const loses = shorts && at >= ranked.length - top && change <= -minReturn;
      return { symbol: traded, side: wins ? 1 : loses ? -1 : 0 } as const;
    });
    const entries: Wanted[] = [];
    for (const { symbol: traded, side } of wanted) {
      if (side === 0) {
        if (state.sides[traded] !== 0) {
          state.exits.push(ctx.target(traded, 'flat', { tag: 'dropped' }));
        }
      } else if (this.#shrinks(traded, side, ctx)) {
        state.exits.push(this.#ask({ symbol: traded, side }, ctx));
      } else {
        entries.push({ symbol: traded, side });
      }
      state.sides[traded] = side;
    }
    state.entries = entries;
    if (state.exits.length === 0) this.#enter(ctx);
  }

  #enter(ctx: Context<State>): void {
    for (const entry of ctx.state.entries) this.#ask(entry, ctx);
    ctx.state.entries = [];
  }

  /** Also where it is held already: back to equal parts. */
  #ask({ symbol: traded, side }: Wanted, ctx: Context<State>): SignalId {
    const options = { tag: side > 0 ? 'winner' : 'loser', validForMs: this.#barMs };
    return ctx.target(traded, { allocation: side * this.#each }, options);
  }

  /** Whether more is held on that side than its part. */
  #shrinks(traded: string, side: -1 | 1, ctx: Context<State>): boolean {
    const feed = this.#feeds.find((one) => one.symbol === traded);
    const close = feed === undefined ? undefined : ctx.bars(feed).close.at(-1);
    const held = Number(ctx.position(traded).quantity) * side;
    return close !== undefined && held * close > this.#each * Number(ctx.funds.equity);
  }
}
