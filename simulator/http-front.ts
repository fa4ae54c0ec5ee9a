/**
 * The HTTP front of every venue the simulator speaks for: reads a request, lets faults stand in or spoil the
 * answer, and writes it. What a venue's requests and refusals look like is its dialect's business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultOccasion, Faults } from './faults.ts';
import type { EngineOrder, FillPlan } from './orders.ts';

export interface Answer {
  readonly status: number;
  /** The content type. */
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Faults that a venue tells in its own words. */
export type ToldFault = Extract<
  Fault,
  { kind: 'rateLimit' | 'clock' | 'outcomeUnknown' | 'reject' | 'status' }
>;

/** A fault's say in how an order is taken. */
export interface PlacementFaults {
  readonly fillPlan?: FillPlan;
  readonly onPlaced?: (order: EngineOrder) => void;
}

/** How one venue speaks over HTTP; `R` is a request as it reads it. */
export interface HttpDialect<R> {
  read(incoming: IncomingMessage, body: string): R;
  /** What fault rules match on. */
  occasion(request: R): FaultOccasion;
  /** The venue's answer, its refusals included. */
  answer(request: R, faults: PlacementFaults): Answer;
  /** The answer by which the venue tells of `fault` to this request. */
  tell(fault: ToldFault, request: R): Answer;
}

export interface HttpFront<R> {
  readonly dialect: HttpDialect<R>;
  readonly faults: Faults;
  /** Hides an order from reads for so long. */
  readonly hide: (order: EngineOrder, ms: number) => void;
  readonly marketTime: () => number;
}

const HTML_TYPE = 'text/html';

/** Answers one request to the venue. */
export async function serveVenue<R>(
  front: HttpFront<R>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: string,
): Promise<void> {
  const request = front.dialect.read(incoming, body);
  const faults = front.faults.takeForCall(front.dialect.occasion(request));
  await delay(faults, 'before');
  if (has(faults, 'dropRequest') !== undefined) {
    incoming.socket.destroy();
    return;
  }
  const told = toldInstead(faults);
  const given =
    told === undefined
      ? front.dialect.answer(request, placementFaults(front, faults))
      : tell(front, told, request);
  await delay(faults, 'after');
  const dropped = has(faults, 'dropAnswer');
  if (dropped !== undefined) {
    if (dropped.how === 'cut') {
      incoming.socket.destroy();
    }
    return;
  }
  write(front, outgoing, afterwards(front, faults, { given, request }));
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

/** A fault that is told in place of the venue's answer; the request is not taken. */
function toldInstead(faults: readonly Fault[]): ToldFault | undefined {
  if (has(faults, 'maintenance') !== undefined) {
    return { kind: 'status', status: 503, when: 'before', body: 'html' };
  }
  const status = has(faults, 'status') ?? has(faults, 'outcomeUnknown');
  return (
    has(faults, 'rateLimit') ??
    has(faults, 'clock') ??
    has(faults, 'reject') ??
    (status?.when === 'before' ? status : undefined)
  );
}

/** A fault's answer in place of the venue's; the request is taken. */
function afterwards<R>(
  front: HttpFront<R>,
  faults: readonly Fault[],
  { given, request }: { readonly given: Answer; readonly request: R },
): Answer {
  if (has(faults, 'html') !== undefined) {
    return { ...given, status: 200, type: HTML_TYPE, body: htmlPage(200) };
  }
  const told = has(faults, 'outcomeUnknown') ?? has(faults, 'status');
  return told?.when === 'after' ? tell(front, told, request) : given;
}

function tell<R>(front: HttpFront<R>, fault: ToldFault, request: R): Answer {
  return fault.kind === 'status' && fault.body === 'html'
    ? { status: fault.status, type: HTML_TYPE, body: htmlPage(fault.status), headers: {} }
    : front.dialect.tell(fault, request);
}

function placementFaults<R>(front: HttpFront<R>, faults: readonly Fault[]): PlacementFaults {
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

function write<R>(
  front: HttpFront<R>,
  outgoing: ServerResponse,
  { status, type, body, headers }: Answer,
): void {
  outgoing.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-cache, no-store, must-revalidate',
    'x-market-time': String(front.marketTime()),
    ...headers,
  });
  outgoing.end(body);
}

/** What a venue's front door answers where no endpoint is. */
export const NOT_FOUND_PAGE: Answer = {
  status: 404,
  type: HTML_TYPE,
  body: `<html>\r
<head><title>404 Not Found</title></head>\r
<body>\r
<center><h1>404 Not Found</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
`,
  headers: {},
};

/** The front door's page for a 5xx, or for an answer that should have been JSON. */
function htmlPage(status: number): string {
  const title = `${String(status)} ${STATUS_TITLES[status] ?? 'Error'}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

const STATUS_TITLES: Readonly<Record<number, string>> = {
  200: 'OK',
  403: 'ERROR: The request could not be satisfied',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};
