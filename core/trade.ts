/**
 * Round trips: what a person calls a trade, from flat to flat, reckoned from fills. Positions are kept by
 * `applyFill`, so the trades' P&L adds up to the position's realised P&L.
 */
import { z } from 'zod';
import type { Fill } from './fill.ts';
import type { Kline } from './kline.ts';
import { applyFill, emptyPosition } from './ledger.ts';
import { decimalString, positiveDecimal } from './decimal-strings.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import type { Position } from './position.ts';
import { parseSymbol, symbol } from './symbol.ts';
import { timestamp } from './time.ts';

export const tradeSchema = z.strictObject({
  symbol,
  /** Counts up from 1 in the order of entries. */
  tradeNumber: z.int().positive(),
  side: z.enum(['long', 'short']),
  entryAt: timestamp,
  /** Null while the trade is open, as are exit tag, exit price and P&L. */
  exitAt: timestamp.nullable(),
  /** Tag of the first fill, and of the last. */
  entryTag: z.string(),
  exitTag: z.string().nullable(),
  /** Base traded into the position, before fees. */
  quantity: positiveDecimal,
  /** Averages of the fills that grew the position, and of those that shrank it. 18 places. */
  entryPrice: positiveDecimal,
  exitPrice: positiveDecimal.nullable(),
  /** Realised, in quote, after fees in base and quote. */
  pnl: decimalString.nullable(),
  /** In quote: fees paid in quote, and in base at the fill's price. Fees in a third asset are not in it. */
  fees: decimalString,
  /** Largest unrealised loss (zero or less) and gain (zero or more) on the way, in quote; null without bars. */
  mae: decimalString.nullable(),
  mfe: decimalString.nullable(),
});

export type Trade = Readonly<z.infer<typeof tradeSchema>>;
export type TaggedFill = Fill & { readonly tag: string };

interface Builder {
  readonly long: boolean;
  readonly entryAt: number;
  readonly entryTag: string;
  readonly realisedBefore: Decimal;
  entered: Decimal;
  enteredQuote: Decimal;
  left: Decimal;
  leftQuote: Decimal;
  fees: Decimal;
}

const PRICE_PLACES = 18;

function average(quote: Decimal, quantity: Decimal): string {
  return toDecimalString(quote.div(quantity).toDecimalPlaces(PRICE_PLACES));
}

function feeInQuote(fill: TaggedFill): Decimal {
  const { base, quote } = parseSymbol(fill.symbol);
  if (fill.feeAsset === quote) return decimal(fill.feeAmount);
  if (fill.feeAsset === base) return decimal(fill.feeAmount).mul(fill.price);
  return new Decimal(0);
}

function begin(fill: TaggedFill, position: Position): Builder {
  const zero = new Decimal(0);
  return {
    long: fill.side === 'buy',
    entryAt: fill.executedAt,
    entryTag: fill.tag,
    realisedBefore: decimal(position.realisedPnl),
    entered: zero,
    enteredQuote: zero,
    left: zero,
    leftQuote: zero,
    fees: zero,
  };
}

function take(trade: Builder, fill: TaggedFill): void {
  const quote = decimal(fill.quantity).mul(fill.price);
  if ((fill.side === 'buy') === trade.long) {
    trade.entered = trade.entered.plus(fill.quantity);
    trade.enteredQuote = trade.enteredQuote.plus(quote);
  } else {
    trade.left = trade.left.plus(fill.quantity);
    trade.leftQuote = trade.leftQuote.plus(quote);
  }
  trade.fees = trade.fees.plus(feeInQuote(fill));
}

/** Worst and best unrealised P&L of the trade's quantity over the bars it lived through. */
function excursions(
  trade: Builder,
  exitAt: number | null,
  bars: readonly Kline[],
): { mae: string | null; mfe: string | null } {
  const [first, ...rest] = bars.filter(
    (bar) => bar.closeAt > trade.entryAt && (exitAt === null || bar.openAt < exitAt),
  );
  if (first === undefined) return { mae: null, mfe: null };
  // Not Decimal.min(...lows): a trade may outlive more bars than a call takes arguments.
  let low = decimal(first.low);
  let high = decimal(first.high);
  for (const bar of rest) {
    low = Decimal.min(low, bar.low);
    high = Decimal.max(high, bar.high);
  }
  const entry = trade.enteredQuote.div(trade.entered);
  const fall = low.minus(entry).mul(trade.entered);
  const rise = high.minus(entry).mul(trade.entered);
  const [worst, best] = trade.long ? [fall, rise] : [rise.neg(), fall.neg()];
  return {
    mae: toDecimalString(Decimal.min(worst, 0).toDecimalPlaces(PRICE_PLACES)),
    mfe: toDecimalString(Decimal.max(best, 0).toDecimalPlaces(PRICE_PLACES)),
  };
}

function finish(
  trade: Builder,
  tradeNumber: number,
  exit: { readonly fill: TaggedFill; readonly after: Position } | null,
  fillSymbol: string,
  bars: readonly Kline[],
): Trade {
  const exitAt = exit?.fill.executedAt ?? null;
  return {
    symbol: fillSymbol,
    tradeNumber,
    side: trade.long ? 'long' : 'short',
    entryAt: trade.entryAt,
    exitAt,
    entryTag: trade.entryTag,
    exitTag: exit?.fill.tag ?? null,
    quantity: toDecimalString(trade.entered),
    entryPrice: average(trade.enteredQuote, trade.entered),
    exitPrice: exit === null ? null : average(trade.leftQuote, trade.left),
    pnl:
      exit === null
        ? null
        : toDecimalString(decimal(exit.after.realisedPnl).minus(trade.realisedBefore)),
    fees: toDecimalString(trade.fees),
    ...excursions(trade, exitAt, bars),
  };
}

/** A fill that crosses zero, cut in two at zero; any other fill as it is. */
function cutAtZero(position: Position, fill: TaggedFill): TaggedFill[] {
  const held = decimal(position.quantity);
  const quantity = decimal(fill.quantity);
  const closes = !held.isZero() && held.isNegative() === (fill.side === 'buy');
  if (!closes || quantity.lte(held.abs())) return [fill];
  const fee = decimal(fill.feeAmount);
  const firstFee = fee.mul(held.abs()).div(quantity).toDecimalPlaces(PRICE_PLACES);
  return [
    { ...fill, quantity: toDecimalString(held.abs()), feeAmount: toDecimalString(firstFee) },
    {
      ...fill,
      quantity: toDecimalString(quantity.minus(held.abs())),
      feeAmount: toDecimalString(fee.minus(firstFee)),
    },
  ];
}

/**
 * The round trips of one strategy in one symbol.
 *
 * A fee in base leaves dust: what is below the symbol's step can be neither sold nor bought back. So a trade ends
 * when what is left after an exit is below the step; the dust and its cost go into the next trade.
 * @param fills of one symbol, oldest first, each with its order's tag; from the first one ever
 * @param quantityStep of the symbol, in base
 * @param bars of that symbol in any order; without them MAE and MFE are null. A bar counts in full when the
 * trade lived in any part of it.
 */
export function roundTrips(
  fills: readonly TaggedFill[],
  quantityStep: string,
  bars: readonly Kline[] = [],
): Trade[] {
  const first = fills[0];
  if (first === undefined) return [];
  const trades: Trade[] = [];
  let position = emptyPosition(first.symbol);
  let open: Builder | null = null;
  for (const whole of fills) {
    for (const fill of cutAtZero(position, whole)) {
      open ??= begin(fill, position);
      position = applyFill(position, fill);
      take(open, fill);
      const exits = (fill.side === 'buy') !== open.long;
      if (exits && decimal(position.quantity).abs().lt(quantityStep)) {
        const exit = { fill, after: position };
        trades.push(finish(open, trades.length + 1, exit, first.symbol, bars));
        open = null;
      }
    }
  }
  if (open !== null) trades.push(finish(open, trades.length + 1, null, first.symbol, bars));
  return trades;
}
