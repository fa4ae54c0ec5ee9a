/** Funding carry on a perpetual. */
import { z } from 'zod';
import { smaNext, smaStart, type SmaState } from '../core/indicators/sma.ts';
import { perpetual } from '../core/symbol.ts';
import { interval, intervalMs } from '../core/time.ts';
import { fundingName } from './aux-names.ts';
import { type Bar, BaseStrategy, type Context, type Feed } from './base-strategy.ts';
import { ONE_SIZE, shortOf, sizeOf, sizing, type StatedSize, statesOneSize } from './sizing.ts';

/** Longest time from one rate to the next; after a day without one nothing is known. */
const FUNDING_MS = 28_800_000;
const STALE_MS = 86_400_000;

const config = z
  .strictObject({
    exchange: z.string().min(1).default('binance').describe('where it trades'),
    symbol: perpetual.default('BTC/USDT:USDT').describe('the market it trades'),
    interval: interval.default('1h').describe('length of its bars'),
    smoothing: z.int().min(1).max(90).default(3).describe('funding rates whose mean it goes by'),
    enter: z
      .number()
      .min(0.00001)
      .max(0.01)
      .default(0.0002)
      .describe('mean rate a funding period at which it takes the paid side, a fraction'),
    exit: z
      .number()
      .min(0)
      .max(0.005)
      .default(0.00005)
      .describe('mean rate at which that no longer pays, a fraction'),
    longs: z.boolean().default(true).describe('also go long, while the rate is negative'),
    ...sizing(),
  })
  .refine((value) => intervalMs(value.interval) <= FUNDING_MS, {
    error: 'rates come every eight hours or oftener: use an interval of 4h or shorter',
    path: ['interval'],
  })
  .refine((value) => value.exit < value.enter, {
    error: 'exit must be below enter',
    path: ['exit'],
  })
  .refine(statesOneSize, ONE_SIZE);

export type FundingCarryConfig = z.infer<typeof config>;

type State = {
  readonly rates: SmaState;
  /** Null until so many rates are known. */
  mean: number | null;
  /** `publishedAt` of the newest rate. */
  publishedAt: number | null;
  /** What it last asked for; null while it has asked for nothing, since an earlier run may have left a position. */
  side: -1 | 0 | 1 | null;
};

/**
 * Takes the side of a perpetual that is paid funding: short while longs pay, long while shorts pay, flat in between.
 * It bets that the payments outweigh what the price does meanwhile; it loses when the crowd that pays for its side is
 * right, for it is not hedged. To earn the carry alone, hold the asset itself, for as much, on a spot account: an
 * instance trades one account. R. Koijen, T. Moskowitz, L. Pedersen and E. Vrugt, "Carry", Journal of Financial
 * Economics 127 (2018); M. Schmeling, A. Schrimpf and K. Todorov, "Crypto Carry", BIS Working Paper 1087 (2023).
 *
 * Reads `ctx.aux('funding:<exchange>:<symbol>')`: the last rate, as a fraction, positive where longs pay. Without
 * one for a day it asks to be flat.
 */
export class FundingCarry extends BaseStrategy<FundingCarryConfig, State> {
  static readonly type = 'funding-carry';
  static readonly summary = 'Takes the side of a perpetual that is paid funding.';
  static readonly config = config;

  readonly #feed: Feed;
  readonly #size: StatedSize;
  readonly #funding: string;

  constructor(settings: FundingCarryConfig) {
    super(settings);
    const { exchange, symbol: traded, interval: length, smoothing } = settings;
    const warmup = Math.ceil(((smoothing + 1) * FUNDING_MS) / intervalMs(length));
    this.#feed = { exchange, symbol: traded, interval: length, warmup };
    this.#size = sizeOf(settings);
    this.#funding = fundingName(settings);
  }

  feeds(): readonly Feed[] {
    return [this.#feed];
  }

  initialState(): State {
    return { rates: smaStart(this.config.smoothing), mean: null, publishedAt: null, side: null };
  }

  override onKline(_bar: Bar, feed: Feed, ctx: Context<State>): void {
    const { state } = ctx;
    const funding = ctx.aux(this.#funding);
    if (funding !== undefined && funding.publishedAt !== state.publishedAt) {
      const mean = smaNext(state.rates, funding.value);
      state.mean = Number.isNaN(mean) ? null : mean;
      state.publishedAt = funding.publishedAt;
    }
    if (ctx.warming) return;
    const before = state.side;
    const known = state.publishedAt !== null && ctx.now - state.publishedAt <= STALE_MS;
    const side = known ? this.#sideAt(state.mean, before) : 0;
    if (side === before || side === null) return;
    state.side = side;
    if (side === 0) {
      ctx.target(feed.symbol, 'flat', { tag: known ? 'funding-small' : 'funding-unknown' });
    } else {
      const size = side > 0 ? this.#size : shortOf(this.#size);
      ctx.target(feed.symbol, size, { tag: side > 0 ? 'shorts-pay' : 'longs-pay' });
    }
  }

  /** The side to be on; between `exit` and `enter` it stays as it is. */
  #sideAt(mean: number | null, side: State['side']): State['side'] {
    const { enter, exit, longs } = this.config;
    if (mean === null) return side;
    if (mean >= enter) return -1;
    if (longs && mean <= -enter) return 1;
    return this.#paid(mean, side) <= exit ? 0 : side;
  }

  /** What the side is paid each period; without a side, what the better one would be. */
  #paid(mean: number, side: State['side']): number {
    if (side === 1) return -mean;
    if (side === -1 || !this.config.longs) return mean;
    return Math.abs(mean);
  }
}
