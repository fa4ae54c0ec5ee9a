/** Where a position's guards stand: prices from its average cost, the trailing ratchet, and what a price calls for. */
import { z } from 'zod';
import type { Side } from './fill.ts';
import { fitPrice } from './filters.ts';
import type { Instrument } from './instrument.ts';
import { Decimal, decimal } from './money.ts';
import type { StopLevel, StopSpec } from './stops.ts';

export const positionSide = z.enum(['long', 'short']);
export type PositionSide = z.infer<typeof positionSide>;

/** What made a guard close its position. */
export const guardExit = z.enum(['stop-loss', 'trailing', 'take-profit']);
export type GuardExit = z.infer<typeof guardExit>;

/** Prices in quote, on the tick. The tighter of stop-loss and trailing stop is the stop that stands. */
export interface GuardLevels {
  readonly stop: string | null;
  readonly stopKind: Exclude<GuardExit, 'take-profit'> | null;
  readonly takeProfit: string | null;
}

export const NO_LEVELS: GuardLevels = { stop: null, stopKind: null, takeProfit: null };

/** A trailing stop follows in steps of this share of its distance: each step replaces an order at the venue. */
const RATCHET_STEP = '0.1';

export function sideOf(quantity: string): PositionSide | null {
  const held = decimal(quantity);
  if (held.isZero()) return null;
  return held.isNegative() ? 'short' : 'long';
}

/** The side of an order that closes the position. */
export function exitSide(side: PositionSide): Side {
  return side === 'long' ? 'sell' : 'buy';
}

/** `price` moved by a fraction of itself to the side on which the position loses (or, negated, wins). */
function away(price: string, fraction: Decimal, side: PositionSide): Decimal {
  const share = side === 'long' ? fraction.neg() : fraction;
  return decimal(price).mul(share.plus(1));
}

function resolve(level: StopLevel, cost: string, side: PositionSide, loses: boolean): Decimal {
  if ('price' in level) return decimal(level.price);
  const fraction = decimal(level.fraction);
  return away(cost, loses ? fraction : fraction.neg(), side);
}

/** True when `a` protects a position sooner than `b`. */
function tighter(a: Decimal, b: Decimal, side: PositionSide): boolean {
  return side === 'long' ? a.gt(b) : a.lt(b);
}

/**
 * The prices at which the position is left.
 * @param position `averageCost` in quote; `best` is the best price since it opened
 */
export function guardLevels(
  spec: StopSpec,
  position: { readonly side: PositionSide; readonly averageCost: string; readonly best: string },
  instrument: Instrument,
): GuardLevels {
  const { side, averageCost, best } = position;
  // Sells are rounded up and buys down: the stop acts no later, the profit is no smaller.
  const fit = (price: Decimal): string | null =>
    price.lte(0) ? null : fitPrice(instrument, exitSide(side), price.toFixed());
  const { stopLoss, takeProfit, trailing } = spec;
  const fixed = stopLoss && resolve(stopLoss, averageCost, side, true);
  const trailed = trailing && away(best, decimal(trailing.fraction), side);
  const trails = trailed !== undefined && (fixed === undefined || tighter(trailed, fixed, side));
  const price = trails ? trailed : fixed;
  const stop = price === undefined ? null : fit(price);
  return {
    stop,
    stopKind: stop === null ? null : trails ? 'trailing' : 'stop-loss',
    takeProfit: takeProfit ? fit(resolve(takeProfit, averageCost, side, false)) : null,
  };
}

/** The better of two prices for the position. */
export function betterPrice(a: string, b: string, side: PositionSide): string {
  return decimal(a).gt(b) === (side === 'long') ? a : b;
}

/** True when `price` has reached the stop from the position's side. */
export function reachesStop(levels: GuardLevels, price: string, side: PositionSide): boolean {
  if (levels.stop === null) return false;
  return side === 'long' ? decimal(price).lte(levels.stop) : decimal(price).gte(levels.stop);
}

export function reachesProfit(levels: GuardLevels, price: string, side: PositionSide): boolean {
  if (levels.takeProfit === null) return false;
  return side === 'long'
    ? decimal(price).gte(levels.takeProfit)
    : decimal(price).lte(levels.takeProfit);
}

/** True when the trailing stop that follows from `price` is worth replacing the one that stands. */
export function isWorthRatchet(
  spec: StopSpec,
  levels: GuardLevels,
  price: string,
  side: PositionSide,
  instrument: Pick<Instrument, 'priceTick'>,
): boolean {
  if (spec.trailing === undefined) return false;
  const { fraction } = spec.trailing;
  const next = away(price, decimal(fraction), side);
  if (levels.stop === null) return true;
  const step = Decimal.max(instrument.priceTick, decimal(price).mul(fraction).mul(RATCHET_STEP));
  const gain = next.minus(levels.stop);
  return (side === 'long' ? gain : gain.neg()).gte(step);
}
