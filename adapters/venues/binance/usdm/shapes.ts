/** The parts of Binance USDⓈ-M's REST answers that we read. Numbers arrive as strings and stay strings. */
import { z } from 'zod';
import { amount } from '../../answers.ts';
import { rateLimitsSchema } from '../limits.ts';

/** Ids are numbers within 2^53. */
const id = z.union([z.int(), z.string().min(1)]).transform(String);

export const contractOrderSchema = z.object({
  symbol: z.string().min(1),
  orderId: id,
  clientOrderId: z.string(),
  price: amount,
  origQty: amount,
  executedQty: amount,
  cumQuote: amount,
  status: z.string().min(1),
  type: z.string().min(1),
  side: z.enum(['BUY', 'SELL']),
  updateTime: z.int(),
});
export type ContractOrder = z.infer<typeof contractOrderSchema>;

/** A conditional order at the Algo Service. */
export const algoOrderSchema = z.object({
  symbol: z.string().min(1),
  algoId: id,
  clientAlgoId: z.string(),
  algoStatus: z.string().min(1),
  side: z.enum(['BUY', 'SELL']),
  quantity: amount,
  triggerPrice: amount,
  /** The order it became; empty before. */
  actualOrderId: z
    .union([z.int().transform(String), z.string(), z.null()])
    .optional()
    .transform((value) => (value === undefined || value === '' || value === '0' ? null : value)),
  updateTime: z.int(),
});
export type AlgoOrder = z.infer<typeof algoOrderSchema>;

export const contractTradeSchema = z.object({
  symbol: z.string().min(1),
  id,
  orderId: id,
  price: amount,
  qty: amount,
  commission: amount,
  commissionAsset: z.string().min(1),
  realizedPnl: amount,
  time: z.int(),
  buyer: z.boolean(),
  maker: z.boolean(),
});
export type ContractTrade = z.infer<typeof contractTradeSchema>;

export const walletSchema = z.array(
  z.object({ asset: z.string().min(1), balance: amount, availableBalance: amount }),
);

export const positionsSchema = z.array(
  z.object({ symbol: z.string().min(1), positionAmt: amount }),
);

export const fundingRatesSchema = z.array(z.object({ fundingRate: amount, fundingTime: z.int() }));

export const incomeSchema = z.array(
  z.object({
    symbol: z.string(),
    incomeType: z.string(),
    income: amount,
    asset: z.string().min(1),
    time: z.int(),
    tranId: id,
  }),
);

export const commissionSchema = z.object({
  makerCommissionRate: amount,
  takerCommissionRate: amount,
});

export const positionModeSchema = z.object({ dualSidePosition: z.boolean() });

export const symbolConfigSchema = z.array(
  z.object({
    symbol: z.string().min(1),
    marginType: z.enum(['CROSSED', 'ISOLATED']),
    leverage: z.int().positive(),
  }),
);
export type SymbolConfig = z.infer<typeof symbolConfigSchema>[number];

export const listenKeySchema = z.object({ listenKey: z.string().min(1) });

export const markPriceSchema = z.object({ markPrice: amount });

const listingSchema = z.object({
  symbol: z.string().min(1),
  contractType: z.string(),
  baseAsset: z.string().min(1),
  quoteAsset: z.string().min(1),
  marginAsset: z.string().min(1),
  filters: z.array(z.looseObject({ filterType: z.string() })),
});
export type ContractListing = z.infer<typeof listingSchema>;

export const contractInfoSchema = z.object({
  rateLimits: rateLimitsSchema,
  symbols: z.array(listingSchema),
});
