/**
 * The parts of OKX's answers that we read. Fields we do not read are let through; a field we read that is
 * missing or of another type fails the parse. Numbers and times arrive as strings, `""` where there is none.
 */
import { z } from 'zod';
import { amount, answerParser } from '../answers.ts';

export const parseAnswer = answerParser('OKX');

/** `"1597026383085"` → milliseconds UTC. */
export const milliseconds = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number);
/** Zero where the venue says nothing. */
export const amountOrNone = z
  .literal('')
  .transform(() => '0')
  .or(amount);
const side = z.enum(['buy', 'sell']);

/** What every answer is wrapped in. */
export function rowsOf<T extends z.ZodType>(row: T) {
  return z.object({ data: z.array(row) });
}

export const timeRow = z.object({ ts: milliseconds });

/** `trade/order`, `orders-pending`, `orders-history`, and the channel `orders`. */
export const orderRow = z.object({
  instId: z.string().min(1),
  ordId: z.string().min(1),
  /** Empty for what the venue made itself. */
  clOrdId: z.string(),
  /** Of a triggered stop: the stop it came from. */
  algoId: z.string().default(''),
  algoClOrdId: z.string().default(''),
  side,
  ordType: z.string(),
  px: amountOrNone,
  sz: amount,
  accFillSz: amountOrNone,
  avgPx: amountOrNone,
  state: z.string().min(1),
  /** `normal`, `full_liquidation`, `partial_liquidation`, `adl` … */
  category: z.string(),
  cTime: milliseconds,
  uTime: milliseconds,
});
export type RawOrder = z.infer<typeof orderRow>;

/** `trade/order-algo`, `orders-algo-pending`, `orders-algo-history`, and the channel `orders-algo`. */
export const algoRow = z.object({
  instId: z.string().min(1),
  algoId: z.string().min(1),
  algoClOrdId: z.string(),
  /** The order it became; empty until then. */
  ordId: z.string(),
  side,
  sz: amount,
  slTriggerPx: amountOrNone,
  state: z.string().min(1),
  cTime: milliseconds,
  uTime: milliseconds.optional(),
});
export type RawAlgo = z.infer<typeof algoRow>;

export const fillRow = z.object({
  instId: z.string().min(1),
  tradeId: z.string().min(1),
  ordId: z.string().min(1),
  clOrdId: z.string(),
  billId: z.string().min(1),
  side,
  fillPx: amount,
  fillSz: amount,
  /** What it realised of a contract's position, without the fee. */
  fillPnl: amountOrNone,
  /** T took, M made. */
  execType: z.enum(['T', 'M']).or(z.literal('')),
  /** Negative is paid. */
  fee: amountOrNone,
  feeCcy: z.string(),
  ts: milliseconds,
});
export type RawFill = z.infer<typeof fillRow>;

/** The answer to a new order or cancel that was done. */
export const placedRow = z.object({ ordId: z.string().min(1) });
export const placedAlgoRow = z.object({ algoId: z.string().min(1) });

export const balanceRow = z.object({
  details: z.array(
    z.object({ ccy: z.string().min(1), cashBal: amountOrNone, availBal: amountOrNone }),
  ),
});

export const feeRow = z.object({
  maker: amountOrNone,
  taker: amountOrNone,
  /** Of USDT-margined contracts. */
  makerU: amountOrNone,
  takerU: amountOrNone,
});

const level = z.tuple([amount, amount]).rest(z.unknown());
export const bookRow = z.object({ asks: z.array(level), bids: z.array(level), ts: milliseconds });
