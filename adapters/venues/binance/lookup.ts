/** Reading orders and own trades back from Binance: by id, from the books, from history. */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import type { AccountTrade } from '../../../core/fill.ts';
import type { Instrument } from '../../../core/instrument.ts';
import type { VenueOrderWithFills } from '../../trade-adapter.ts';
import { fillOf, orderOf } from './orders.ts';
import type { BinanceRequests } from './requests.ts';
import {
  parseAnswer,
  type RawOrder,
  rawOrderSchema,
  type RawTrade,
  rawTradeSchema,
} from './shapes.ts';

/** The most rows a page holds. */
const PAGE = 1000;
const DAY_MS = 86_400_000;
const MAX_DAYS_SOUGHT = 30;

type Params = Readonly<Record<string, string | number>>;

export interface BinanceLookup {
  /** Null where the venue says −2013. */
  byClientId(instrument: Instrument, clientOrderId: string): Promise<RawOrder | null>;
  openOrders(instrument: Instrument): Promise<readonly RawOrder[]>;
  /** Of every symbol: one heavy request. */
  allOpenOrders(): Promise<readonly RawOrder[]>;
  withFills(instrument: Instrument, raw: RawOrder): Promise<VenueOrderWithFills>;
  /** By id, then among open orders, history and own trades; null when all answered and none knows it. */
  everywhere(instrument: Instrument, clientOrderId: string): Promise<VenueOrderWithFills | null>;
  /** The account's trades at or after `since`, oldest first; each with its order's client id, if that is still told. */
  tradesSince(instrument: Instrument, since: number): Promise<readonly AccountTrade[]>;
}

export function createBinanceLookup(requests: Pick<BinanceRequests, 'signed'>): BinanceLookup {
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

  const order = async (params: Params): Promise<RawOrder | null> => {
    try {
      return await read(rawOrderSchema, 'order', params, 4);
    } catch (error) {
      if (error instanceof KeelError && error.code === 'VENUE_ORDER_NOT_FOUND') return null;
      throw error;
    }
  };

  const orders = (path: string, params: Params, weight: number): Promise<RawOrder[]> =>
    read(z.array(rawOrderSchema), path, params, weight);

  const trades = (params: Params, weight = 20): Promise<RawTrade[]> =>
    read(z.array(rawTradeSchema), 'myTrades', params, weight);

  const withFills = async (instrument: Instrument, raw: RawOrder): Promise<VenueOrderWithFills> => {
    const found = orderOf(raw, instrument);
    if (raw.executedQty === '0') return { order: found, fills: [] };
    const params = { symbol: instrument.venueSymbol, orderId: raw.orderId, limit: PAGE };
    const fills = (await trades(params, 5)).sort(byTradeId);
    for (let page = fills, last = page.at(-1); page.length === PAGE && last !== undefined;) {
      page = (await trades({ ...params, fromId: String(BigInt(last.id) + 1n) }, 5)).sort(byTradeId);
      fills.push(...page);
      last = page.at(-1);
    }
    return {
      order: found,
      fills: fills.map((trade) => fillOf(trade, raw.clientOrderId, instrument)),
    };
  };

  const byClientId = (instrument: Instrument, clientOrderId: string): Promise<RawOrder | null> =>
    order({ symbol: instrument.venueSymbol, origClientOrderId: clientOrderId });

  return {
    byClientId,
    withFills,
    allOpenOrders: () => orders('openOrders', {}, 80),
    openOrders: (instrument) => orders('openOrders', { symbol: instrument.venueSymbol }, 6),

    async everywhere(instrument, clientOrderId) {
      const symbol = instrument.venueSymbol;
      const direct = await byClientId(instrument, clientOrderId);
      if (direct !== null) return withFills(instrument, direct);
      const open = await orders('openOrders', { symbol }, 6);
      const history = await orders('allOrders', { symbol, limit: PAGE }, 20);
      const listed = [...open, ...history];
      const match = listed.find((candidate) => candidate.clientOrderId === clientOrderId);
      if (match !== undefined) return withFills(instrument, match);
      // Trades carry no client id: those of an order that history does not show yet are looked up by its number.
      const newest = await trades({ symbol, limit: PAGE });
      const shown = new Set(listed.map((candidate) => candidate.orderId));
      const oldestShown = listed.reduce(
        (least, { orderId }) => (BigInt(orderId) < least ? BigInt(orderId) : least),
        BigInt(listed[0]?.orderId ?? 0),
      );
      const strangers = new Set(newest.map((trade) => trade.orderId));
      for (const orderId of strangers) {
        if (shown.has(orderId) || BigInt(orderId) < oldestShown) continue;
        const raw = await order({ symbol, orderId });
        if (raw?.clientOrderId === clientOrderId) return withFills(instrument, raw);
      }
      return null;
    },

    async tradesSince(instrument, since) {
      const symbol = instrument.venueSymbol;
      const found = await tradesSince(trades, symbol, since);
      const clientIds = await clientIdsOf(found, orders, order, symbol);
      return found.map((trade) => {
        const clientOrderId = clientIds.get(trade.orderId) ?? null;
        return { ...fillOf(trade, clientOrderId ?? '', instrument), clientOrderId };
      });
    },
  };
}

/**
 * Mostly the newest page holds it all. Where it does not, the first trade is sought by time, a day at once as
 * the venue allows (or, for a time long past, from the account's first trade on); from there the pages go by
 * trade id, which leaves none out.
 */
export async function tradesSince<T extends { readonly id: string; readonly time: number }>(
  trades: (params: Params) => Promise<T[]>,
  symbol: string,
  since: number,
): Promise<readonly T[]> {
  const newest = (await trades({ symbol, limit: PAGE })).sort(byTradeId);
  const oldestAt = newest[0]?.time ?? 0;
  const within = (trade: T): boolean => trade.time >= since;
  if (newest.length < PAGE || oldestAt < since) return newest.filter(within);

  let found: T[] = [];
  if (oldestAt - since > MAX_DAYS_SOUGHT * DAY_MS) {
    found = await trades({ symbol, fromId: 0, limit: PAGE });
  }
  for (let from = since; found.length === 0; from += DAY_MS) {
    found = await trades({ symbol, startTime: from, endTime: from + DAY_MS - 1, limit: PAGE });
  }
  found.sort(byTradeId);
  for (let last = found.at(-1); last !== undefined;) {
    const fromId = String(BigInt(last.id) + 1n);
    const page = (await trades({ symbol, fromId, limit: PAGE })).sort(byTradeId);
    found.push(...page);
    last = page.length < PAGE ? undefined : page.at(-1);
  }
  return found.filter(within);
}

export function byTradeId(a: { readonly id: string }, b: { readonly id: string }): number {
  return BigInt(a.id) < BigInt(b.id) ? -1 : 1;
}

async function clientIdsOf(
  found: readonly RawTrade[],
  orders: (path: string, params: Params, weight: number) => Promise<RawOrder[]>,
  order: (params: Params) => Promise<RawOrder | null>,
  symbol: string,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(found.map((trade) => trade.orderId))];
  const ids = new Map<string, string>();
  const least = wanted.reduce<bigint | null>(
    (low, id) => (low === null || BigInt(id) < low ? BigInt(id) : low),
    null,
  );
  if (least === null) return ids;
  const params = { symbol, orderId: String(least), limit: PAGE };
  for (const raw of await orders('allOrders', params, 20)) ids.set(raw.orderId, raw.clientOrderId);
  for (const orderId of wanted) {
    if (ids.has(orderId)) continue;
    const raw = await order({ symbol, orderId });
    if (raw !== null) ids.set(orderId, raw.clientOrderId);
  }
  return ids;
}
