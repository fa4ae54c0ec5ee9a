/** From a request to an answer: endpoint, key, signature, handler. */
import type { PlacementFaults } from '../http-front.ts';
import { checkSigned } from './signature.ts';
import {
  getAccount,
  getAllOrders,
  getCommission,
  getMyTrades,
  getOpenOrders,
} from './rest-account.ts';
import { MARKET_ENDPOINTS } from './rest-market.ts';
import { cancelOrder, placeOrder, queryOrder } from './rest-trade.ts';
import type { Venue, VenueRequest } from './venue.ts';

type SignedHandler = (venue: Venue, request: VenueRequest, faults: PlacementFaults) => unknown;

const SIGNED_ENDPOINTS: Readonly<Record<string, SignedHandler>> = {
  'GET /api/v3/account': getAccount,
  'GET /api/v3/account/commission': getCommission,
  'GET /api/v3/openOrders': getOpenOrders,
  'GET /api/v3/allOrders': getAllOrders,
  'GET /api/v3/myTrades': getMyTrades,
  'GET /api/v3/order': queryOrder,
  'POST /api/v3/order': placeOrder,
  'DELETE /api/v3/order': cancelOrder,
};

/** Whether a path is served at all; where not, the front door answers 404 with HTML. */
export function isEndpoint(method: string, path: string): boolean {
  return (
    (method === 'GET' && MARKET_ENDPOINTS[path] !== undefined) ||
    SIGNED_ENDPOINTS[`${method} ${path}`] !== undefined
  );
}

/** The JSON body of the answer. Throws `VenueError`. */
export function answer(venue: Venue, request: VenueRequest, faults: PlacementFaults): unknown {
  const open = request.method === 'GET' ? MARKET_ENDPOINTS[request.path] : undefined;
  if (open !== undefined) {
    return open(venue, request);
  }
  const signed = SIGNED_ENDPOINTS[`${request.method} ${request.path}`];
  if (signed === undefined) {
    throw new RangeError(`${request.method} ${request.path} is no endpoint: ask isEndpoint first`);
  }
  checkSigned(request, request.params, venue.credentials, venue.wallTime());
  return signed(venue, request, faults);
}
