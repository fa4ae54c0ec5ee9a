/** Binance over HTTP: counts weights, asks the endpoint, and tells of faults in the venue's words. */
import type { IncomingMessage } from 'node:http';
import type { VenueAction } from '../faults.ts';
import {
  type Answer,
  type HttpDialect,
  NOT_FOUND_PAGE,
  type PlacementFaults,
  type ToldFault,
} from '../http-front.ts';
import {
  banned,
  insufficientBalance,
  outcomeUnknown,
  outsideRecvWindow,
  tooMuchWeight,
  unexpectedAnswer,
  unknownError,
  VenueError,
} from './errors.ts';
import type { Venue, VenueRequest } from './venue.ts';

const JSON_TYPE = 'application/json;charset=UTF-8';

/** The endpoints of one of Binance's markets. */
export interface BinanceApi {
  isEndpoint(method: string, path: string): boolean;
  weightOf(method: string, path: string, params: URLSearchParams): number;
  /** The JSON body of the answer. Throws `VenueError`. */
  answer(request: VenueRequest, faults: PlacementFaults): unknown;
}

export function binanceHttp(venue: Venue, api: BinanceApi): HttpDialect<VenueRequest> {
  return {
    read: readRequest,
    occasion: (request) => ({
      method: request.method,
      path: request.path,
      action: actionOf(request),
      clientOrderId:
        request.params.get('newClientOrderId') ??
        request.params.get('origClientOrderId') ??
        request.params.get('clientAlgoId') ??
        undefined,
    }),
    answer: (request, faults) => ask(venue, api, request, faults),
    tell: (fault) => refused(errorOf(venue, fault)),
  };
}

/** Where orders are placed, on spot and futures. */
const PLACING = /\/(order|algoOrder)$/;

function readRequest(incoming: IncomingMessage, body: string): VenueRequest {
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2);
  const params = new URLSearchParams(query);
  for (const [name, value] of new URLSearchParams(body)) {
    params.append(name, value);
  }
  const key = incoming.headers['x-mbx-apikey'];
  return {
    method: incoming.method ?? 'GET',
    path,
    query,
    body,
    params,
    apiKey: typeof key === 'string' ? key : undefined,
  };
}

/** Everything signed that is no order's begin or end is a read. */
function actionOf({ method, path, params }: VenueRequest): VenueAction {
  switch (method) {
    case 'POST':
      return PLACING.test(path) ? 'place' : 'read';
    case 'PUT':
      return 'amend';
    case 'DELETE':
      return 'cancel';
    default:
      return params.has('signature') ? 'read' : 'market';
  }
}

/** What a fault is in Binance's words. */
function errorOf({ limits, wallTime }: Venue, fault: ToldFault): VenueError {
  switch (fault.kind) {
    case 'rateLimit': {
      const { retryAfterSeconds } = fault;
      return fault.status === 429
        ? tooMuchWeight(limits.weightPerMinute, retryAfterSeconds)
        : banned(wallTime() + retryAfterSeconds * 1_000, retryAfterSeconds);
    }
    case 'clock':
      return outsideRecvWindow();
    case 'outcomeUnknown':
      return fault.why === 'timeout' ? outcomeUnknown() : unexpectedAnswer();
    case 'reject':
      return insufficientBalance();
    case 'status': {
      const { code, message } = unknownError();
      return new VenueError(fault.code ?? code, fault.msg ?? message, fault.status);
    }
  }
}

function refused(error: VenueError): Answer {
  return { status: error.status, type: JSON_TYPE, body: error.body, headers: error.headers };
}

function ask(
  venue: Venue,
  api: BinanceApi,
  request: VenueRequest,
  faults: PlacementFaults,
): Answer {
  if (!api.isEndpoint(request.method, request.path)) {
    return NOT_FOUND_PAGE;
  }
  const places = request.method === 'POST' && PLACING.test(request.path);
  try {
    venue.rates.count(api.weightOf(request.method, request.path, request.params), venue.wallTime());
    const body = JSON.stringify(api.answer(request, faults));
    return { status: 200, type: JSON_TYPE, body, headers: venue.rates.headers(places) };
  } catch (error) {
    if (error instanceof VenueError) {
      const given = refused(error);
      return { ...given, headers: { ...venue.rates.headers(places), ...given.headers } };
    }
    throw error;
  }
}
