/** How OKX speaks over HTTP. */
import type { IncomingMessage } from 'node:http';
import type { Answer, HttpDialect, PlacementFaults, ToldFault } from '../http-front.ts';
import { NOT_FOUND_PAGE } from '../http-front.ts';
import {
  engineTimeout,
  insufficientBalance,
  OkxError,
  systemError,
  timestampExpired,
  tooFast,
} from './errors.ts';
import { optional, rowsOf } from './parameters.ts';
import { actionOf, answer, deedAnswer, isEndpoint, refusedRow } from './rest.ts';
import type { OkxRequest, OkxVenue } from './venue.ts';

export function okxHttp(venue: OkxVenue): HttpDialect<OkxRequest> {
  return {
    read: readRequest,
    occasion: (request) => ({
      method: request.method,
      path: request.path,
      action: actionOf(request),
      clientOrderId: clientOrderIdOf(request),
    }),
    answer: (request, faults) => ask(venue, request, faults),
    tell,
  };
}

function readRequest(incoming: IncomingMessage, body: string): OkxRequest {
  const target = incoming.url ?? '/';
  const [path = '/', query = ''] = target.split('?', 2);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]),
  );
  return {
    method: incoming.method ?? 'GET',
    path,
    target,
    query: new URLSearchParams(query),
    body,
    headers,
  };
}

/** Of the order, or the first of the orders, that a request is about. */
function clientOrderIdOf({ method, query, body }: OkxRequest): string | undefined {
  if (method !== 'POST') {
    return query.get('clOrdId') ?? query.get('algoClOrdId') ?? undefined;
  }
  try {
    const [row] = rowsOf(body);
    return row === undefined
      ? undefined
      : (optional(row, 'clOrdId') ?? optional(row, 'algoClOrdId'));
  } catch {
    return undefined;
  }
}

function ask(venue: OkxVenue, request: OkxRequest, faults: PlacementFaults): Answer {
  if (!isEndpoint(request)) {
    return NOT_FOUND_PAGE;
  }
  try {
    return written(200, JSON.stringify(answer(venue, request, faults)));
  } catch (error) {
    if (error instanceof OkxError) {
      return refused(error);
    }
    throw error;
  }
}

/** What a fault is in OKX's words. */
function tell(fault: ToldFault, { body }: OkxRequest): Answer {
  switch (fault.kind) {
    case 'rateLimit':
      return {
        ...refused(tooFast()),
        status: fault.status,
        headers: { 'retry-after': String(fault.retryAfterSeconds) },
      };
    case 'clock':
      return refused(timestampExpired());
    case 'outcomeUnknown':
      return refused(fault.why === 'timeout' ? engineTimeout() : systemError(500));
    case 'reject': {
      const rows = rowsOf(body).map((row) => ({
        data: refusedRow(insufficientBalance('USDT'), row),
        failed: true,
      }));
      return written(200, JSON.stringify(deedAnswer(rows)));
    }
    case 'status': {
      const { code, message } = systemError(fault.status);
      return refused(new OkxError(String(fault.code ?? code), fault.msg ?? message, fault.status));
    }
  }
}

function refused(error: OkxError): Answer {
  return written(error.status, error.body);
}

function written(status: number, body: string): Answer {
  return { status, type: 'application/json', body, headers: {} };
}
