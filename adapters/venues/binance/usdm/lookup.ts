/**
 * Reading orders and own trades back from USDⓈ-M futures. Stops are conditional orders of the Algo Service: they
 * have ids of their own, and what they become is an order whose number they name. To Keel both are one order,
 * under the conditional order's client id.
 */
import { z } from 'zod';
import { KeelError } from '../../../../core/errors.ts';
import type { AccountTrade } from '../../../../core/fill.ts';
import type { Instrument } from '../../../../core/instrument.ts';
import type { VenueOrder, VenueOrderWithFills } from '../../../trade-adapter.ts';
import { isOurs } from '../../own-orders.ts';
import { byTradeId, tradesSince } from '../lookup.ts';
import type { BinanceRequests } from '../requests.ts';
import { parseAnswer } from '../shapes.ts';
import { causeOf, contractFillOf, contractOrderOf, stopOrderOf } from './orders.ts';
import {
  type AlgoOrder,
  algoOrderSchema,
  type ContractOrder,
  contractOrderSchema,
  type ContractTrade,
  contractTradeSchema,
} from './shapes.ts';

/** The most rows a page holds. */
const PAGE = 1000;
const WEEK_MS = 7 * 86_400_000;
const WEEKS_SOUGHT = 13;

type Params = Readonly<Record<string, string | number>>;

export interface UsdmLookup {
  /** Null where neither endpoint knows it. */
  byClientId(instrument: Instrument, clientOrderId: string): Promise<VenueOrderWithFills | null>;
  /** By id, then in every list; null when all answered and none knows it. */
  everywhere(instrument: Instrument, clientOrderId: string): Promise<VenueOrderWithFills | null>;
  /** What rests: orders, and stops that wait. */
  openOrders(instrument: Instrument): Promise<readonly VenueOrder[]>;
  orderWithFills(instrument: Instrument, raw: ContractOrder): Promise<VenueOrderWithFills>;
  /** By the venue's number. */
  byNumber(instrument: Instrument, orderId: string): Promise<ContractOrder | null>;
  /** Trades at or after `since`, oldest first; those of a triggered stop under the stop's client id. */
  tradesSince(instrument: Instrument, since: number): Promise<readonly AccountTrade[]>;
}

export function createUsdmLookup(requests: Pick<BinanceRequests, 'signed'>): UsdmLookup {
  const read = async <T extends z.ZodType>(
    schema: T,
    path: string,
    params: Params,
    weight: number,
  ): Promise<z.infer<T>> => {
    const request = { method: 'GET', path, params, purpose: 'read', weight } as const;
    const { json } = await requests.signed(request);
    return parseAnswer(schema, json, `GET ${path}`);
  };
  const orNull = async <T>(reading: Promise<T>): Promise<T | null> => {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof KeelError && error.code === 'VENUE_ORDER_NOT_FOUND') return null;
      throw error;
    }
  };
  const order = (params: Params): Promise<ContractOrder | null> =>
    orNull(read(contractOrderSchema, 'order', params, 1));
  const algo = (params: Params): Promise<AlgoOrder | null> =>
    orNull(read(algoOrderSchema, 'algoOrder', params, 1));
  const orders = (path: string, params: Params, weight: number): Promise<ContractOrder[]> =>
    read(z.array(contractOrderSchema), path, params, weight);
  const algos = (path: string, params: Params, weight: number): Promise<AlgoOrder[]> =>
    read(z.array(algoOrderSchema), path, params, weight);
  const trades = (params: Params): Promise<ContractTrade[]> =>
    read(z.array(contractTradeSchema), 'userTrades', params, 5);

  const fillsOf = async (
    instrument: Instrument,
    raw: ContractOrder,
    clientOrderId: string,
  ): Promise<VenueOrderWithFills['fills']> => {
    if (raw.executedQty === '0') return [];
    const params = { symbol: instrument.venueSymbol, orderId: raw.orderId, limit: PAGE };
    const found = (await trades(params)).sort(byTradeId);
    for (let last = found.at(-1), full = found.length === PAGE; full && last !== undefined;) {
      const fromId = String(BigInt(last.id) + 1n);
      const page = (await trades({ ...params, fromId })).sort(byTradeId);
      found.push(...page);
      full = page.length === PAGE;
      last = page.at(-1);
    }
    return found.map((trade) => contractFillOf(trade, clientOrderId, instrument));
  };

  const orderWithFills = async (
    instrument: Instrument,
    raw: ContractOrder,
  ): Promise<VenueOrderWithFills> => ({
    order: contractOrderOf(raw, instrument),
    fills: await fillsOf(instrument, raw, raw.clientOrderId),
  });

  const byNumber = (instrument: Instrument, orderId: string): Promise<ContractOrder | null> =>
    order({ symbol: instrument.venueSymbol, orderId });

  const stopWithFills = async (
    instrument: Instrument,
    raw: AlgoOrder,
  ): Promise<VenueOrderWithFills> => {
    const became =
      raw.actualOrderId === null ? null : await byNumber(instrument, raw.actualOrderId);
    return {
      order: stopOrderOf(raw, became, instrument),
      fills: became === null ? [] : await fillsOf(instrument, became, raw.clientAlgoId),
    };
  };

  /**
   * The stops that became orders, by the order's number, asked for a week at a time: so much the venue shows at
   * once, and a stop may have rested longer. What one order's search has read serves the next one's.
   */
  const parentsUntil = (venueSymbol: string, until: number) => {
    const parents = new Map<string, string>();
    let weeksRead = 0;
    return async (orderId: string): Promise<string | null> => {
      while (!parents.has(orderId) && weeksRead < WEEKS_SOUGHT) {
        const endTime = until - weeksRead * WEEK_MS;
        const range = { startTime: endTime - WEEK_MS + 1, endTime, limit: PAGE };
        for (const stop of await algos('allAlgoOrders', { symbol: venueSymbol, ...range }, 5)) {
          if (stop.actualOrderId !== null) parents.set(stop.actualOrderId, stop.clientAlgoId);
        }
        weeksRead += 1;
      }
      return parents.get(orderId) ?? null;
    };
  };

  const byClientId: UsdmLookup['byClientId'] = async (instrument, clientOrderId) => {
    const symbol = instrument.venueSymbol;
    const plain = await order({ symbol, origClientOrderId: clientOrderId });
    if (plain !== null) return orderWithFills(instrument, plain);
    const stop = await algo({ clientAlgoId: clientOrderId });
    return stop === null ? null : stopWithFills(instrument, stop);
  };

  return {
    byClientId,
    byNumber,
    orderWithFills,
    async everywhere(instrument, clientOrderId) {
      const direct = await byClientId(instrument, clientOrderId);
      if (direct !== null) return direct;
      const symbol = instrument.venueSymbol;
      const listed = [
        ...(await orders('openOrders', { symbol }, 1)),
        ...(await orders('allOrders', { symbol, limit: PAGE }, 5)),
      ];
      const plain = listed.find((one) => one.clientOrderId === clientOrderId);
      if (plain !== undefined) return orderWithFills(instrument, plain);
      const stops = [
        ...(await algos('openAlgoOrders', { symbol }, 1)),
        ...(await algos('allAlgoOrders', { symbol, limit: PAGE }, 5)),
      ];
      const stop = stops.find((one) => one.clientAlgoId === clientOrderId);
      if (stop !== undefined) return stopWithFills(instrument, stop);
      // Trades carry no client id: those of an order that no list shows yet are looked up by its number.
      const shown = new Set(listed.map((one) => one.orderId));
      const newest = await trades({ symbol, limit: PAGE });
      for (const orderId of new Set(newest.map((trade) => trade.orderId))) {
        if (shown.has(orderId)) continue;
        const raw = await byNumber(instrument, orderId);
        if (raw?.clientOrderId === clientOrderId) return orderWithFills(instrument, raw);
      }
      return null;
    },
    async openOrders(instrument) {
      const symbol = instrument.venueSymbol;
      const resting = await orders('openOrders', { symbol }, 1);
      const waiting = await algos('openAlgoOrders', { symbol }, 1);
      return [
        ...resting.map((raw) => contractOrderOf(raw, instrument)),
        ...waiting.map((raw) => stopOrderOf(raw, null, instrument)),
      ];
    },
    async tradesSince(instrument, since) {
      const symbol = instrument.venueSymbol;
      const found = await tradesSince(trades, symbol, since);
      if (found.length === 0) return [];
      const listed = await orders('allOrders', { symbol, limit: PAGE }, 5);
      const parentOf = parentsUntil(symbol, Math.max(...found.map(({ time }) => time)));
      const ids = new Map<string, string | null>();
      const told: AccountTrade[] = [];
      for (const trade of found) {
        const { orderId } = trade;
        if (!ids.has(orderId)) {
          const raw =
            listed.find((one) => one.orderId === orderId) ?? (await byNumber(instrument, orderId));
          const id = raw?.clientOrderId ?? null;
          // Its own name says enough of an order of ours, and of one that the venue made.
          const known = isOurs({ clientOrderId: id }) || causeOf(id ?? '') !== undefined;
          ids.set(orderId, known ? id : ((await parentOf(orderId)) ?? id));
        }
        const clientOrderId = ids.get(orderId) ?? null;
        told.push({
          ...contractFillOf(trade, clientOrderId ?? '', instrument),
          clientOrderId,
          realisedPnl: trade.realizedPnl,
        });
      }
      return told;
    },
  };
}
