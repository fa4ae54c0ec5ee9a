/** Donchian breakout with the Turtles' units and stops. */
import { z } from 'zod';
import { atrNext, atrStart, type AtrState } from '../core/indicators/atr.ts';
import {
  extremeNext,
  extremeOf,
  type ExtremeState,
  highestStart,
  lowestStart,
} from '../core/indicators/extreme.ts';
import { Decimal, decimal, toDecimalString } from '../core/money.ts';
import { perpetual, symbol } from '../core/symbol.ts';
import { interval } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from './base-strategy.ts';
import { quantityOf } from './sizing.ts';

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1d').describe('length of its bars'),
    entry: z
      .int()
      .min(3)
      .max(300)
      .default(20)
      .describe('bars of the channel whose breakout enters'),
    exit: z.int().min(2).max(200).default(10).describe('bars of the channel whose breakout leaves'),
    atr: z.int().min(2).max(100).default(20).describe('bars of the average true range, N'),
    risk: z
      .number()
      .min(0.001)
      .max(0.1)
      .default(0.02)
      .describe('fraction of equity lost at the stop, a unit'),
    stopAtr: z
      .number()
      .min(0.5)
      .max(10)
      .default(2)
      .describe("N from the newest unit's price to the stop"),
    addAtr: z
      .number()
      .min(0.1)
      .max(5)
      .default(0.5)
      .describe('N the price runs before the next unit'),
    maxUnits: z.int().min(1).max(10).default(4).describe('units held at most'),
    maxAllocation: z
      .number()
      .gt(0)
      .max(5)
      .default(0.95)
      .describe('cost of all units at most, fraction of equity; each may cost its share'),
    shorts: z.boolean().default(false).describe('also sell short; perpetuals only'),
  })
  .refine((value) => value.exit < value.entry, {
    error: 'exit must be below entry',
    path: ['exit'],
  })
  .refine((value) => !value.shorts || perpetual.safeParse(value.symbol).success, {
    error: 'shorts need a perpetual, such as BTC/USDT:USDT',
    path: ['shorts'],
  });

export type TurtleConfig = z.infer<typeof config>;

type State = {
  readonly entryHigh: ExtremeState;
  readonly entryLow: ExtremeState;
  readonly exitHigh: ExtremeState;
  readonly exitLow: ExtremeState;
  readonly atr: AtrState;
  /** What it last asked for: 1 long, −1 short; null while it has asked for nothing. */
  side: -1 | 0 | 1 | null;
  units: number;
  /** Signed, of all units, in base. */
  quantity: string;
  /** Close at which the newest unit was asked for, and the stop of all of them; 0 while there is none. */
  lastClose: number;
  stop: number;
};

/** Wilder's average forgets its start slowly; after ten periods what is left of it is below e⁻¹⁰. */
const ATR_PERIODS = 10;

/**
 * Enters when a bar closes outside the channel of the bars before it, sizes each unit by N, the average true range,
 * adds units as the price runs its way, and leaves all of it when the stop is reached or a bar closes outside the
 * shorter channel on the other side. It bets on few long trends; it loses on most entries, a little each, and long
 * markets without a trend wear it down. Richard Donchian's channel with the rules of Richard Dennis's Turtles: Curtis
 * Faith, "The Original Turtle Trading Rules" (2003) and "Way of the Turtle" (2007), without the filter that skips a
 * breakout after a winner.
 *
 * Bars decide: a stop that a bar's low (of a short, its high) reached is acted on when the bar has closed.
 */
export class Turtle extends BaseStrategy<TurtleConfig, State> {
  static readonly type = 'turtle';
  static readonly summary =
    'Trades breakouts of the Donchian channel in units sized by volatility.';
  static readonly config = config;

  readonly #feed: Feed;

  constructor(settings: TurtleConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, entry, atr } = settings;
    const warmup = Math.max(entry, atr * ATR_PERIODS);
    this.#feed = { exchange, symbol: traded, interval: length, warmup };
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    const { entry, exit, atr } = this.config;
    return {
      entryHigh: highestStart(entry),
      entryLow: lowestStart(entry),
      exitHigh: highestStart(exit),
      exitLow: lowestStart(exit),
      atr: atrStart(atr),
      side: null,
      units: 0,
      quantity: '0',
      lastClose: 0,
      stop: 0,
    };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state, warming } = ctx;
    const { shorts, maxUnits, addAtr } = this.config;
    // The channels of the bars before this one.
    const upper = extremeOf(state.entryHigh);
    const lower = extremeOf(state.entryLow);
    const exitUpper = extremeOf(state.exitHigh);
    const exitLower = extremeOf(state.exitLow);
    extremeNext(state.entryHigh, bar.high);
    extremeNext(state.entryLow, bar.low);
    extremeNext(state.exitHigh, bar.high);
    extremeNext(state.exitLow, bar.low);
    const n = atrNext(state.atr, bar);
    if (Number.isNaN(upper) || Number.isNaN(n) || warming) return;

    const { side } = state;
    const fell = bar.close < exitLower;
    const rose = bar.close > exitUpper;
    if (side === 1 && (fell || bar.low <= state.stop)) {
      this.#leave(feed, fell ? 'channel-exit' : 'stop', ctx);
    } else if (side === -1 && (rose || bar.high >= state.stop)) {
      this.#leave(feed, rose ? 'channel-exit' : 'stop', ctx);
    } else if (side === 1 || side === -1) {
      const run = (bar.close - state.lastClose) * side;
      if (state.units < maxUnits && run >= addAtr * n) this.#add(side, bar, feed, n, ctx);
    } else if (bar.close > upper) {
      this.#add(1, bar, feed, n, ctx);
    } else if (shorts && bar.close < lower) {
      this.#add(-1, bar, feed, n, ctx);
    } else if (side === null && (fell || (shorts && rose))) {
      // An earlier run may have left a position.
      this.#leave(feed, 'channel-exit', ctx);
    }
  }

  #leave(feed: Feed, tag: string, ctx: Context<State>): void {
    Object.assign(ctx.state, { side: 0, units: 0, quantity: '0', lastClose: 0, stop: 0 });
    ctx.target(feed.symbol, 'flat', { tag });
  }

  /** One more unit. The target is the sum of all, so a unit that could not be bought is bought with the next. */
  #add(side: 1 | -1, bar: Bar, feed: Feed, n: number, ctx: Context<State>): void {
    const { state } = ctx;
    const { risk, stopAtr, maxAllocation, maxUnits } = this.config;
    const stop = bar.close - side * stopAtr * n;
    // A price that hardly ever moved gives no distance to size by.
    if (stop === bar.close) return;
    const at = {
      close: bar.close,
      equity: () => decimal(ctx.funds.equity),
      stop: toDecimalString(new Decimal(stop)),
    };
    const byRisk = decimal(quantityOf({ risk }, at));
    const most = decimal(quantityOf({ allocation: (side * maxAllocation) / maxUnits }, at));
    const unit = byRisk.abs().lt(most.abs()) ? byRisk : most;
    const first = state.units === 0;
    state.side = side;
    state.units += 1;
    state.quantity = toDecimalString(unit.plus(state.quantity));
    state.lastClose = bar.close;
    // N may have grown: a stop never moves away.
    if (first) state.stop = stop;
    else state.stop = side > 0 ? Math.max(state.stop, stop) : Math.min(state.stop, stop);
    ctx.target(feed.symbol, { qty: state.quantity }, { tag: `unit-${String(state.units)}` });
  }
}
