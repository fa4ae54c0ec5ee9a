/** Channel breakout. */
import { z } from 'zod';
import { symbol } from '../../core/symbol.ts';
import { interval } from '../../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from '../../strategies/base-strategy.ts';

const config = z.strictObject({
  // These three say which bars it gets; a backtest fills them in from its data.
  exchange: z.string().min(1).default('binance'),
  symbol: symbol.default('BTC/USDT'),
  interval: interval.default('1h'),
  lookback: z.int().min(2).max(500).default(48).describe('bars of the channel'),
  allocation: z.number().gt(0).max(1).default(0.5).describe("fraction of the strategy's equity"),
});

type Config = z.infer<typeof config>;

/** All it remembers, as JSON: it is stored after every bar, so that it goes on after a restart. */
type State = { long: boolean };

/**
 * Buys a close above the highest close of the last `lookback` bars, and sells one below the lowest. Say here what it
 * bets on, when it loses, and where the idea is from.
 */
export class MyStrategy extends BaseStrategy<Config, State> {
  static readonly type = 'my-strategy';
  static readonly summary = 'Buys a new high of its channel, sells a new low.';
  static readonly config = config;

  feeds(): readonly Feed[] {
    const { exchange, symbol: traded, interval: length, lookback } = this.config;
    return [{ exchange, symbol: traded, interval: length, warmup: lookback + 1 }];
  }

  initialState(): State {
    return { long: false };
  }

  override onKline(bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { close, length } = ctx.bars(feed);
    if (ctx.warming || length <= this.config.lookback) return;
    // The last bar is the one that just closed: the channel is what was before it.
    const before = close.subarray(0, length - 1);
    if (!ctx.state.long && bar.close > Math.max(...before)) {
      ctx.state.long = true;
      ctx.target(feed.symbol, { allocation: this.config.allocation }, { tag: 'new-high' });
    } else if (ctx.state.long && bar.close < Math.min(...before)) {
      ctx.state.long = false;
      ctx.target(feed.symbol, 'flat', { tag: 'new-low' });
    }
  }
}
