/** The venue's HTTP front: counts weights, asks the endpoint, writes the answer, and lets faults stand in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Faults } from '../faults.ts';
import type { EngineOrder } from '../orders.ts';
import {
  banned,
  htmlPage,
  NOT_FOUND_HTML,
  outcomeUnknown,
  outsideRecvWindow,
  tooMuchWeight,
  VenueError,
} from './errors.ts';
import { answer, isEndpoint } from './rest.ts';
import type { PlacementFaults } from './rest-trade.ts';
import type { Venue, VenueRequest } from './venue.ts';
import { weightOf } from './weights.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json;charset=UTF-8';
const HTML_TYPE = 'text/html';

export interface HttpFront {
  readonly venue: Venue;
  readonly faults: Faults;
  /** Hides an order from reads for so long. */
  readonly hide: (order: EngineOrder, ms: number) => void;
}

/** Answers one request to the venue. */
export async function serveVenue(
  front: HttpFront,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: string,
): Promise<void> {
  const request = readRequest(incoming, body);
  const faults = front.faults.take({
    method: request.method,
    path: request.path,
    clientOrderId:
      request.params.get('newClientOrderId') ??
      request.params.get('origClientOrderId') ??
      undefined,
  });
  await delay(faults, 'before');
  if (has(faults, 'dropRequest') !== undefined) {
    incoming.socket.destroy();
    return;
  }
  const given = instead(front, faults) ?? ask(front, request, faults);
  await delay(faults, 'after');
  const dropped = has(faults, 'dropAnswer');
  if (dropped !== undefined) {
    if (dropped.how === 'cut') {
      incoming.socket.destroy();
    }
    return;
  }
  write(front, outgoing, afterwards(faults, given));
}

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

function has<K extends Fault['kind']>(
  faults: readonly Fault[],
  kind: K,
): Extract<Fault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind);
}

async function delay(faults: readonly Fault[], when: 'before' | 'after'): Promise<void> {
  const fault = has(faults, 'delay');
  if (fault?.when === when) {
    await sleep(fault.ms);
  }
}

/** A fault's answer in place of the venue's; the request is not taken. */
function instead(front: HttpFront, faults: readonly Fault[]): Answer | undefined {
  const { limits, wallTime } = front.venue;
  const limited = has(faults, 'rateLimit');
  if (limited !== undefined) {
    const { retryAfterSeconds } = limited;
    return refused(
      limited.status === 429
        ? tooMuchWeight(limits.weightPerMinute, retryAfterSeconds)
        : banned(wallTime() + retryAfterSeconds * 1_000, retryAfterSeconds),
    );
  }
  if (has(faults, 'clock') !== undefined) {
    return refused(outsideRecvWindow());
  }
  const status = has(faults, 'status');
  return status?.when === 'before' ? statusAnswer(status) : undefined;
}

/** A fault's answer in place of the venue's; the request is taken. */
function afterwards(faults: readonly Fault[], given: Answer): Answer {
  if (has(faults, 'engineTimeout') !== undefined) {
    return refused(outcomeUnknown());
  }
  if (has(faults, 'html') !== undefined) {
    return { ...given, status: 200, type: HTML_TYPE, body: htmlPage(200) };
  }
  const status = has(faults, 'status');
  return status?.when === 'after' ? statusAnswer(status) : given;
}

function statusAnswer(fault: Extract<Fault, { kind: 'status' }>): Answer {
  return fault.body === 'html'
    ? { status: fault.status, type: HTML_TYPE, body: htmlPage(fault.status), headers: {} }
    : refused(new VenueError(fault.code, fault.msg, fault.status));
}

function refused(error: VenueError): Answer {
  return { status: error.status, type: JSON_TYPE, body: error.body, headers: error.headers };
}

function ask(front: HttpFront, request: VenueRequest, faults: readonly Fault[]): Answer {
  const { venue } = front;
  if (!isEndpoint(request.method, request.path)) {
    return { status: 404, type: HTML_TYPE, body: NOT_FOUND_HTML, headers: {} };
  }
  const places = request.method === 'POST' && request.path === '/api/v3/order';
  try {
    venue.rates.count(weightOf(request.method, request.path, request.params), venue.wallTime());
    const body = JSON.stringify(answer(venue, request, placementFaults(front, faults)));
    return { status: 200, type: JSON_TYPE, body, headers: venue.rates.headers(places) };
  } catch (error) {
    if (error instanceof VenueError) {
      const given = refused(error);
      return { ...given, headers: { ...venue.rates.headers(places), ...given.headers } };
    }
    throw error;
  }
}

function placementFaults(front: HttpFront, faults: readonly Fault[]): PlacementFaults {
  const partial = has(faults, 'partialFill');
  const hidden = has(faults, 'hideOrder');
  return {
    ...(partial === undefined
      ? {}
      : { fillPlan: { quantities: partial.quantities, rest: partial.rest } }),
    ...(hidden === undefined
      ? {}
      : {
          onPlaced: (order: EngineOrder) => {
            front.hide(order, hidden.ms);
          },
        }),
  };
}

function write(
  front: HttpFront,
  outgoing: ServerResponse,
  { status, type, body, headers }: Answer,
): void {
  outgoing.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-cache, no-store, must-revalidate',
    'x-market-time': String(front.venue.replay.marketTime),
    ...headers,
  });
  outgoing.end(body);
}
