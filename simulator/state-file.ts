/** Keeps an account's books and the market time in a file, for a demo that is started again. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import type { Instrument } from '../core/instrument.ts';
import { decimalString, nonNegativeDecimal, positiveDecimal } from '../core/decimal-strings.ts';
import { decimal } from '../core/money.ts';
import { positionSchema } from '../core/position.ts';
import { timestamp } from '../core/time.ts';
import type { AssetBalance } from './balances.ts';
import type { MatchingEngine } from './matching.ts';
import type { EngineOrder, EngineTrade } from './orders.ts';
import type { Replay } from './replay.ts';

const stateSchema = z.strictObject({
  version: z.literal(1),
  marketTime: timestamp,
  balances: z.array(
    z.strictObject({ asset: z.string(), free: nonNegativeDecimal, locked: nonNegativeDecimal }),
  ),
  orders: z.array(
    z.strictObject({
      orderId: z.int(),
      clientOrderId: z.string(),
      symbol: z.string(),
      side: z.enum(['buy', 'sell']),
      kind: z.enum(['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP', 'STOP_LIMIT', 'TAKE_PROFIT']),
      timeInForce: z.enum(['GTC', 'IOC', 'FOK']),
      price: nonNegativeDecimal,
      stopPrice: positiveDecimal.optional(),
      quantity: nonNegativeDecimal,
      quoteQuantity: nonNegativeDecimal,
      reduceOnly: z.boolean().default(false),
      cause: z.enum(['liquidation', 'adl']).optional(),
      placedAt: timestamp,
      triggeredAt: timestamp.optional(),
      state: z.enum(['NEW', 'PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED']),
      filled: nonNegativeDecimal,
      filledQuote: nonNegativeDecimal,
      updatedAt: timestamp,
    }),
  ),
  trades: z.array(
    z.strictObject({
      tradeId: z.int(),
      orderId: z.int(),
      price: nonNegativeDecimal,
      quantity: nonNegativeDecimal,
      quote: nonNegativeDecimal,
      feeAmount: decimalString,
      feeAsset: z.string(),
      realised: decimalString.default('0'),
      maker: z.boolean(),
      at: timestamp,
    }),
  ),
  contracts: z
    .strictObject({
      positions: z.array(positionSchema),
      settings: z.array(
        z.strictObject({
          symbol: z.string(),
          leverage: z.int().positive(),
          marginType: z.enum(['cross', 'isolated']),
        }),
      ),
      funding: z.array(
        z.strictObject({
          fundingId: z.int(),
          symbol: z.string(),
          asset: z.string(),
          amount: decimalString,
          rate: decimalString,
          at: timestamp,
        }),
      ),
    })
    .default({ positions: [], settings: [], funding: [] }),
});
export type KeptState = z.infer<typeof stateSchema>;

/** Undefined where there is no file. Throws INVALID_INPUT for a file that is no state of ours. */
export function readState(file: string): KeptState | undefined {
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new KeelError(
      'INVALID_INPUT',
      `${file} holds no simulator state: delete it to begin anew, or name another file`,
      { cause },
    );
  }
}

export interface Keeper {
  save(): void;
  /** Call after each minute. */
  afterStep(): void;
}

/** Market time alone is written only so often: after a kill it may stand so many minutes back. */
const QUIET_MINUTES = 60;

/** Writes the file on every change of the books, before the change is answered. Without a file: nothing. */
export function keepState(
  file: string | undefined,
  engine: MatchingEngine,
  replay: Replay,
): Keeper {
  if (file === undefined) {
    return { save: () => undefined, afterStep: () => undefined };
  }
  let changed = false;
  const save = (): void => {
    writeState(file, engine, replay.marketTime);
  };
  engine.onEvent(({ kind }) => {
    // The last event of every action, when its order and money are settled.
    if (kind === 'balances') {
      changed = true;
      save();
    }
  });
  return {
    save,
    afterStep: () => {
      if (changed || replay.bar % QUIET_MINUTES === 0) {
        save();
      }
      changed = false;
    },
  };
}

/** Replaces the file in one move, so that a kill leaves the old state or the new one. */
function writeState(file: string, engine: MatchingEngine, marketTime: number): void {
  const state: KeptState = {
    version: 1,
    marketTime,
    balances: engine.balances.all().map(({ asset, free, locked }) => ({
      asset,
      free: free.toFixed(),
      locked: locked.toFixed(),
    })),
    orders: engine.orders().map(keepOrder),
    trades: engine.trades().map(keepTrade),
    contracts: {
      positions: [...engine.contracts.positions()],
      settings: [...engine.contracts.allSettings()],
      funding: [...engine.contracts.funding()],
    },
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

function keepOrder(order: EngineOrder): KeptState['orders'][number] {
  const { orderId, clientOrderId, side, kind, timeInForce, placedAt, state, updatedAt } = order;
  const { stopPrice, triggeredAt, reduceOnly, cause } = order;
  return {
    orderId,
    clientOrderId,
    symbol: order.instrument.symbol,
    side,
    kind,
    timeInForce,
    price: order.price.toFixed(),
    ...(stopPrice === undefined ? {} : { stopPrice: stopPrice.toFixed() }),
    quantity: order.quantity.toFixed(),
    quoteQuantity: order.quoteQuantity.toFixed(),
    reduceOnly,
    ...(cause === undefined ? {} : { cause }),
    placedAt,
    ...(triggeredAt === undefined ? {} : { triggeredAt }),
    state,
    filled: order.filled.toFixed(),
    filledQuote: order.filledQuote.toFixed(),
    updatedAt,
  };
}

function keepTrade(trade: EngineTrade): KeptState['trades'][number] {
  const { tradeId, feeAsset, maker, at } = trade;
  return {
    tradeId,
    orderId: trade.order.orderId,
    price: trade.price.toFixed(),
    quantity: trade.quantity.toFixed(),
    quote: trade.quote.toFixed(),
    feeAmount: trade.feeAmount.toFixed(),
    feeAsset,
    realised: trade.realised.toFixed(),
    maker,
    at,
  };
}

/** Puts kept books into an engine. Throws INVALID_INPUT for a symbol that is not on offer any more. */
export function restoreState(
  state: KeptState,
  engine: MatchingEngine,
  instruments: readonly Instrument[],
): void {
  const orders = new Map<number, EngineOrder>();
  for (const {
    symbol,
    price,
    stopPrice,
    triggeredAt,
    cause,
    quantity,
    quoteQuantity,
    filled,
    filledQuote,
    ...kept
  } of state.orders) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    if (instrument === undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `the kept state has orders in ${symbol}, which is not recorded: add its recording, or delete the state file`,
      );
    }
    orders.set(kept.orderId, {
      ...kept,
      instrument,
      price: decimal(price),
      stopPrice: stopPrice === undefined ? undefined : decimal(stopPrice),
      triggeredAt,
      cause,
      quantity: decimal(quantity),
      quoteQuantity: decimal(quoteQuantity),
      filled: decimal(filled),
      filledQuote: decimal(filledQuote),
      plan: undefined,
    });
  }
  const trades = state.trades.flatMap(({ orderId, price, quantity, quote, ...kept }) => {
    const order = orders.get(orderId);
    return order === undefined
      ? []
      : [
          {
            ...kept,
            order,
            price: decimal(price),
            quantity: decimal(quantity),
            quote: decimal(quote),
            feeAmount: decimal(kept.feeAmount),
            realised: decimal(kept.realised),
          },
        ];
  });
  const balances: AssetBalance[] = state.balances.map(({ asset, free, locked }) => ({
    asset,
    free: decimal(free),
    locked: decimal(locked),
  }));
  engine.restore({
    orders: [...orders.values()],
    trades,
    balances,
    contracts: state.contracts,
  });
}
