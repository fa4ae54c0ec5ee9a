/** Strategies with faults on purpose, loaded by path. */
import { z } from 'zod';
import {
  type Bar,
  BaseStrategy,
  type Context,
  type Feed,
} from '../../../strategies/base-strategy.ts';

const market = {
  exchange: z.string().default('binance'),
  symbol: z.string().default('BTC/USDT'),
  interval: z.literal('1m').default('1m'),
};

/** Closes as far as the memory of the first window goes: past its end, unless it was cut. */
let closes: Float64Array | null = null;

/** Buys before a rise and sells before a fall, which it reads from the memory behind its window of bars. */
export class Cheat extends BaseStrategy<{ symbol: string }, { at: number }> {
  static readonly type = 'cheat';
  static readonly summary = 'Reads the next close.';
  static readonly config = z.strictObject(market);
  readonly feed: Feed = {
    exchange: 'binance',
    symbol: this.config.symbol,
    interval: '1m',
    warmup: 1,
  };
  feeds(): readonly Feed[] {
    return [this.feed];
  }
  initialState(): { at: number } {
    return { at: -1 };
  }
  override onKline(bar: Bar, feed: Feed, ctx: Context<{ at: number }>): void {
    const window = ctx.bars(feed).close;
    closes ??= new Float64Array(window.buffer);
    const at = (ctx.state.at += 1);
    const next = closes[at + 1] ?? Number.NaN;
    const held = ctx.position(feed.symbol).quantity !== '0';
    if (next > bar.close && !held) ctx.target(feed.symbol, { qty: '0.01' }, { tag: 'rise' });
    if (next < bar.close && held) ctx.target(feed.symbol, 'flat', { tag: 'fall' });
  }
}

/** Its average begins with the first bar it ever saw and forgets it slowly, and it asks for two bars only. */
export class Forgetful extends BaseStrategy<{ symbol: string }, { average: number | null }> {
  static readonly type = 'slow-average';
  static readonly summary = 'Holds while the close is above a slow average.';
  static readonly config = z.strictObject(market);
  readonly feed: Feed = {
    exchange: 'binance',
    symbol: this.config.symbol,
    interval: '1m',
    warmup: 2,
  };
  feeds(): readonly Feed[] {
    return [this.feed];
  }
  initialState(): { average: number | null } {
    return { average: null };
  }
  override onKline(bar: Bar, feed: Feed, ctx: Context<{ average: number | null }>): void {
    const average = ctx.state.average ?? bar.close;
    ctx.state.average = average + (bar.close - average) * 0.005;
    const held = ctx.position(feed.symbol).quantity !== '0';
    if (bar.close > average && !held) ctx.target(feed.symbol, { qty: '0.01' }, { tag: 'above' });
    if (bar.close < average && held) ctx.target(feed.symbol, 'flat', { tag: 'below' });
  }
}

/** Throws, or takes its whole thread down, where its configuration says so. */
export class Faulty extends BaseStrategy<{ symbol: string; level: number }, null> {
  static readonly type = 'faulty';
  static readonly summary = 'Fails at some levels.';
  static readonly config = z.strictObject({ ...market, level: z.int().min(0).max(4).default(0) });
  readonly feed: Feed = {
    exchange: 'binance',
    symbol: this.config.symbol,
    interval: '1m',
    warmup: 1,
  };
  feeds(): readonly Feed[] {
    return [this.feed];
  }
  initialState(): null {
    return null;
  }
  override onKline(): void {
    if (this.config.level === 1) throw new Error('level 1 is broken');
    if (this.config.level === 2) process.exit(1);
  }
}
