/**
 * Binance USDⓈ-M perpetuals as a `TradeAdapter`: as `../adapter.ts` of spot, with the requests, limits and error
 * codes they share.
 *
 *     const adapter = createBinanceUsdmAdapter({ accountId, restUrl, userStreamUrl, apiKey, secret, leverage: 3,
 *       marginType: 'cross', symbols: ['BTC/USDT:USDT'], budget, logger });
 *     await adapter.connect();
 *     await adapter.prepareAccount(['BTC/USDT:USDT']);
 */
import { KeelError } from '../../../../core/errors.ts';
import { checkFilters, checkQuantity, exitInstrument } from '../../../../core/filters.ts';
import type { Instrument } from '../../../../core/instrument.ts';
import { Decimal, toDecimalString } from '../../../../core/money.ts';
import type { Logger } from '../../../../observability/logger.ts';
import type { RateBudget } from '../../../rate-budget.ts';
import type {
  Balance,
  FundingRate,
  OrderNotice,
  PlaceOrderRequest,
  TradeAdapter,
  VenueMadeOrder,
  VenueOrderWithFills,
  VenuePosition,
  VisibilityBounds,
} from '../../../trade-adapter.ts';
import { askAgain, askingAgain } from '../../ask-again.ts';
import { Listing } from '../../listing.ts';
import { createMarketReads } from '../market-reads.ts';
import { createOrderStream } from '../../order-stream.ts';
import { isOurs, ourFills, refuseStopLimit, requireOurId, requirePrice } from '../../own-orders.ts';
import { createBinanceRequests } from '../requests.ts';
import { parseAnswer } from '../shapes.ts';
import { type ContractAccountTerms, createContractAccount } from './account.ts';
import { contractOf, STANDARD_CONTRACT_FEES } from './instruments.ts';
import { createUsdmLookup } from './lookup.ts';
import { causeOf, contractOrderOf, stopOrderOf, timeInForceOf } from './orders.ts';
import {
  algoOrderSchema,
  commissionSchema,
  contractInfoSchema,
  contractOrderSchema,
  fundingRatesSchema,
  incomeSchema,
  markPriceSchema,
  positionsSchema,
  walletSchema,
} from './shapes.ts';
import { usdmUserStream } from './user-stream.ts';

export interface BinanceUsdmOptions extends ContractAccountTerms {
  /** Default `binance-usdm`. */
  readonly exchange?: string;
  readonly accountId: string;
  /** Without `/fapi`. */
  readonly restUrl: string;
  /** Without `/ws`. */
  readonly userStreamUrl: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly symbols: readonly string[];
  readonly logger: Logger;
  /** Shared by all who use the account or the address. */
  readonly budget: RateBudget;
  readonly weightPerMinute?: number;
  /** Longest wait for an answer. Default 10 s, the venue's own limit. */
  readonly timeoutMs?: number;
  /** Tighter bounds than the real venue's, for a simulator that is known to keep them. */
  readonly visibility?: Partial<Omit<VisibilityBounds, 'clockErrorMs'>>;
}

const BOUNDS = {
  engineTimeoutMs: 10_000,
  visibilityLagMs: 5_000,
  // "Orders that are CANCELED or EXPIRED, have no filled trade, and were created 3 days ago are not found."
  retentionMs: 3 * 86_400_000,
};

/** The most rows of income a page holds. */
const INCOME_PAGE = 1000;
const RATES_PAGE = 1000;

export function createBinanceUsdmAdapter(options: BinanceUsdmOptions): TradeAdapter {
  const { logger } = options;
  const exchange = options.exchange ?? 'binance-usdm';
  const requests = createBinanceRequests({ ...options, market: 'usdm' });
  const lookup = createUsdmLookup(requests);
  const patient = createUsdmLookup(askingAgain(requests));
  const listing = new Listing(exchange);
  const hasKey = options.apiKey !== '';

  const read = async (
    path: string,
    params: Readonly<Record<string, string | number>>,
    weight: number,
    version?: 'v3',
  ): Promise<unknown> => {
    const request = { method: 'GET', path, params, purpose: 'read', weight } as const;
    return (await requests.signed({ ...request, ...(version === undefined ? {} : { version }) }))
      .json;
  };

  const positions = async (): Promise<readonly VenuePosition[]> => {
    const json = await read('positionRisk', {}, 5, 'v3');
    return parseAnswer(positionsSchema, json, 'GET positionRisk').flatMap(
      ({ symbol, positionAmt }) => {
        const instrument = listing.ofVenue(symbol);
        return instrument === undefined || positionAmt === '0'
          ? []
          : [{ symbol: instrument.symbol, quantity: positionAmt }];
      },
    );
  };

  const isBusy = async (instrument?: Instrument): Promise<boolean> => {
    const asked = instrument === undefined ? listing.all() : [instrument];
    const held = await positions();
    if (asked.some((one) => held.some(({ symbol }) => symbol === one.symbol))) return true;
    for (const one of asked) {
      if ((await lookup.openOrders(one)).length > 0) return true;
    }
    return false;
  };
  const account = createContractAccount(requests, options, isBusy);

  const loadInstruments = async (): Promise<void> => {
    const { json } = await askAgain(() => requests.open('exchangeInfo', {}, 1));
    const info = parseAnswer(contractInfoSchema, json, 'GET exchangeInfo');
    requests.limits.learn(info.rateLimits);
    const instruments: Instrument[] = [];
    for (const raw of info.symbols.filter(({ contractType }) => contractType === 'PERPETUAL')) {
      const symbol = `${raw.baseAsset}/${raw.quoteAsset}:${raw.marginAsset}`;
      if (!options.symbols.includes(symbol)) continue;
      const instrument = contractOf(exchange, raw, await askAgain(() => feesOf(raw.symbol)));
      instruments.push(hasKey ? await withLeverage(instrument) : instrument);
    }
    listing.replace(instruments);
  };

  const feesOf = async (symbol: string) => {
    if (!hasKey) return STANDARD_CONTRACT_FEES;
    const json = await read('commissionRate', { symbol }, 20);
    const rates = parseAnswer(commissionSchema, json, 'GET commissionRate');
    return { maker: rates.makerCommissionRate, taker: rates.takerCommissionRate };
  };

  const withLeverage = async (instrument: Instrument): Promise<Instrument> => {
    const { leverage } = await askAgain(() => account.config(instrument));
    return { ...instrument, leverage: String(leverage) };
  };

  const balances = async (): Promise<readonly Balance[]> => {
    const json = await read('balance', {}, 5, 'v3');
    return parseAnswer(walletSchema, json, 'GET balance')
      .filter(({ balance }) => balance !== '0')
      .map(({ asset, balance, availableBalance }) => {
        // Profit that is not realised may be traded with, but is not in the wallet.
        const free = Decimal.min(balance, availableBalance);
        return {
          asset,
          free: toDecimalString(free),
          locked: toDecimalString(new Decimal(balance).minus(free)),
        };
      });
  };

  /** Null where it cannot be read: the venue checks again, and an exit must not be kept from being sent. */
  const markPrice = async (symbol: string): Promise<string | null> => {
    try {
      const { json } = await requests.open('premiumIndex', { symbol }, 1);
      return parseAnswer(markPriceSchema, json, 'GET premiumIndex').markPrice;
    } catch (error) {
      logger.warn({ err: error, symbol }, 'mark_price_not_read');
      return null;
    }
  };

  const checkBeforeSending = async (
    instrument: Instrument,
    request: PlaceOrderRequest,
  ): Promise<void> => {
    const { side, type, quantity, price = null, stopPrice = null } = request;
    const reference = (await markPrice(instrument.venueSymbol)) ?? stopPrice ?? price;
    const bound = request.reduceOnly === true ? exitInstrument(instrument) : instrument;
    const verdict =
      reference === null
        ? checkQuantity(bound, type, quantity)
        : checkFilters(bound, { side, type, quantity, price, stopPrice }, reference);
    if (verdict.ok) return;
    throw new KeelError(verdict.code, `${verdict.reason} (${instrument.symbol}): nothing was sent`);
  };

  const send = async (
    path: string,
    instrument: Instrument,
    request: PlaceOrderRequest,
    params: Readonly<Record<string, string>>,
  ): Promise<unknown> => {
    const { json } = await requests.signed({
      method: 'POST',
      path,
      params: {
        symbol: instrument.venueSymbol,
        side: request.side.toUpperCase(),
        quantity: request.quantity,
        ...(request.reduceOnly === true ? { reduceOnly: 'true' } : {}),
        ...params,
      },
      purpose: 'send',
      weight: 0,
      deadline: request.deadline,
    });
    return json;
  };

  const placeStop = async (
    instrument: Instrument,
    request: PlaceOrderRequest,
  ): Promise<VenueOrderWithFills> => {
    const json = await send('algoOrder', instrument, request, {
      algoType: 'CONDITIONAL',
      type: 'STOP_MARKET',
      triggerPrice: requirePrice(request, 'stopPrice'),
      clientAlgoId: request.clientOrderId,
    });
    const raw = parseAnswer(algoOrderSchema, json, 'POST algoOrder', 'VENUE_UNKNOWN_OUTCOME');
    return { order: stopOrderOf(raw, null, instrument), fills: [] };
  };

  const placePlain = async (
    instrument: Instrument,
    request: PlaceOrderRequest,
  ): Promise<VenueOrderWithFills> => {
    const limit = request.type === 'limit';
    const json = await send('order', instrument, request, {
      type: limit ? 'LIMIT' : 'MARKET',
      newClientOrderId: request.clientOrderId,
      newOrderRespType: 'RESULT',
      ...(limit
        ? { price: requirePrice(request, 'price'), timeInForce: timeInForceOf(request) }
        : {}),
    });
    const raw = parseAnswer(contractOrderSchema, json, 'POST order', 'VENUE_UNKNOWN_OUTCOME');
    try {
      return await lookup.orderWithFills(instrument, raw);
    } catch (error) {
      // The order stands as the answer says; its fills are read by whoever looks next.
      logger.warn({ err: error, clientOrderId: request.clientOrderId }, 'fills_not_read');
      return { order: contractOrderOf(raw, instrument), fills: [] };
    }
  };

  const dialect = usdmUserStream(requests, logger);
  const userStream = createOrderStream({
    url: `${options.userStreamUrl.replace(/\/+$/, '')}/ws`,
    dialect,
    logger,
    symbolOf: (venueSymbol) => listing.ofVenue(venueSymbol)?.symbol,
    openOrders: async () => {
      const open: OrderNotice[] = [];
      for (const { symbol } of listing.all()) open.push(...(await adapter.openOrders(symbol)));
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
      dialect.close();
      await userStream.close();
    },

    ...createMarketReads(requests, listing),
    instrument: (symbol) => Promise.resolve().then(() => listing.get(symbol)),
    async getBalance(asset) {
      const held = (await balances()).find((balance) => balance.asset === asset);
      return held ?? { asset, free: '0', locked: '0' };
    },
    getBalances: balances,
    getPositions: positions,

    async prepareAccount(symbols) {
      await account.prepare(symbols.map((symbol) => listing.traded(symbol)));
      await loadInstruments();
    },

    async placeOrder(request) {
      const instrument = listing.traded(request.symbol);
      requireOurId(request.clientOrderId);
      refuseStopLimit(request, 'Binance USDⓈ-M');
      await checkBeforeSending(instrument, request);
      return request.type === 'stop'
        ? placeStop(instrument, request)
        : placePlain(instrument, request);
    },
    async cancelOrder({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      const cancel = { method: 'DELETE', purpose: 'cancel', weight: 1 } as const;
      const params = { symbol: instrument.venueSymbol, origClientOrderId: clientOrderId };
      try {
        await requests.signed({ ...cancel, path: 'order', params });
      } catch (error) {
        if (!(error instanceof KeelError) || error.code !== 'VENUE_ORDER_NOT_FOUND') throw error;
        const stop = { clientAlgoId: clientOrderId };
        await requests.signed({ ...cancel, path: 'algoOrder', params: stop });
      }
    },
    async getOrderStatus({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      const found = await lookup.byClientId(instrument, clientOrderId);
      if (found !== null) return found;
      throw new KeelError(
        'VENUE_ORDER_NOT_FOUND',
        `Binance knows no ${symbol} order ${clientOrderId} (yet)`,
      );
    },
    async findOrder({ clientOrderId, symbol }) {
      requireOurId(clientOrderId);
      return patient.everywhere(listing.traded(symbol), clientOrderId);
    },
    openOrders: async (symbol) => (await lookup.openOrders(listing.traded(symbol))).filter(isOurs),
    fillsSince: async (symbol, since) => ourFills(await adapter.accountTrades(symbol, since)),
    accountTrades: async (symbol, since) => lookup.tradesSince(listing.traded(symbol), since),

    async fundingSince(symbol, since) {
      const { venueSymbol } = listing.traded(symbol);
      const found = new Map<string, Awaited<ReturnType<TradeAdapter['fundingSince']>>[number]>();
      for (let startTime = since, full = true; full;) {
        const params = {
          symbol: venueSymbol,
          incomeType: 'FUNDING_FEE',
          startTime,
          limit: INCOME_PAGE,
        };
        const page = parseAnswer(incomeSchema, await read('income', params, 30), 'GET income');
        for (const { income, asset, time, tranId } of page) {
          const payment = { venueFundingId: tranId, symbol, asset, amount: income, paidAt: time };
          found.set(tranId, payment);
        }
        full = page.length === INCOME_PAGE;
        startTime = page.at(-1)?.time ?? startTime;
      }
      return [...found.values()].sort((a, b) => a.paidAt - b.paidAt);
    },
    async fundingRates(symbol, since) {
      const { venueSymbol } = listing.traded(symbol);
      const rates: FundingRate[] = [];
      for (let startTime = since, full = true; full;) {
        const params = { symbol: venueSymbol, startTime, limit: RATES_PAGE };
        const { json } = await requests.open('fundingRate', params, 1);
        const page = parseAnswer(fundingRatesSchema, json, 'GET fundingRate');
        for (const { fundingRate: rate, fundingTime: publishedAt } of page) {
          rates.push({ rate, publishedAt });
          startTime = publishedAt + 1;
        }
        full = page.length === RATES_PAGE;
      }
      return rates;
    },
    async venueOrdersSince(symbol, since) {
      const instrument = listing.traded(symbol);
      const trades = await lookup.tradesSince(instrument, since);
      const made: VenueMadeOrder[] = [];
      for (const orderId of new Set(trades.map(({ venueOrderId }) => venueOrderId))) {
        const clientOrderId = trades.find((one) => one.venueOrderId === orderId)?.clientOrderId;
        const cause = causeOf(clientOrderId ?? '');
        if (cause === undefined) continue;
        const raw = await lookup.byNumber(instrument, orderId);
        if (raw !== null) made.push({ cause, ...(await lookup.orderWithFills(instrument, raw)) });
      }
      return made;
    },
    watchOrders: (onOrder) => userStream.listen({ onOrder }),
    watchForeignTrades: (onForeignTrade) => userStream.listen({ onForeignTrade }),
  };
  return adapter;
}
