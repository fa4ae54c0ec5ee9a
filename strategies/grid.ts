/** A grid of limit orders, long only. */
import { z } from 'zod';
import { isFinalIntent } from '../core/intent-machine.ts';
import { Decimal, decimal, toDecimalString } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import { parseSymbol, symbol } from '../core/symbol.ts';
import { interval, intervalMs } from '../core/time.ts';
import { type Bar, BaseStrategy, type Context, type Feed, type SignalId } from './base-strategy.ts';
import { affordable, ONE_SIZE, sizeOf, sizing, type StatedSize, statesOneSize } from './sizing.ts';

const DEFAULT_ALLOCATION = 0.5;

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: symbol.default('BTC/USDT').describe('the market it trades'),
    interval: interval.default('1m').describe('length of its bars'),
    levels: z.int().min(1).max(50).default(10).describe('rungs below the price at the start'),
    spacing: z
      .number()
      .min(0.001)
      .max(0.2)
      .default(0.01)
      .describe(
        'from rung to rung, fraction of the price; must exceed the fees of two trades to pay',
      ),
    ...sizing('one rung', `${String(DEFAULT_ALLOCATION)} / levels`),
  })
  .refine(({ levels, allocation }) => (allocation ?? 0) * levels <= 1, {
    error: 'allocation is of one rung: times levels it must not exceed 1',
    path: ['allocation'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type GridConfig = z.infer<typeof config>;

type Rung = {
  readonly buyPrice: number;
  /** Bought here and not sold yet, in base. */
  held: string;
  /** The order under way: to buy while nothing is held, else to sell. */
  order: SignalId | null;
  /** Market time before which it asks for no further order: the last one came to nothing. */
  restUntil: number;
};

type State = {
  /** The price the rungs hang from; null before the first live bar. */
  anchor: number | null;
  rungs: readonly Rung[];
  /** All orders are being cancelled, to hang the grid higher. */
  moving: boolean;
};

/** An order that was refused or ran out is asked for again only after so many bars. */
const REST_BARS = 10;
/** Enough for every venue's tick, and without the tail of a float. */
const PRICE_DIGITS = 10;

function priceOf(value: number): number {
  return Number(value.toPrecision(PRICE_DIGITS));
}

/**
 * Rests limit orders to buy on rungs below the price. What one buys is offered one rung higher, and once that is sold
 * the rung buys again. When everything is sold and the price has left the grid upwards by a rung, the grid is hung
 * anew below the price. It bets that the price goes back and forth in a range, and takes a rung's spacing less fees
 * each time; it loses when the price falls out of the range, for then it holds all it could buy and waits, without a
 * stop, and it misses a rise. Aldo Taranto and Shahjahan Khan, "Gambler's ruin problem and bi-directional grid
 * constrained trading and investment strategies", Investment Management and Financial Innovations 17 (2020), who show
 * that without a bound such grids end in ruin: here the number of rungs bounds what is bought.
 *
 * It knows only what its own run bought. Stop it with a flatten where nothing is to be left behind.
 */
export class Grid extends BaseStrategy<GridConfig, State> {
  static readonly type = 'grid';
  static readonly summary =
    'Rests buy orders on rungs below the price and sells each a rung higher.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: StatedSize;
  readonly #base: string;

  constructor(settings: GridConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, levels } = settings;
    this.#feed = { exchange, symbol: traded, interval: length, warmup: 1 };
    this.#size = sizeOf(settings, DEFAULT_ALLOCATION / levels);
    this.#base = parseSymbol(traded).base;
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    return { anchor: null, rungs: [], moving: false };
  }

  override onKline(bar: Bar, _feed: Feed, ctx: Context<State>): void {
    if (ctx.warming) return;
    const { state } = ctx;
    const empty = state.rungs.every(({ held }) => held === '0');
    const above = state.anchor === null || bar.close > state.anchor * (1 + this.config.spacing);
    state.moving = empty && (state.moving || above);
    if (state.moving) {
      for (const { order } of state.rungs) if (order !== null) ctx.cancel(order);
      // What a cancel meets is known only once the order's end is told: it may have bought.
      if (state.rungs.every(({ order }) => order === null)) this.#hang(bar.close, state);
    }
    if (!state.moving) for (const rung of state.rungs) this.#place(rung, bar.close, ctx);
  }

  override onOrderUpdate(order: OrderView, ctx: Context<State>): void {
    if (!isFinalIntent(order.state)) return;
    const rung = ctx.state.rungs.find((one) => one.order === order.orderId);
    if (rung === undefined) return;
    rung.order = null;
    const traded = decimal(order.filledQuantity);
    // A fee taken in base is not there to be sold.
    const fee = order.fees[this.#base] ?? '0';
    const change = (order.side === 'buy' ? traded : traded.neg()).minus(fee);
    const left = Decimal.max(change.plus(rung.held), 0);
    // What a sell in full leaves is less than the venue takes, and what it cannot sell is not there.
    const over =
      order.side === 'sell' &&
      (order.status === 'filled' || order.reasonCode === 'NOTHING_TO_SELL');
    rung.held = over ? '0' : toDecimalString(left);
    if (traded.isZero()) {
      rung.restUntil = ctx.now + REST_BARS * intervalMs(this.config.interval);
    } else if (rung.held !== '0' || !ctx.state.moving) {
      this.#place(rung, rung.buyPrice, ctx);
    }
  }

  /** Hangs the rungs below the price. */
  #hang(price: number, state: State): void {
    const { levels, spacing } = this.config;
    state.anchor = price;
    state.moving = false;
    state.rungs = Array.from({ length: levels }, (_, at) => ({
      buyPrice: priceOf(price / (1 + spacing) ** (at + 1)),
      held: '0',
      order: null,
      restUntil: 0,
    }));
  }

  /** Asks for the order that is due at a rung, if none is under way. */
  #place(rung: Rung, close: number, ctx: Context<State>): void {
    if (rung.order !== null || ctx.now < rung.restUntil) return;
    const { symbol: traded, spacing } = this.config;
    if (rung.held !== '0') {
      const limitPrice = priceOf(rung.buyPrice * (1 + spacing));
      rung.order = ctx.order(traded, 'sell', { qty: rung.held }, { tag: 'grid-sell', limitPrice });
      return;
    }
    const quantity = affordable(this.#size, close, ctx.funds);
    if (quantity === null) return;
    const { buyPrice: limitPrice } = rung;
    rung.order = ctx.order(traded, 'buy', { qty: quantity }, { tag: 'grid-buy', limitPrice });
  }
}
