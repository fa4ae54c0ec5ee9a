/**
 * How orders fill against recorded bars: the one model that simulator, paper venue and backtest share.
 * Prices in and out are decimal strings; nothing here draws random numbers.
 */
import { KeelError } from './errors.ts';
import type { Fill, Side } from './fill.ts';
import type { Instrument } from './instrument.ts';
import type { Kline } from './kline.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

type Ohlc = Pick<Kline, 'open' | 'high' | 'low' | 'close'>;

// Binance states commissions to 8 places (baseCommissionPrecision, quoteCommissionPrecision).
const FEE_PLACES = 8;

/**
 * The price of a market order: the current price moved against the order by `slippageBps` hundredths of a
 * per cent and then on to the next tick, buys up and sells down, never below one tick.
 */
export function marketFillPrice(order: {
  readonly side: Side;
  readonly price: string;
  readonly slippageBps: number | string;
  readonly priceTick: string;
}): string {
  const slip = new Decimal(order.slippageBps).div(10_000);
  const buys = order.side === 'buy';
  const moved = decimal(order.price).mul(buys ? slip.plus(1) : new Decimal(1).minus(slip));
  const ticks = moved
    .div(order.priceTick)
    .toDecimalPlaces(0, buys ? Decimal.ROUND_UP : Decimal.ROUND_DOWN);
  return toDecimalString(Decimal.max(ticks, 1).mul(order.priceTick));
}

/**
 * The price at which a resting limit order fills within a bar, or `null`. A touch fills at the limit; a bar
 * that opens beyond the limit fills at its open, which is better for the order.
 */
export function limitFillPrice(order: {
  readonly side: Side;
  readonly limitPrice: string;
  readonly bar: Ohlc;
}): string | null {
  const limit = decimal(order.limitPrice);
  const open = decimal(order.bar.open);
  if (order.side === 'buy') {
    if (limit.lt(order.bar.low)) return null;
    return toDecimalString(Decimal.min(limit, open));
  }
  if (limit.gt(order.bar.high)) return null;
  return toDecimalString(Decimal.max(limit, open));
}

/** True when a limit order would trade at once at `price`: then it is a taker, else it rests as a maker. */
export function isMarketable(order: {
  readonly side: Side;
  readonly limitPrice: string;
  readonly price: string;
}): boolean {
  const limit = decimal(order.limitPrice);
  return order.side === 'buy' ? limit.gte(order.price) : limit.lte(order.price);
}

/** True when a stop order is reached at `price`: a sell when the market falls to it, a buy when it rises to it. */
export function isStopReached(order: {
  readonly side: Side;
  readonly stopPrice: string;
  readonly price: string;
}): boolean {
  const stop = decimal(order.stopPrice);
  return order.side === 'buy' ? stop.lte(order.price) : stop.gte(order.price);
}

/**
 * The price at which a resting stop order is reached within a bar, or `null`; from there it is a market
 * order. A bar that opens beyond the stop reaches it at its open, which is worse for the order.
 */
export function stopReachedPrice(order: {
  readonly side: Side;
  readonly stopPrice: string;
  readonly bar: Ohlc;
}): string | null {
  const stop = decimal(order.stopPrice);
  const open = decimal(order.bar.open);
  if (order.side === 'buy') {
    if (stop.gt(order.bar.high)) return null;
    return toDecimalString(Decimal.max(stop, open));
  }
  if (stop.lt(order.bar.low)) return null;
  return toDecimalString(Decimal.min(stop, open));
}

/**
 * What a stop-limit order that waits does within a bar; null where its trigger is not reached. It is triggered as a
 * stop. From there on it is a limit order: a taker at the price that triggered it where that is within its limit,
 * else a maker at its limit where the rest of the path comes to it.
 */
export function stopLimitReached(order: {
  readonly side: Side;
  readonly stopPrice: string;
  readonly limitPrice: string;
  readonly bar: Ohlc;
}): { readonly fill: Pick<Fill, 'price' | 'liquidity'> | null } | null {
  const { side, stopPrice, limitPrice, bar } = order;
  const price = stopReachedPrice(order);
  if (price === null) return null;
  if (isMarketable({ side, limitPrice, price })) return { fill: { price, liquidity: 'taker' } };
  const path = barPath(bar);
  const triggered = path.findIndex((corner) => isStopReached({ side, stopPrice, price: corner }));
  const comes = path
    .slice(triggered)
    .some((corner) => isMarketable({ side, limitPrice, price: corner }));
  return { fill: comes ? { price: limitPrice, liquidity: 'maker' } : null };
}

/**
 * The one path assumed inside a bar: open, the extreme nearer to the open, the other extreme, close. With
 * both equally near the low comes first, so that a long position meets its stop before its target.
 */
export function barPath(bar: Ohlc): readonly [string, string, string, string] {
  const up = decimal(bar.high).minus(bar.open);
  const down = decimal(bar.open).minus(bar.low);
  return up.lt(down)
    ? [bar.open, bar.high, bar.low, bar.close]
    : [bar.open, bar.low, bar.high, bar.close];
}

/**
 * The fee of a fill, rounded to 8 places (half to even).
 * @param fill.feeIn `received`: buys pay in base and sells in quote, as Binance spot does; `quote`; or an
 * asset's name such as `BNB`, which needs `feeAssetPrice` in quote unless it is the base or the quote.
 * Throws INVALID_INPUT when that price is missing.
 */
export function feeOf(fill: {
  readonly side: Side;
  readonly price: string;
  readonly quantity: string;
  readonly liquidity: Fill['liquidity'];
  readonly instrument: Pick<Instrument, 'base' | 'quote' | 'makerFeeRate' | 'takerFeeRate'>;
  readonly feeIn: string;
  readonly feeAssetPrice?: string;
}): { feeAmount: string; feeAsset: string } {
  const { base, quote, makerFeeRate, takerFeeRate } = fill.instrument;
  const rate = fill.liquidity === 'maker' ? makerFeeRate : takerFeeRate;
  const round = (amount: Decimal): string => toDecimalString(amount.toDecimalPlaces(FEE_PLACES));
  const inBase = decimal(fill.quantity).mul(rate);
  const inQuote = inBase.mul(fill.price);

  const received = fill.side === 'buy' ? base : quote;
  const feeAsset =
    fill.feeIn === 'received' ? received : fill.feeIn === 'quote' ? quote : fill.feeIn;
  if (feeAsset === base) return { feeAmount: round(inBase), feeAsset };
  if (feeAsset === quote) return { feeAmount: round(inQuote), feeAsset };
  if (fill.feeAssetPrice === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `fees in ${feeAsset} need its price in ${quote}: pass feeAssetPrice, or set feeIn to "received" or "quote"`,
    );
  }
  return { feeAmount: round(inQuote.div(fill.feeAssetPrice)), feeAsset };
}
