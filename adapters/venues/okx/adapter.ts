/**
 * OKX, spot and linear USDT swaps, as a `TradeAdapter`:
 *
 *     const adapter = createOkxAdapter({ accountId, restUrl, wsUrl, apiKey, secret, passphrase, symbols, … });
 *     await adapter.connect();
 *     await adapter.placeOrder({ clientOrderId, symbol: 'BTC/USDT', side: 'buy', type: 'market',
 *       quantity: '0.001', deadline: adapter.venueTime() + 5_000 });
 *
 * The addresses are configuration: the real venue's, or the simulator's. ccxt signs the requests
 * (`requests.ts`); every answer is read raw. OKX counts swaps in contracts; here a quantity is always base.
 */
import { KeelError } from '../../../core/errors.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { Decimal, decimal, toDecimalString } from '../../../core/money.ts';
import type { BookLevel } from '../../../core/order-book.ts';
import type { Logger } from '../../../observability/logger.ts';
import type {
  Balance,
  OrderNotice,
  TradeAdapter,
  VenueOrder,
  VisibilityBounds,
} from '../../trade-adapter.ts';
import { askAgain, askingAgain } from '../ask-again.ts';
import { Listing } from '../listing.ts';
import { createOrderStream, type OrderStream } from '../order-stream.ts';
import { ourFills, requireOurId } from '../own-orders.ts';
import { createOkxContracts } from './account.ts';
import { fundingRatesSince } from './funding-rates.ts';
import {
  type FeeRates,
  instIdOf,
  instrumentOf,
  listingRow,
  namedRow,
  quantityOf,
  rateOf,
  STANDARD_FEES,
} from './instruments.ts';
import { createOkxLookup } from './lookup.ts';
import { createOkxPlacing } from './placing.ts';
import { createOkxRequests, firstRow, type OkxRequestOptions } from './requests.ts';
import { balanceRow, bookRow, feeRow, parseAnswer, rowsOf } from './shapes.ts';
import { okxOrderChannel, type OrderChannel } from './user-stream.ts';

export interface OkxOptions extends OkxRequestOptions {
  /** Default `okx`. */
  readonly exchange?: string;
  /** Without `/ws/v5`. */
  readonly wsUrl: string;
  /** The symbols to trade. */
  readonly symbols: readonly string[];
  /** Margin mode of swaps. Spot is always `cash`. Default `cross`. */
  readonly tdMode?: 'cross' | 'isolated';
  /** Of swaps: notional per margin. Default 1. */
  readonly leverage?: number;
  readonly logger: Logger;
  /** Tighter bounds than the real venue's, for a simulator that is known to keep them. */
  readonly visibility?: Partial<Omit<VisibilityBounds, 'clockErrorMs'>>;
}

const BOUNDS = {
  // Not stated for the engine; 50004 ("request timeout") is answered within 10 s in practice.
  engineTimeoutMs: 10_000,
  // Not stated: our margin, as at Binance.
  visibilityLagMs: 5_000,
  // "Canceled orders with no fills are known for two hours": five minutes less is sure.
  retentionMs: 2 * 3_600_000 - 300_000,
};

export function createOkxAdapter(options: OkxOptions): TradeAdapter {
  const { logger, symbols } = options;
  const exchange = options.exchange ?? 'okx';
  const requests = createOkxRequests(options);
  const lookup = createOkxLookup(requests);
  const patient = createOkxLookup(askingAgain(requests));
  const listing = new Listing(exchange);
  const tdMode = options.tdMode ?? 'cross';
  const contracts = createOkxContracts(requests, lookup, {
    ...{ tdMode, listing },
    leverage: options.leverage ?? 1,
  });

  const placing = createOkxPlacing(requests, lookup, { tdMode, logger });

  const read = async (path: string, params: Readonly<Record<string, string>>) =>
    (await requests.signed({ method: 'GET', path, params, purpose: 'read' })).json;

  const feesOf = async (instType: 'SPOT' | 'SWAP') => {
    // Market data and instruments are public: without a key (paper) the standard fees hold.
    if (options.apiKey === '') return STANDARD_FEES[instType];
    const fees = firstRow(feeRow, await read('account/trade-fee', { instType }), 'GET trade-fee');
    return instType === 'SPOT'
      ? { maker: rateOf(fees.maker), taker: rateOf(fees.taker) }
      : { maker: rateOf(fees.makerU), taker: rateOf(fees.takerU) };
  };

  /** A contract with the leverage it is traded at. */
  const asItIsSet = async (instrument: Instrument): Promise<Instrument> =>
    instrument.contract === undefined || options.apiKey === ''
      ? instrument
      : { ...instrument, leverage: await askAgain(() => contracts.leverage(instrument)) };

  /** Each listing by itself: one that we cannot read must not keep the others from being traded. */
  const understood = (row: { readonly instId: string }, fees: FeeRates): Instrument | null => {
    try {
      return instrumentOf(exchange, listingRow.parse(row), fees);
    } catch (error) {
      logger.warn({ err: error, symbol: row.instId }, 'instrument_not_understood');
      return null;
    }
  };

  const loadInstruments = async (): Promise<void> => {
    const wanted = new Set(symbols.map(instIdOf));
    const instTypes = new Set(
      symbols.map((symbol) => (symbol.includes(':') ? ('SWAP' as const) : ('SPOT' as const))),
    );
    const found: Instrument[] = [];
    for (const instType of instTypes) {
      const { json } = await askAgain(() => requests.open('public/instruments', { instType }));
      const fees = await askAgain(() => feesOf(instType));
      for (const row of parseAnswer(rowsOf(namedRow), json, 'GET instruments').data) {
        if (!wanted.has(row.instId)) continue;
        const instrument = understood(row, fees);
        // Without what is set at the venue there is no start: a contract left out would be refused all its orders.
        if (instrument !== null) found.push(await asItIsSet(instrument));
      }
    }
    listing.replace(found);
  };

  const balances = async (): Promise<readonly Balance[]> => {
    const account = firstRow(balanceRow, await read('account/balance', {}), 'GET account/balance');
    return account.details.flatMap(({ ccy, cashBal, availBal }) => {
      // What is free can be more than there is in cash, by profits that are not realised.
      const free = Decimal.min(cashBal, availBal);
      const locked = decimal(cashBal).minus(free);
      if (free.isZero() && locked.isZero()) return [];
      return [{ asset: ccy, free: toDecimalString(free), locked: toDecimalString(locked) }];
    });
  };

  const openOrders = async (): Promise<readonly OrderNotice[]> => {
    const open: VenueOrder[] = [];
    for (const instrument of listing.all()) open.push(...(await lookup.openOrders(instrument)));
    return open.map(({ clientOrderId, symbol }) => ({ clientOrderId, symbol }));
  };

  const root = `${options.wsUrl.replace(/\/+$/, '')}/ws/v5`;
  const streamOf = (channel: OrderChannel): OrderStream =>
    createOrderStream({
      url: `${root}/${channel === 'orders' ? 'private' : 'business'}`,
      dialect: okxOrderChannel(requests, channel),
      logger,
      symbolOf: (venueSymbol) => listing.ofVenue(venueSymbol)?.symbol,
      openOrders,
    });
  const orderStream = streamOf('orders');
  const streams = [orderStream, streamOf('orders-algo')];

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
      for (const stream of streams) await stream.close();
    },

    venueTime: () => Math.round(requests.clock.now()),
    marketTime: () => requests.marketTime(),

    instrument: (symbol) => Promise.resolve().then(() => listing.get(symbol)),
    async orderBook(symbol, depth) {
      const instrument = listing.traded(symbol);
      const params = { instId: instrument.venueSymbol, sz: String(depth) };
      // Before the question: the answer is at least as new.
      const at = adapter.venueTime();
      const { json } = await requests.open('market/books', params);
      const { asks, bids } = firstRow(bookRow, json, 'GET market/books');
      const level = ([price, size]: readonly [string, string, ...unknown[]]): BookLevel => [
        price,
        quantityOf(size, instrument),
      ];
      return { symbol, at, bids: bids.map(level), asks: asks.map(level) };
    },
    async getBalance(asset) {
      const held = (await balances()).find((balance) => balance.asset === asset);
      return held ?? { asset, free: '0', locked: '0' };
    },
    getBalances: balances,
    async getPositions() {
      const listed = listing.all();
      const spot = listed.filter(({ contract }) => contract === undefined);
      // On spot a position is what is held of the base. An account of swaps alone need not be asked.
      const held = new Map(
        spot.length === 0 ? [] : (await balances()).map((one) => [one.asset, one] as const),
      );
      const holdings = spot.flatMap(({ symbol, base }) => {
        const balance = held.get(base);
        if (balance === undefined) return [];
        return [{ symbol, quantity: toDecimalString(decimal(balance.free).plus(balance.locked)) }];
      });
      return spot.length === listed.length
        ? holdings
        : [...holdings, ...(await contracts.positions())];
    },

    async placeOrder(request) {
      const instrument = listing.traded(request.symbol);
      requireOurId(request.clientOrderId);
      return placing.place(instrument, request);
    },
    async cancelOrder({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      await placing.cancel(instrument, clientOrderId);
    },

    async getOrderStatus({ clientOrderId, symbol }) {
      const instrument = listing.traded(symbol);
      requireOurId(clientOrderId);
      const found = await lookup.byClientId(instrument, clientOrderId);
      if (found !== null) return found;
      throw new KeelError(
        'VENUE_ORDER_NOT_FOUND',
        `OKX knows no ${symbol} order ${clientOrderId} (yet)`,
      );
    },
    async findOrder({ clientOrderId, symbol }) {
      requireOurId(clientOrderId);
      return patient.everywhere(listing.traded(symbol), clientOrderId);
    },
    openOrders: async (symbol) => lookup.openOrders(listing.traded(symbol)),
    async fillsSince(symbol, since) {
      return ourFills(await adapter.accountTrades(symbol, since));
    },
    accountTrades: async (symbol, since) => lookup.tradesSince(listing.traded(symbol), since),
    async prepareAccount(symbols) {
      const traded = symbols.map((symbol) => listing.traded(symbol));
      const swaps = traded.filter(({ contract }) => contract !== undefined);
      await contracts.prepare(swaps);
      if (swaps.length > 0) await loadInstruments();
    },
    fundingRates: async (symbol, since) => {
      const instrument = listing.traded(symbol);
      return instrument.contract === undefined
        ? []
        : fundingRatesSince(requests, instrument.venueSymbol, since);
    },
    async fundingSince(symbol, since) {
      const instrument = listing.traded(symbol);
      return instrument.contract === undefined ? [] : contracts.fundingSince(instrument, since);
    },
    async venueOrdersSince(symbol, since) {
      const instrument = listing.traded(symbol);
      return instrument.contract === undefined ? [] : contracts.venueOrdersSince(instrument, since);
    },

    async watchOrders(onOrder) {
      const open: { close(): Promise<void> }[] = [];
      const close = async (): Promise<void> => {
        for (const watch of open) await watch.close();
      };
      try {
        for (const stream of streams) open.push(await stream.listen({ onOrder }));
      } catch (error) {
        await close();
        throw error;
      }
      return { close };
    },
    // Whatever a stop becomes trades as an order.
    watchForeignTrades: (onForeignTrade) => orderStream.listen({ onForeignTrade }),
  };
  return adapter;
}
