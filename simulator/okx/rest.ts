/** From a request to the rows of its answer: endpoint, key, signature, handler. */
import type { VenueAction } from '../faults.ts';
import type { PlacementFaults } from '../http-front.ts';
import { RowError } from './errors.ts';
import { optional, type Row, rowsOf } from './parameters.ts';
import {
  getBalance,
  getConfig,
  getFills,
  getOrder,
  getOrderHistory,
  getPendingOrders,
  getTradeFee,
} from './rest-account.ts';
import { MARKET_ENDPOINTS } from './rest-market.ts';
import { cancelAlgo, getAlgo, getAlgoHistory, getPendingAlgos, placeAlgo } from './rest-algo.ts';
import {
  getBills,
  getLeverage,
  getPositions,
  setLeverage,
  setPositionMode,
} from './rest-contracts.ts';
import { cancelOrder, placeOrder } from './rest-trade.ts';
import { checkSigned } from './signature.ts';
import type { OkxRequest, OkxVenue } from './venue.ts';

const READS: Readonly<Record<string, (venue: OkxVenue, query: URLSearchParams) => unknown[]>> = {
  '/api/v5/account/balance': getBalance,
  '/api/v5/account/bills': getBills,
  '/api/v5/account/config': getConfig,
  '/api/v5/account/leverage-info': getLeverage,
  '/api/v5/account/positions': getPositions,
  '/api/v5/account/trade-fee': getTradeFee,
  '/api/v5/trade/order': getOrder,
  '/api/v5/trade/orders-pending': getPendingOrders,
  '/api/v5/trade/orders-history': getOrderHistory(7),
  '/api/v5/trade/orders-history-archive': getOrderHistory(90),
  '/api/v5/trade/order-algo': getAlgo,
  '/api/v5/trade/orders-algo-pending': getPendingAlgos,
  '/api/v5/trade/orders-algo-history': getAlgoHistory,
  '/api/v5/trade/fills': getFills(3),
  '/api/v5/trade/fills-history': getFills(90),
};

interface Deed {
  readonly action: VenueAction;
  readonly perform: (
    venue: OkxVenue,
    row: Row,
    request: OkxRequest,
    faults: PlacementFaults,
  ) => object;
}

const PLACE: Deed = { action: 'place', perform: placeOrder };
const CANCEL: Deed = { action: 'cancel', perform: cancelOrder };

const DEEDS: Readonly<Record<string, Deed>> = {
  '/api/v5/account/set-leverage': { action: 'read', perform: setLeverage },
  '/api/v5/account/set-position-mode': { action: 'read', perform: setPositionMode },
  '/api/v5/trade/order': PLACE,
  '/api/v5/trade/batch-orders': PLACE,
  '/api/v5/trade/order-algo': { action: 'place', perform: placeAlgo },
  '/api/v5/trade/cancel-algos': { action: 'cancel', perform: cancelAlgo },
  '/api/v5/trade/cancel-order': CANCEL,
  '/api/v5/trade/cancel-batch-orders': CANCEL,
};

/** Whether a path is served at all. */
export function isEndpoint({ method, path }: OkxRequest): boolean {
  return method === 'GET'
    ? MARKET_ENDPOINTS[path] !== undefined || READS[path] !== undefined
    : method === 'POST' && DEEDS[path] !== undefined;
}

/** What a request is about, in no venue's words. */
export function actionOf({ method, path }: OkxRequest): VenueAction {
  if (method === 'POST') {
    return DEEDS[path]?.action ?? 'read';
  }
  return READS[path] === undefined ? 'market' : 'read';
}

/** The answer's body. Throws `OkxError` where the request as a whole is refused. */
export function answer(venue: OkxVenue, request: OkxRequest, faults: PlacementFaults): object {
  const { method, path, query, body } = request;
  const count = (): void => {
    venue.rates.countRequest(`${method} ${path}`, venue.wallTime());
  };
  const open = method === 'GET' ? MARKET_ENDPOINTS[path] : undefined;
  if (open !== undefined) {
    count();
    return { code: '0', msg: '', data: open(venue, query) };
  }
  checkSigned(request, venue.credentials, venue.wallTime());
  count();
  const read = method === 'GET' ? READS[path] : undefined;
  if (read !== undefined) {
    return { code: '0', msg: '', data: read(venue, query) };
  }
  const deed = DEEDS[path];
  if (deed === undefined) {
    throw new RangeError(`${method} ${path} is no endpoint: ask isEndpoint first`);
  }
  return deedAnswer(rowsOf(body).map((row) => perform(venue, deed, row, request, faults)));
}

interface RowAnswer {
  readonly data: object;
  readonly failed: boolean;
}

function perform(
  venue: OkxVenue,
  deed: Deed,
  row: Row,
  request: OkxRequest,
  faults: PlacementFaults,
): RowAnswer {
  try {
    return { data: deed.perform(venue, row, request, faults), failed: false };
  } catch (error) {
    if (error instanceof RowError) {
      return { data: refusedRow(error, row), failed: true };
    }
    throw error;
  }
}

/** A row that was refused. */
export function refusedRow({ sCode, message }: RowError, row: Row): object {
  const algoClOrdId = optional(row, 'algoClOrdId');
  return {
    ...(algoClOrdId === undefined ? {} : { algoClOrdId, algoId: '' }),
    clOrdId: optional(row, 'clOrdId') ?? '',
    ordId: '',
    sCode,
    sMsg: message,
    tag: '',
  };
}

/** Code 1 where all rows failed, 2 where some did. */
export function deedAnswer(rows: readonly RowAnswer[]): object {
  const failures = rows.filter(({ failed }) => failed).length;
  const [code, msg] =
    failures === 0
      ? ['0', '']
      : failures === rows.length
        ? ['1', 'All operations failed']
        : ['2', 'Bulk operation partially succeeded'];
  return { code, msg, data: rows.map(({ data }) => data) };
}
