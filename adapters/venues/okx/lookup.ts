/**
 * Reading orders, stops and own trades back from OKX: by id, from the lists of what is open, from seven days
 * and three months of history. Lists come newest first, in pages.
 */
import type { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import type { AccountTrade, Fill } from '../../../core/fill.ts';
import type { Instrument } from '../../../core/instrument.ts';
import type { VenueOrder, VenueOrderWithFills } from '../../trade-adapter.ts';
import { isOurs } from '../own-orders.ts';
import { instTypeOf } from './instruments.ts';
import { clientOrderIdOf, fillOf, orderOf, stopOf, tradeOf, withFills } from './orders.ts';
import type { OkxRequests } from './requests.ts';
import {
  algoRow,
  fillRow,
  orderRow,
  parseAnswer,
  type RawAlgo,
  type RawFill,
  type RawOrder,
  rowsOf,
} from './shapes.ts';

/** The most rows a page holds. */
const PAGE = 100;
/** Of a list that is searched for one order. */
const MAX_PAGES = 10;
const DAY_MS = 86_400_000;
/** `fills` goes back three days; a little less is sure. */
const RECENT_FILLS_MS = 3 * DAY_MS - 3_600_000;

type Params = Readonly<Record<string, string>>;

export interface OkxLookup {
  /** An order or a stop by its client id; null where the venue knows neither. */
  byClientId(instrument: Instrument, clientOrderId: string): Promise<VenueOrderWithFills | null>;
  byVenueId(instrument: Instrument, ordId: string): Promise<VenueOrderWithFills | null>;
  /** By client id, then in every list; null when all answered and none knows it. */
  everywhere(instrument: Instrument, clientOrderId: string): Promise<VenueOrderWithFills | null>;
  /** Keel's open orders and stops. */
  openOrders(instrument: Instrument): Promise<readonly VenueOrder[]>;
  /** The account's trades at or after `since` (market time), oldest first. */
  tradesSince(instrument: Instrument, since: number): Promise<readonly AccountTrade[]>;
  /** Finished orders of the account last changed at or after `since`, newest first. */
  ordersSince(instrument: Instrument, since: number): Promise<readonly RawOrder[]>;
  fillsOf(instrument: Instrument, raw: RawOrder): Promise<readonly Fill[]>;
}

export function createOkxLookup(requests: Pick<OkxRequests, 'signed' | 'marketTime'>): OkxLookup {
  const read = async <T extends z.ZodType>(
    row: T,
    path: string,
    params: Params,
  ): Promise<z.infer<T>[]> => {
    const { json } = await requests.signed({ method: 'GET', path, params, purpose: 'read' });
    return parseAnswer(rowsOf(row), json, `GET ${path}`).data;
  };

  const one = async <T extends z.ZodType>(
    row: T,
    path: string,
    params: Params,
  ): Promise<z.infer<T> | null> => {
    try {
      return (await read(row, path, params))[0] ?? null;
    } catch (error) {
      if (error instanceof KeelError && error.code === 'VENUE_ORDER_NOT_FOUND') return null;
      throw error;
    }
  };

  /** Rows of a list, newest first, until one is `past` what is sought or the list ends. */
  const list = async <T>(
    page: (after: Params) => Promise<T[]>,
    { idOf, past }: { readonly idOf: (row: T) => string; readonly past: (row: T) => boolean },
    maxPages = MAX_PAGES,
  ): Promise<T[]> => {
    const rows: T[] = [];
    for (let pages = 0, after = {}; pages < maxPages; pages += 1) {
      const next = await page(after);
      rows.push(...next);
      const last = next.at(-1);
      if (last === undefined || next.length < PAGE || past(last)) break;
      after = { after: idOf(last) };
    }
    return rows;
  };

  const of = (instrument: Instrument): Params => ({
    instType: instTypeOf(instrument),
    instId: instrument.venueSymbol,
  });

  const order = (instrument: Instrument, id: Params): Promise<RawOrder | null> =>
    one(orderRow, 'trade/order', { instId: instrument.venueSymbol, ...id });

  const orders = (
    path: string,
    instrument: Instrument,
    past: (row: RawOrder) => boolean = () => false,
  ): Promise<RawOrder[]> =>
    list((after) => read(orderRow, path, { ...of(instrument), ...after }), {
      idOf: ({ ordId }) => ordId,
      past,
    });

  const algos = (path: string, instrument: Instrument, params: Params = {}): Promise<RawAlgo[]> =>
    list(
      (after) => {
        const wanted = { ordType: 'conditional', ...of(instrument), ...params, ...after };
        return read(algoRow, path, wanted);
      },
      { idOf: ({ algoId }) => algoId, past: () => false },
    );

  const fills = (
    path: 'trade/fills' | 'trade/fills-history',
    instrument: Instrument,
    params: Params,
    since = 0,
  ): Promise<RawFill[]> =>
    list(
      (after) => read(fillRow, path, { ...of(instrument), ...params, ...after }),
      { idOf: ({ billId }) => billId, past: ({ ts }) => ts < since },
      since === 0 ? MAX_PAGES : Infinity,
    );

  const fillsOf = async (instrument: Instrument, raw: RawOrder): Promise<readonly Fill[]> => {
    if (raw.accFillSz === '0') return [];
    const params = { ordId: raw.ordId };
    let found = await fills('trade/fills', instrument, params);
    // Of an order that traded more than three days ago only the history tells.
    if (found.length === 0) found = await fills('trade/fills-history', instrument, params);
    return found.reverse().map((fill) => fillOf(fill, clientOrderIdOf(raw), instrument));
  };

  const orderWithFills = async (
    instrument: Instrument,
    raw: RawOrder,
  ): Promise<VenueOrderWithFills> =>
    withFills(orderOf(raw, instrument), await fillsOf(instrument, raw));

  const stopWithFills = async (
    instrument: Instrument,
    algo: RawAlgo,
  ): Promise<VenueOrderWithFills> => {
    const became = algo.ordId === '' ? null : await order(instrument, { ordId: algo.ordId });
    const known = became === null ? null : { ...became, algoClOrdId: algo.algoClOrdId };
    const stop = stopOf(algo, known, instrument);
    return withFills(stop, known === null ? [] : await fillsOf(instrument, known));
  };

  const algoByClientId = (algoClOrdId: string): Promise<RawAlgo | null> =>
    one(algoRow, 'trade/order-algo', { algoClOrdId });

  /** What a stop became is told as the stop. */
  const told = async (instrument: Instrument, raw: RawOrder): Promise<VenueOrderWithFills> => {
    const algo = raw.algoClOrdId === '' ? null : await algoByClientId(raw.algoClOrdId);
    return algo === null ? orderWithFills(instrument, raw) : stopWithFills(instrument, algo);
  };

  const byClientId: OkxLookup['byClientId'] = async (instrument, clientOrderId) => {
    const found = await order(instrument, { clOrdId: clientOrderId });
    if (found !== null) return told(instrument, found);
    const algo = await algoByClientId(clientOrderId);
    return algo?.instId === instrument.venueSymbol ? stopWithFills(instrument, algo) : null;
  };

  return {
    byClientId,
    fillsOf,
    async byVenueId(instrument, ordId) {
      const found = await order(instrument, { ordId });
      return found === null ? null : told(instrument, found);
    },

    async everywhere(instrument, clientOrderId) {
      const direct = await byClientId(instrument, clientOrderId);
      if (direct !== null) return direct;
      for (const place of ['pending', 'history', 'history-archive']) {
        const listed = await orders(`trade/orders-${place}`, instrument);
        const match = listed.find((raw) => clientOrderIdOf(raw) === clientOrderId);
        if (match !== undefined) return told(instrument, match);
      }
      const states = ['effective', 'canceled', 'order_failed'].map((state) => ({ state }));
      for (const params of [{}, ...states]) {
        const place = 'state' in params ? 'history' : 'pending';
        const listed = await algos(`trade/orders-algo-${place}`, instrument, params);
        const match = listed.find(({ algoClOrdId }) => algoClOrdId === clientOrderId);
        if (match !== undefined) return stopWithFills(instrument, match);
      }
      for (const path of ['trade/fills', 'trade/fills-history'] as const) {
        const fill = (await fills(path, instrument, {})).find(
          ({ clOrdId }) => clOrdId === clientOrderId,
        );
        if (fill === undefined) continue;
        const raw = await order(instrument, { ordId: fill.ordId });
        if (raw !== null) return told(instrument, raw);
        throw new KeelError(
          'VENUE_UNAVAILABLE',
          `OKX shows trades of ${clientOrderId} but not the order: it is not to be had yet, look again`,
        );
      }
      return null;
    },

    async openOrders(instrument) {
      const open = await orders('trade/orders-pending', instrument);
      const stops = await algos('trade/orders-algo-pending', instrument);
      return [
        ...open.map((raw) => orderOf(raw, instrument)),
        ...stops.map((algo) => stopOf(algo, null, instrument)),
      ].filter(isOurs);
    },

    async tradesSince(instrument, since) {
      const recent = since >= (await requests.marketTime()) - RECENT_FILLS_MS;
      const path = recent ? 'trade/fills' : 'trade/fills-history';
      const found = (await fills(path, instrument, {}, since)).filter(({ ts }) => ts >= since);
      const parents = new Map<string, string | null>();
      for (const { ordId, clOrdId } of found) {
        // What a stop became has no client id of its own: its order names the stop.
        if (clOrdId !== '' || parents.has(ordId)) continue;
        const raw = await order(instrument, { ordId });
        parents.set(ordId, raw === null ? null : clientOrderIdOf(raw));
      }
      return found.reverse().map((fill) => {
        const told = parents.get(fill.ordId) ?? fill.clOrdId;
        return {
          ...tradeOf(fill, told === '' ? null : told, instrument),
          ...(instrument.contract === undefined ? {} : { realisedPnl: fill.fillPnl }),
        };
      });
    },

    async ordersSince(instrument, since) {
      const past = ({ cTime }: RawOrder): boolean => cTime < since;
      const finished = await orders('trade/orders-history', instrument, past);
      return finished.filter(({ uTime }) => uTime >= since);
    },
  };
}
