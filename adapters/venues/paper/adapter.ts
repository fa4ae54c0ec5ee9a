/**
 * The paper venue: a `TradeAdapter` that fills orders itself against stored market data, with core's fill,
 * fee and filter models. Its books are in PostgreSQL (`PaperStore`), so it survives a restart as a venue does.
 *
 * A market order fills at once at the current price with slippage. A limit order fills at once where it is
 * marketable, else it rests, and every read matches it against the 1m bars stored since: a function of the
 * order and the bars, whoever reads and however often. A stop rests until a bar reaches it, and then fills as
 * a market order, or a stop-limit as a limit order. Liquidity has no bottom, so orders fill whole.
 */
import { KeelError } from '../../../core/errors.ts';
import { checkFilters } from '../../../core/filters.ts';
import type { Fill } from '../../../core/fill.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { decimal, toDecimalString } from '../../../core/money.ts';
import { hasLimit, hasTrigger } from '../../../core/order-type.ts';
import type { KlineRepository, PaperStore } from '../../repositories.ts';
import type {
  Balance,
  OrderNotice,
  PlaceOrderRequest,
  TradeAdapter,
  VenueOrderWithFills,
} from '../../trade-adapter.ts';
import { requireOurId } from '../own-orders.ts';
import {
  acceptOrder,
  type Books,
  cancelIn,
  lockedOf,
  matchOrder,
  openOrdersOf,
  type PaperFees,
  type PaperOrder,
  paperOrderSchema,
  venueOrderOf,
} from './books.ts';

export interface PaperOptions {
  /** The exchange whose market is played, such as `binance`. */
  readonly exchange: string;
  readonly accountId: string;
  readonly store: PaperStore;
  readonly klines: Pick<KlineRepository, 'range'>;
  /** The real venue's public side: instruments, book, clock. Connected and disconnected with this adapter. */
  readonly market: Pick<
    TradeAdapter,
    'connect' | 'disconnect' | 'instrument' | 'orderBook' | 'marketTime'
  >;
  /** The current price of a symbol. */
  readonly price: (symbol: string) => Promise<string>;
  /** `received`, `quote`, or an asset such as `BNB`. */
  readonly feeIn: string;
  /** Of market orders, in hundredths of a per cent. Default 0. */
  readonly slippageBps?: number;
  /** Booked once, when the account is first seen. */
  readonly openingBalances: Readonly<Record<string, string>>;
  /** How often `watchOrders` looks for new bars. Default 500 ms. */
  readonly pollMs?: number;
}

/** Bars a read takes at most; the next read goes on from there. */
const MATCH_SPAN_MS = 30 * 86_400_000;

export function createPaperAdapter(options: PaperOptions): TradeAdapter {
  const { store, accountId, exchange, market } = options;
  const listeners = new Set<(notice: OrderNotice) => void>();
  /** One look at new bars at a time, for all listeners. */
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();

  const instrumentOf = async (symbol: string): Promise<Instrument> => {
    try {
      return await market.instrument(symbol);
    } catch (error) {
      if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
      throw new KeelError('VENUE_INVALID_SYMBOL', error.message, { cause: error });
    }
  };

  const notify = ({ clientOrderId, symbol }: OrderNotice): void => {
    // Not within our own call: what a listener throws is no outcome of an order.
    for (const listener of listeners) {
      queueMicrotask(() => {
        listener({ clientOrderId, symbol });
      });
    }
  };

  const stored = async (): Promise<PaperOrder[]> =>
    (await store.list(accountId)).map((json) => paperOrderSchema.parse(json));

  /** Matches what rests against the bars closed up to now, then runs `change` on the books as they are then. */
  const settled = async <T>(change: (books: Books, now: number) => T): Promise<T> => {
    const now = await market.marketTime();
    const resting = (await stored()).filter((order) => order.status === 'NEW');
    const bars = await barsFor(resting, now);
    const done: PaperOrder[] = [];
    const result = await store.transact(accountId, (books) => {
      done.length = 0;
      for (const order of openOrdersOf(books)) {
        const after = matchOrder(books, order, bars.get(order.symbol) ?? []);
        if (after.status !== 'NEW') done.push(after);
      }
      // A refusal must not undo the matching: it is handed out and thrown outside.
      try {
        return { value: change(books, now) };
      } catch (error) {
        return { error };
      }
    });
    for (const order of done) notify(order);
    if ('error' in result) throw result.error;
    return result.value;
  };

  const barsFor = async (resting: readonly PaperOrder[], now: number) => {
    const oldest = new Map<string, number>();
    for (const { symbol, matchedThrough } of resting) {
      oldest.set(symbol, Math.min(oldest.get(symbol) ?? matchedThrough, matchedThrough));
    }
    const bars = new Map<string, Awaited<ReturnType<KlineRepository['range']>>>();
    for (const [symbol, from] of oldest) {
      const to = Math.min(now, from + MATCH_SPAN_MS);
      bars.set(symbol, await options.klines.range({ exchange, symbol, interval: '1m', from, to }));
    }
    return bars;
  };

  const feesFor = async ({ base, quote }: Instrument): Promise<PaperFees> => {
    const { feeIn } = options;
    if (['received', 'quote', base, quote].includes(feeIn)) return { feeIn, feeAssetPrice: null };
    return { feeIn, feeAssetPrice: await options.price(`${feeIn}/${quote}`) };
  };

  const look = async (): Promise<void> => {
    const open = (await stored()).some((order) => order.status === 'NEW');
    if (open) await settled(() => undefined);
  };

  const stopLooking = (): void => {
    clearInterval(timer);
    timer = undefined;
  };

  const balances = (): Promise<readonly Balance[]> =>
    settled((books) => {
      const open = openOrdersOf(books);
      return [...books.balances].map(([asset, total]) => {
        const locked = lockedOf(open, asset);
        return {
          asset,
          free: toDecimalString(decimal(total).minus(locked)),
          locked: toDecimalString(locked),
        };
      });
    });

  const find = async ({ clientOrderId }: OrderNotice): Promise<VenueOrderWithFills | null> => {
    requireOurId(clientOrderId);
    const json = await settled((books) => books.orders.get(clientOrderId));
    return json === undefined ? null : seen(paperOrderSchema.parse(json));
  };

  /** Nobody but Keel trades here: its fills are all the account's trades. */
  const fillsSince = async (symbol: string, since: number): Promise<readonly Fill[]> => {
    await instrumentOf(symbol);
    await settled(() => undefined);
    return (await stored())
      .flatMap((order) => order.fills)
      .filter((fill) => fill.symbol === symbol && fill.executedAt >= since)
      .sort((a, b) => a.executedAt - b.executedAt || (a.venueTradeId < b.venueTradeId ? -1 : 1));
  };

  return {
    exchange,
    accountId,
    // One book under one lock: an order is there or it is not.
    stopOrders: true,
    visibility: {
      clockErrorMs: 0,
      engineTimeoutMs: 0,
      visibilityLagMs: 0,
      retentionMs: Number.MAX_SAFE_INTEGER,
    },

    async connect() {
      await market.connect();
      await store.transact(accountId, ({ balances: held }) => {
        if (held.size > 0) return;
        for (const [asset, amount] of Object.entries(options.openingBalances)) {
          held.set(asset, toDecimalString(decimal(amount)));
        }
      });
    },
    async disconnect() {
      listeners.clear();
      stopLooking();
      await looking;
      await market.disconnect();
    },
    // Its books are on our own machine.
    venueTime: () => Date.now(),
    marketTime: () => market.marketTime(),
    instrument: (symbol) => market.instrument(symbol),
    async orderBook(symbol, depth) {
      await instrumentOf(symbol);
      return market.orderBook(symbol, depth);
    },

    async getBalance(asset) {
      const held = (await balances()).find((balance) => balance.asset === asset);
      return held ?? { asset, free: '0', locked: '0' };
    },
    getBalances: balances,
    async getPositions() {
      const symbols = [...new Set((await stored()).map((order) => order.symbol))];
      const held = new Map((await balances()).map((one) => [one.asset, one]));
      const positions = [];
      for (const symbol of symbols) {
        const balance = held.get((await instrumentOf(symbol)).base);
        if (balance === undefined) continue;
        const quantity = toDecimalString(decimal(balance.free).plus(balance.locked));
        positions.push({ symbol, quantity });
      }
      return positions;
    },

    async placeOrder(request) {
      const instrument = await instrumentOf(request.symbol);
      const price = await options.price(request.symbol);
      checkRequest(request, instrument, price);
      const fees = await feesFor(instrument);
      const slippageBps = options.slippageBps ?? 0;
      const order = await settled((books, now) => {
        if (Date.now() > request.deadline) {
          throw new KeelError(
            'VENUE_CLOCK',
            `order ${request.clientOrderId} is past its deadline: it was not taken`,
          );
        }
        return acceptOrder(books, request, { instrument, price, now, slippageBps, ...fees });
      });
      notify(order);
      return seen(order);
    },
    async cancelOrder(notice) {
      requireOurId(notice.clientOrderId);
      await settled((books, now) => {
        cancelIn(books, notice.clientOrderId, now);
      });
      notify(notice);
    },
    async getOrderStatus(notice) {
      const found = await find(notice);
      if (found !== null) return found;
      throw new KeelError(
        'VENUE_ORDER_NOT_FOUND',
        `the paper venue knows no order ${notice.clientOrderId}`,
      );
    },
    findOrder: find,
    async openOrders(symbol) {
      await instrumentOf(symbol);
      const open = await settled(openOrdersOf);
      return open.filter((order) => order.symbol === symbol).map(venueOrderOf);
    },
    fillsSince,
    accountTrades: fillsSince,

    // The paper venue plays spot: neither leverage nor funding nor orders of the venue's own.
    prepareAccount: () => Promise.resolve(),
    fundingSince: () => Promise.resolve([]),
    fundingRates: () => Promise.resolve([]),
    venueOrdersSince: () => Promise.resolve([]),
    // Nobody else trades on it.
    watchForeignTrades: () => Promise.resolve({ close: () => Promise.resolve() }),

    watchOrders(onNotice) {
      const listener = (notice: OrderNotice): void => {
        onNotice(notice);
      };
      listeners.add(listener);
      timer ??= setInterval(() => {
        // A look that fails is made again at the next tick; readers poll as well.
        looking = looking.then(look).catch(() => undefined);
      }, options.pollMs ?? 500).unref();
      return Promise.resolve({
        async close() {
          listeners.delete(listener);
          if (listeners.size === 0) stopLooking();
          await looking;
        },
      });
    },
  };
}

function seen(order: PaperOrder): VenueOrderWithFills {
  return { order: venueOrderOf(order), fills: order.fills };
}

function checkRequest(request: PlaceOrderRequest, instrument: Instrument, price: string): void {
  requireOurId(request.clientOrderId);
  const { side, type, quantity, price: limitPrice, stopPrice } = request;
  for (const [name, value, needed] of [
    ['price', limitPrice, hasLimit(type)],
    ['stopPrice', stopPrice, hasTrigger(type)],
  ] as const) {
    if (needed === (value !== undefined)) continue;
    throw new KeelError(
      'VENUE_INVALID_ORDER',
      `${type} order ${request.clientOrderId} has ${name} ${value ?? '(none)'}: it ${needed ? 'needs' : 'must not have'} one`,
    );
  }
  const verdict = checkFilters(
    instrument,
    { side, type, quantity, price: limitPrice ?? null, stopPrice: stopPrice ?? null },
    price,
  );
  if (!verdict.ok) throw new KeelError(verdict.code, `${verdict.reason} (${instrument.symbol})`);
}
