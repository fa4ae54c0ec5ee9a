/** From a request to an answer: endpoint, key, signature, handler; below `/fapi`. */
import { randomBytes } from 'node:crypto';
import { badKey } from '../binance/errors.ts';
import { optionalInteger } from '../binance/parameters.ts';
import { MARKET_ENDPOINTS } from '../binance/rest-market.ts';
import { checkSigned } from '../binance/signature.ts';
import type { VenueRequest } from '../binance/venue.ts';
import type { PlacementFaults } from '../http-front.ts';
import { exchangeInfo } from './instruments.ts';
import {
  getAccount,
  getBalances,
  getCommissionRate,
  getIncome,
  getPositionMode,
  getPositionRisk,
  getSymbolConfig,
  getUserTrades,
  setLeverage,
  setMarginType,
  setPositionMode,
} from './rest-account.ts';
import {
  cancelAlgo,
  cancelOrder,
  listOrders,
  placeAlgo,
  placeOrder,
  queryAlgo,
  queryOrder,
} from './rest-trade.ts';
import { contractNamed, type UsdmVenue } from './venue.ts';

type Handler = (venue: UsdmVenue, request: VenueRequest, faults: PlacementFaults) => unknown;

/** Answered as on spot. */
const AS_SPOT = [
  'ping',
  'time',
  'klines',
  'depth',
  'ticker/price',
  'ticker/bookTicker',
  'ticker/24hr',
];

const OPEN: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(
    AS_SPOT.flatMap((path) => {
      const handler = MARKET_ENDPOINTS[`/api/v3/${path}`];
      return handler === undefined ? [] : [[`/fapi/v1/${path}`, handler] as const];
    }),
  ),
  '/fapi/v1/exchangeInfo': (venue) =>
    exchangeInfo(venue.instruments, venue.limits, venue.wallTime()),
  '/fapi/v1/premiumIndex': getPremiumIndex,
  '/fapi/v1/fundingRate': getFundingRates,
};

const SIGNED: Readonly<Record<string, Handler>> = {
  'POST /fapi/v1/order': placeOrder,
  'GET /fapi/v1/order': queryOrder,
  'DELETE /fapi/v1/order': cancelOrder,
  'GET /fapi/v1/openOrders': (venue, { params }) =>
    listOrders(venue, params, { algo: false, open: true }),
  'GET /fapi/v1/allOrders': (venue, { params }) =>
    listOrders(venue, params, { algo: false, open: false }),
  'POST /fapi/v1/algoOrder': placeAlgo,
  'GET /fapi/v1/algoOrder': queryAlgo,
  'DELETE /fapi/v1/algoOrder': cancelAlgo,
  'GET /fapi/v1/openAlgoOrders': (venue, { params }) =>
    listOrders(venue, params, { algo: true, open: true }),
  'GET /fapi/v1/allAlgoOrders': (venue, { params }) =>
    listOrders(venue, params, { algo: true, open: false }),
  'GET /fapi/v1/userTrades': getUserTrades,
  'GET /fapi/v1/income': getIncome,
  'GET /fapi/v1/commissionRate': getCommissionRate,
  'GET /fapi/v1/symbolConfig': getSymbolConfig,
  'POST /fapi/v1/leverage': setLeverage,
  'POST /fapi/v1/marginType': setMarginType,
  'GET /fapi/v1/positionSide/dual': getPositionMode,
  'POST /fapi/v1/positionSide/dual': setPositionMode,
  ...Object.fromEntries(
    ['v2', 'v3'].flatMap((version): [string, Handler][] => [
      [`GET /fapi/${version}/account`, getAccount],
      [`GET /fapi/${version}/balance`, getBalances],
      [`GET /fapi/${version}/positionRisk`, getPositionRisk],
    ]),
  ),
};

/** Wants the key and no signature. */
const LISTEN_KEY = /^(POST|PUT|DELETE) \/fapi\/v1\/listenKey$/;

export function isEndpoint(method: string, path: string): boolean {
  const name = `${method} ${path}`;
  return (
    (method === 'GET' && OPEN[path] !== undefined) ||
    SIGNED[name] !== undefined ||
    LISTEN_KEY.test(name)
  );
}

/** The JSON body of the answer. Throws `VenueError`. */
export function answer(venue: UsdmVenue, request: VenueRequest, faults: PlacementFaults): unknown {
  const name = `${request.method} ${request.path}`;
  if (LISTEN_KEY.test(name)) {
    return listenKey(venue, request);
  }
  const open = request.method === 'GET' ? OPEN[request.path] : undefined;
  if (open !== undefined) {
    return open(venue, request, faults);
  }
  const signed = SIGNED[name];
  if (signed === undefined) {
    throw new RangeError(`${name} is no endpoint: ask isEndpoint first`);
  }
  checkSigned(request, request.params, venue.credentials, venue.wallTime());
  return signed(venue, request, faults);
}

function listenKey(venue: UsdmVenue, { method, apiKey }: VenueRequest): object {
  if (apiKey !== venue.credentials.apiKey) {
    throw badKey();
  }
  if (method === 'DELETE') {
    venue.listenKeys.clear();
    return {};
  }
  const [known] = venue.listenKeys;
  const key = known ?? randomBytes(32).toString('hex');
  venue.listenKeys.add(key);
  return { listenKey: key };
}

function getPremiumIndex(venue: UsdmVenue, { params }: VenueRequest): unknown {
  const time = venue.replay.marketTime;
  const next = venue.funding.nextAfter(time);
  const rows = venue.instruments.map(({ symbol, venueSymbol }) => ({
    symbol: venueSymbol,
    markPrice: venue.engine.contracts.markPrice(symbol),
    indexPrice: venue.engine.contracts.markPrice(symbol),
    estimatedSettlePrice: venue.engine.contracts.markPrice(symbol),
    lastFundingRate: next.rate,
    interestRate: '0.00010000',
    nextFundingTime: next.at,
    time,
  }));
  const name = params.get('symbol');
  if (name === null) {
    return rows;
  }
  const { venueSymbol } = contractNamed(venue, name);
  return rows.find(({ symbol }) => symbol === venueSymbol);
}

/** Rates of payments already due, oldest first. */
function getFundingRates(venue: UsdmVenue, { params }: VenueRequest): object[] {
  const { symbol, venueSymbol } = contractNamed(venue, params.get('symbol') ?? '');
  const from = optionalInteger(params, 'startTime') ?? 0;
  const times = venue.replay
    .bars(symbol)
    .slice(0, venue.replay.closedCount(symbol))
    .map(({ openAt }) => openAt + 60_000);
  return times
    .filter((at) => at >= from)
    .flatMap((at) => {
      const fundingRate = venue.funding.dueAt(at);
      return fundingRate === undefined
        ? []
        : [{ symbol: venueSymbol, fundingRate, fundingTime: at, markPrice: '0' }];
    })
    .slice(0, optionalInteger(params, 'limit') ?? 100);
}

/** Weights as the venue's documentation has them; what is not listed weighs one. */
export function weightOf(method: string, path: string, params: URLSearchParams): number {
  const oneSymbol = params.has('symbol');
  switch (`${method} ${path.replace(/^\/fapi\/v\d\//, '')}`) {
    case 'POST order':
    case 'POST algoOrder':
      return 0;
    case 'GET openOrders':
    case 'GET openAlgoOrders':
      return oneSymbol ? 1 : 40;
    case 'GET allOrders':
    case 'GET allAlgoOrders':
    case 'GET userTrades':
    case 'GET account':
    case 'GET balance':
    case 'GET positionRisk':
    case 'GET symbolConfig':
      return 5;
    case 'GET commissionRate':
      return 20;
    case 'GET income':
    case 'GET positionSide/dual':
      return 30;
    case 'GET depth':
      return 5;
    default:
      return 1;
  }
}
