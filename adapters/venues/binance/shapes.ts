/**
 * The parts of Binance's REST answers that we read. Fields we do not read are let through; a field we read
 * that is missing or of another type fails the parse. Numbers arrive as strings and stay strings.
 */
import { z } from 'zod';
import { amount, answerParser } from '../answers.ts';

/** Ids are numbers within 2^53. */
const id = z.union([z.int(), z.string().min(1)]).transform(String);

export const serverTimeSchema = z.object({ serverTime: z.int().positive() });

export const rawOrderSchema = z.object({
  symbol: z.string().min(1),
  orderId: id,
  clientOrderId: z.string(),
  price: amount,
  /** The trigger of a stop; `"0"` or absent for what has none. */
  stopPrice: amount.optional(),
  origQty: amount,
  executedQty: amount,
  cummulativeQuoteQty: amount,
  status: z.string().min(1),
  type: z.string().min(1),
  side: z.enum(['BUY', 'SELL']),
  /** False while a stop waits for its trigger. */
  isWorking: z.boolean().optional(),
  /** Of a query; a new order tells transactTime. */
  updateTime: z.int().optional(),
  transactTime: z.int().optional(),
});
export type RawOrder = z.infer<typeof rawOrderSchema>;

/** `newOrderRespType=FULL`. */
export const newOrderSchema = rawOrderSchema.extend({
  fills: z.array(
    z.object({
      price: amount,
      qty: amount,
      commission: amount,
      commissionAsset: z.string(),
      tradeId: id,
    }),
  ),
});
export type RawNewOrder = z.infer<typeof newOrderSchema>;

export const rawTradeSchema = z.object({
  symbol: z.string().min(1),
  id,
  orderId: id,
  price: amount,
  qty: amount,
  commission: amount,
  commissionAsset: z.string().min(1),
  time: z.int(),
  isBuyer: z.boolean(),
  isMaker: z.boolean(),
});
export type RawTrade = z.infer<typeof rawTradeSchema>;

export const accountSchema = z.object({
  balances: z.array(z.object({ asset: z.string().min(1), free: amount, locked: amount })),
  commissionRates: z.object({ maker: amount, taker: amount }).optional(),
});

const bookLevel = z.tuple([amount, amount]);
export const depthSchema = z.object({ bids: z.array(bookLevel), asks: z.array(bookLevel) });

export const tickerPriceSchema = z.object({ price: amount });

export const parseAnswer = answerParser('Binance');
