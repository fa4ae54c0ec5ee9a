/**
 * Requests to Binance's REST API: built and signed by ccxt (HMAC, RSA and Ed25519 keys), sent raw. ccxt's
 * own retries, rate limiter and error classes are left out: one call is one request, its budget is ours,
 * and what an answer means is read from its raw code (`error-codes.ts`).
 */
import ccxt from 'ccxt';
import { KeelError } from '../../../core/errors.ts';
import type { Logger } from '../../../observability/logger.ts';
import { askHttp, type HttpAnswer } from '../http.ts';
import { createVenueClock, type VenueClock } from '../clock.ts';
import type { Purpose, RateBudget, Ticket } from '../../rate-budget.ts';
import { errorOf } from './error-codes.ts';
import { type BinanceLimits, createBinanceLimits } from './limits.ts';
import { serverTimeSchema } from './shapes.ts';

/** The longest a request may be under way before the venue must refuse it; Binance's own default. */
const MAX_RECV_WINDOW_MS = 5_000;

type Params = Readonly<Record<string, string | number>>;

/** Spot, or USDⓈ-M futures. */
export type BinanceMarket = 'spot' | 'usdm';

export interface SignedRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v3/`, or `/fapi/v1/`. */
  readonly path: string;
  /** Of futures' own: below `/fapi/v3/` instead. */
  readonly version?: 'v3';
  readonly params: Params;
  readonly purpose: Purpose;
  readonly weight: number;
  /** Whose share of the budget it fills, where that is not its own purpose's. */
  readonly budgetOf?: Purpose;
  /** By the venue's clock, ms: past it the request is not sent, and the venue refuses it. */
  readonly deadline?: number;
}

export interface Reply {
  readonly json: unknown;
  readonly headers: Headers;
}

export interface BinanceRequests {
  readonly clock: VenueClock;
  readonly limits: Pick<BinanceLimits, 'learn'>;
  open(path: string, params: Params, weight: number, budgetOf?: Purpose): Promise<Reply>;
  /** A clock refusal (−1021) is healed by measuring anew and sending once more, inside the deadline. */
  signed(request: SignedRequest): Promise<Reply>;
  /** Parameters of a signed WebSocket API call, with key, timestamp and signature. */
  signParams(): Readonly<Record<string, string | number>>;
}

/** ccxt's Binance with the network cut off above the socket: the raw answer comes back unjudged. */
class RawBinance extends ccxt.pro.binance {
  override fetch(
    url: string,
    method = 'GET',
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<HttpAnswer> {
    return askHttp({ url, method, headers, body, timeoutMs: this.timeout });
  }
}

/** Where ccxt finds each market's endpoints, and what they are below. */
export const MARKETS = {
  spot: { open: 'public', signed: 'private', v3: 'private', path: '/api/v3' },
  usdm: { open: 'fapiPublic', signed: 'fapiPrivate', v3: 'fapiPrivateV3', path: '/fapi/v1' },
} as const;

export function createBinanceRequests(options: {
  /** Default spot. */
  readonly market?: BinanceMarket;
  readonly restUrl: string;
  readonly accountId: string;
  readonly budget: RateBudget;
  readonly apiKey: string;
  readonly secret: string;
  readonly logger: Logger;
  readonly timeoutMs?: number;
  readonly weightPerMinute?: number;
}): BinanceRequests {
  const venue = new RawBinance({
    apiKey: options.apiKey,
    secret: options.secret,
    timeout: options.timeoutMs ?? 10_000,
    enableRateLimit: false,
    options: { defaultType: 'spot', recvWindow: MAX_RECV_WINDOW_MS },
  });
  const market = MARKETS[options.market ?? 'spot'];
  const host = options.restUrl.replace(/\/+$/, '');
  venue.urls.api = {
    ...(venue.urls.api as object),
    [market.v3]: `${host}/fapi/v3`,
    [market.open]: host + market.path,
    [market.signed]: host + market.path,
  };
  const limits = createBinanceLimits(options);

  const take = ({ purpose, budgetOf = purpose, weight }: SignedRequest): Promise<Ticket> =>
    options.budget.take(budgetOf, limits.buckets(purpose, weight));

  const send = async (
    access: string,
    { method, path, params, purpose }: SignedRequest,
    ticket: Ticket,
  ): Promise<Reply> => {
    const answer = (await venue.request(path, access, method, params)) as HttpAnswer;
    const error = errorOf(answer, purpose, `${method} ${market.path}/${path}`);
    if (answer.kind === 'answer') await ticket.heard(limits.newsOf(answer.headers, error));
    if (error !== null) throw error;
    if (answer.kind === 'silence') throw new KeelError('INTERNAL', 'a silence without its error');
    return { json: answer.json, headers: answer.headers };
  };

  const open = async (
    path: string,
    params: Params,
    weight: number,
    { budgetOf = 'read', leaves }: { budgetOf?: Purpose; leaves?: () => void } = {},
  ): Promise<Reply> => {
    const request = { method: 'GET', path, params, purpose: 'read', weight, budgetOf } as const;
    const ticket = await take(request);
    leaves?.();
    return send(market.open, request, ticket);
  };

  const clock = createVenueClock({
    logger: options.logger,
    read: async (leaves) =>
      serverTimeSchema.parse((await open('time', {}, 1, { leaves })).json).serverTime,
  });

  const sendSigned = async (request: SignedRequest): Promise<Reply> => {
    const ticket = await take(request);
    const timestamp = Math.round(clock.now());
    const left =
      request.deadline === undefined
        ? MAX_RECV_WINDOW_MS
        : Math.floor(request.deadline - timestamp);
    if (left <= 0) {
      throw new KeelError(
        'VENUE_CLOCK',
        `${request.method} ${request.path} is ${String(-left)} ms past its deadline: nothing was sent`,
      );
    }
    const recvWindow = Math.min(MAX_RECV_WINDOW_MS, left);
    const params = { ...request.params, timestamp, recvWindow };
    const access = request.version === undefined ? market.signed : market.v3;
    return send(access, { ...request, params }, ticket);
  };

  /** Where the clock cannot be read either, the refusal is what the caller must know: nothing was taken. */
  const remeasure = async (refusal: KeelError): Promise<void> => {
    try {
      await clock.measure();
    } catch (error) {
      options.logger.warn({ err: error }, 'venue_clock_not_measured');
      throw refusal;
    }
  };

  return {
    clock,
    limits,
    open: (path, params, weight, budgetOf = 'read') => open(path, params, weight, { budgetOf }),
    async signed(request) {
      requireKey(options);
      try {
        return await sendSigned(request);
      } catch (error) {
        if (!(error instanceof KeelError) || error.details?.venueCode !== '-1021') throw error;
        options.logger.warn({ offsetMs: clock.offsetMs }, 'venue_clock_refused');
        await remeasure(error);
        return await sendSigned(request);
      }
    },
    signParams() {
      requireKey(options);
      return venue.signParams({ timestamp: Math.round(clock.now()) }) as Record<
        string,
        string | number
      >;
    },
  };
}

function requireKey({
  apiKey,
  secret,
}: {
  readonly apiKey: string;
  readonly secret: string;
}): void {
  if (apiKey !== '' && secret !== '') return;
  throw new KeelError(
    'VENUE_AUTH',
    'no API key and secret are configured for Binance: set apiKey and secret of the venue',
  );
}
