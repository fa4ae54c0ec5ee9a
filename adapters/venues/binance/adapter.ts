/**
 * Binance spot as a `TradeAdapter`:
 *
 *     const adapter = createBinanceAdapter({ accountId, restUrl, wsApiUrl, apiKey, secret, budget, logger });
 *     await adapter.connect();
 *     await adapter.placeOrder({ clientOrderId, symbol: 'BTC/USDT', side: 'buy', type: 'market',
 *       quantity: '0.001', deadline: Date.now() + 5_000 });
 *
 * The addresses are configuration: the real venue's, its testnet's, or the simulator's. ccxt builds and signs
 * the requests (`requests.ts`); every answer is read raw. Only orders with Keel's prefix are seen.
 */
import { KeelError } from '../../../core/errors.ts';
import { checkFilters, checkQuantity } from '../../../core/filters.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { decimal } from '../../../core/money.ts';
import { parseSymbol } from '../../../core/symbol.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { RateBudget } from '../../rate-budget.ts';
import type {
  Balance,
  OrderNotice,
  PlaceOrderRequest,
  TradeAdapter,
  VisibilityBounds,
} from '../../trade-adapter.ts';
import { askAgain, askingAgain } from '../ask-again.ts';
import { Listing } from '../listing.ts';
import { createMarketReads } from './market-reads.ts';
import { createOrderStream } from '../order-stream.ts';
import { isOurs, ourFills, requireOurId, requirePrice } from '../own-orders.ts';
import { exchangeInfoSchema, instrumentOf, STANDARD_FEES } from './instruments.ts';
import { createBinanceLookup } from './lookup.ts';
import { immediateFills, orderOf } from './orders.ts';
import { createBinanceRequests } from './requests.ts';
import { accountSchema, newOrderSchema, parseAnswer, tickerPriceSchema } from './shapes.ts';
import { binanceUserStream } from './user-stream.ts';

export interface BinanceOptions {
  /** Default `binance`. */
  readonly exchange?: string;
  readonly accountId: string;
  /** Without `/api/v3`. */
  readonly restUrl: string;
  /** Without `/ws-api/v3`. */
  readonly wsApiUrl: string;
  readonly apiKey: string;
  readonly secret: string;
  /** The symbols to trade; absent: all the venue lists. */
  readonly symbols?: readonly string[];
  readonly logger: Logger;
  /** Longest wait for an answer. Default 10 s, the venue's own limit. */
  readonly timeoutMs?: number;
  /** Shared by all who use the account or the address. */
  readonly budget: RateBudget;
  /** Keel's part of the address's request weight; default all that `exchangeInfo` states. */
  readonly weightPerMinute?: number;
  /** Tighter bounds than the real venue's, for a simulator that is known to keep them. */
  readonly visibility?: Partial<Omit<VisibilityBounds, 'clockErrorMs'>>;
}

const BOUNDS = {
  // "The API has a timeout of 10 seconds when processing requests" (General API information).
  engineTimeoutMs: 10_000,
  // Not stated: reads come from memory fed by the engine ("Data sources"), milliseconds behind; 5 s is our margin.
  visibilityLagMs: 5_000,
  // Orders cancelled or expired without a fill are archived after 90 days (−2026 ORDER_ARCHIVED).
  retentionMs: 90 * 86_400_000,
};

export function createBinanceAdapter(options: BinanceOptions): TradeAdapter {
  const { logger } = options;
  const exchange = options.exchange ?? 'binance';
  const requests = createBinanceRequests(options);
  const lookup = createBinanceLookup(requests);
  const patient = createBinanceLookup(askingAgain(requests));
  const listing = new Listing(exchange);

  const account = async () => {
    const reply = await requests.signed({
      method: 'GET',
      path: 'account',
      params: {},
      purpose: 'read',
      weight: 20,
    });
    return parseAnswer(accountSchema, reply.json, 'GET account');
  };

  const loadInstruments = async (): Promise<void> => {
    const names = options.symbols?.map((symbol) => {
      const { base, quote } = parseSymbol(symbol);
      return base + quote;
    });
    const params = names === undefined ? {} : { symbols: JSON.stringify(names) };
    const { json } = await askAgain(() => requests.open('exchangeInfo', params, 20));
    const info = parseAnswer(exchangeInfoSchema, json, 'GET exchangeInfo');
    requests.limits.learn(info.rateLimits);
    // Market data and instruments are public: without a key (paper) the standard fees hold.
    const fees =
      options.apiKey === ''
        ? STANDARD_FEES
        : ((await askAgain(account)).commissionRates ?? STANDARD_FEES);
    const instruments: Instrument[] = [];
    for (const symbol of info.symbols) {
      try {
        instruments.push(instrumentOf(exchange, symbol, fees));
      } catch (error) {
        logger.warn({ err: error, symbol: symbol.symbol }, 'instrument_not_understood');
      }
    }
    listing.replace(instruments);
  };

  const balances = async (): Promise<readonly Balance[]> =>
    (await account()).balances.filter(({ free, locked }) => free !== '0' || locked !== '0');

  /** The venue measures notionals of market orders and price bands at its average price. */
  const averagePrice = async (symbol: string): Promise<string | null> => {
    try {
      const { json } = await requests.open('avgPrice', { symbol }, 2);
      return parseAnswer(tickerPriceSchema, json, 'GET avgPrice').price;
    } catch (error) {
      // The venue checks again; a price that is not to be had must not keep an exit from being sent.
      logger.warn({ err: error, symbol }, 'average_price_not_read');
      return null;
    }
  };

  const checkBeforeSending = async (
    instrument: Instrument,
    request: PlaceOrderRequest,
  ): Promise<void> => {
    const { side, type, quantity } = request;
    const price = request.price ?? null;
    const stopPrice = request.stopPrice ?? null;
    const needed = type === 'market' || instrument.priceBand !== undefined;
    const average = needed ? await averagePrice(instrument.venueSymbol) : null;
    const reference = average ?? stopPrice ?? price;
    const verdict =
      reference === null
        ? checkQuantity(instrument, type, quantity)
        : checkFilters(instrument, { side, type, quantity, price, stopPrice }, reference);
    if (!verdict.ok) {
      throw new KeelError(
        verdict.code,
        `${verdict.reason} (${instrument.symbol}): nothing was sent`,
      );
    }
  };

  const openEverywhere = async (): Promise<readonly OrderNotice[]> =>
    (await lookup.allOpenOrders()).filter(isOurs).flatMap(({ clientOrderId, symbol: name }) => {
      const symbol = listing.ofVenue(name)?.symbol;
      return symbol === undefined ? [] : [{ clientOrderId, symbol }];
    });

  const userStream = createOrderStream({
    url: `${options.wsApiUrl.replace(/\/+$/, '')}/ws-api/v3`,
    dialect: binanceUserStream(requests),
    logger,
    symbolOf: (venueSymbol) => listing.ofVenue(venueSymbol)?.symbol,
    openOrders: async () => {
      if (options.symbols === undefined) return openEverywhere();
      const open = [];
      for (const symbol of options.symbols) open.push(...(await adapter.openOrders(symbol)));
      return open.map(({ clientOrderId, symbol }) => ({ clientOrderId, symbol }));
    },
  });

  const adapter: TradeAdapter = {
    exchange,
    accountId: options.accountId,
    stopOrders: true,
    get visibility() {
      return { ...BOUNDS, ...options.visibility, clockErrorMs: requests.clock.errorMs };
    },

    async connect() {
      await askAgain(() => requests.clock.measure());
      await loadInstruments();
      requests.clock.start();
    },
    async disconnect() {
      requests.clock.stop();
      await userStream.close();
    },

    ...createMarketReads(requests, listing),
    instrument: (symbol) => Promise.resolve().then(() => listing.get(symbol)),
    async getBalance(asset) {
      const held = (await balances()).find((balance) => balance.asset === asset);
      return held ?? { asset, free: '0', locked: '0' };
    },
    getBalances: balances,
    async getPositions() {
      // On spot a position is what is held of the base.
      const held = new Map((await balances()).map((one) => [one.asset, one]));
      return listing.all().flatMap(({ symbol, base }) => {
        const balance = held.get(base);
        if (balance === undefined) return [];
        return [{ symbol, quantity: decimal(balance.free).plus(balance.locked).toFixed() }];
      });
    },

    async placeOrder(request) {
      const instrument = listing.traded(request.symbol);
      requireOurId(request.clientOrderId);
      await checkBeforeSending(instrument, request);
      const { json } = await requests.signed({
        method: 'POST',
        path: 'order',
        params: {
          symbol: instrument.venueSymbol,
          side: request.side.toUpperCase(),
          quantity: request.quantity,
          newClientOrderId: request.clientOrderId,
          newOrderRespType: 'FULL',
          ...termsOf(request),
        },
        purpose: 'send',
        weight: 1,
        deadline: request.deadline,
      });
      const raw = parseAnswer(newOrderSchema, json, 'POST order', 'VENUE_UNKNOWN_OUTCOME');
      return { order: orderOf(raw, instrument), fills: immediateFills(raw, instrument) };
    },

    async cancelOrder({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      await requests.signed({
        method: 'DELETE',
        path: 'order',
        params: { symbol: instrument.venueSymbol, origClientOrderId: clientOrderId },
        purpose: 'cancel',
        weight: 1,
      });
    },

    async getOrderStatus({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      const raw = await lookup.byClientId(instrument, clientOrderId);
      if (raw === null) {
        throw new KeelError(
          'VENUE_ORDER_NOT_FOUND',
          `Binance knows no ${symbol} order ${clientOrderId} (yet)`,
        );
      }
      return lookup.withFills(instrument, raw);
    },
    async findOrder({ clientOrderId, symbol }) {
      requireOurId(clientOrderId);
      return patient.everywhere(listing.traded(symbol), clientOrderId);
    },
    async openOrders(symbol) {
      const instrument = listing.traded(symbol);
      const open = await lookup.openOrders(instrument);
      return open.filter(isOurs).map((raw) => orderOf(raw, instrument));
    },
    async fillsSince(symbol, since) {
      return ourFills(await adapter.accountTrades(symbol, since));
    },
    accountTrades: async (symbol, since) => lookup.tradesSince(listing.traded(symbol), since),
    // Spot has neither leverage nor funding nor orders of the venue's own.
    prepareAccount: () => Promise.resolve(),
    fundingSince: () => Promise.resolve([]),
    fundingRates: () => Promise.resolve([]),
    venueOrdersSince: () => Promise.resolve([]),
    watchOrders: (onOrder) => userStream.listen({ onOrder }),
    watchForeignTrades: (onForeignTrade) => userStream.listen({ onForeignTrade }),
  };
  return adapter;
}

/**
 * A stop sells into a falling market and buys into a rising one: Binance's STOP_LOSS and STOP_LOSS_LIMIT. Post-only
 * is a type there. A market order carries no price: ccxt and the venue would read it as an amount of quote.
 */
function termsOf(request: PlaceOrderRequest): Readonly<Record<string, string>> {
  const { timeInForce = 'gtc' } = request;
  switch (request.type) {
    case 'market':
      return { type: 'MARKET' };
    case 'limit': {
      const price = requirePrice(request, 'price');
      if (timeInForce === 'post-only') return { type: 'LIMIT_MAKER', price };
      return { type: 'LIMIT', price, timeInForce: timeInForce.toUpperCase() };
    }
    case 'stop':
      return { type: 'STOP_LOSS', stopPrice: requirePrice(request, 'stopPrice') };
    case 'stop-limit':
      return {
        type: 'STOP_LOSS_LIMIT',
        stopPrice: requirePrice(request, 'stopPrice'),
        price: requirePrice(request, 'price'),
        timeInForce: 'GTC',
      };
  }
}
