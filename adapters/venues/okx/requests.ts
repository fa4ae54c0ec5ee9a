/**
 * Requests to OKX's REST API: built and signed by ccxt, sent raw. ccxt's own retries, rate limiter and error
 * classes are left out: one call is one request, its budget is ours, and what an answer means is read from its
 * raw codes (`error-codes.ts`).
 */
import { createHmac } from 'node:crypto';
import ccxt from 'ccxt';
import { KeelError } from '../../../core/errors.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { Purpose, RateBudget, Ticket } from '../../rate-budget.ts';
import { createVenueClock, type VenueClock } from '../clock.ts';
import { askHttp } from '../http.ts';
import { errorOf } from './error-codes.ts';
import { type Counted, createOkxLimits } from './limits.ts';
import { parseAnswer, rowsOf, timeRow } from './shapes.ts';

type Params = Readonly<Record<string, string>>;

/** The venue refuses a request that is this much older than its own clock. */
const SIGNATURE_LIFE_MS = 30_000;
/** Of what we send with a deadline; the endpoint for stops knows no expTime. */
const HEEDS_EXP_TIME = 'trade/order';

export interface OkxRequest {
  readonly method: 'GET' | 'POST';
  /** Below `/api/v5/`. */
  readonly path: string;
  /** A list for the endpoints that take several. */
  readonly params: Params | readonly Params[];
  readonly purpose: Purpose;
  /** For the budget of orders and cancels. */
  readonly instId?: string;
  /** By the venue's clock, ms: past it the request is not sent, and the venue refuses it. */
  readonly deadline?: number;
}

export interface Reply {
  readonly json: unknown;
  readonly headers: Headers;
}

export interface OkxRequests {
  readonly clock: VenueClock;
  /** A public read. */
  open(path: string, params: Params): Promise<Reply>;
  /** A clock refusal (50102) is healed by measuring anew and sending once more, inside the deadline. */
  signed(request: OkxRequest): Promise<Reply>;
  /** `args` of a WebSocket log-in. */
  login(): Params;
  /**
   * The market's time: in a replay the simulator's, which it tells with every answer and is asked for at no
   * cost; else the venue's clock, which needs no request.
   */
  marketTime(): Promise<number>;
}

/** ccxt's OKX, of which only the signing is used. */
class Signer extends ccxt.okx {
  signsAt = 0;

  override nonce(): number {
    return this.signsAt;
  }
}

interface Built {
  readonly url: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OkxRequestOptions {
  readonly restUrl: string;
  readonly accountId: string;
  readonly budget: RateBudget;
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase: string;
  /** OKX's own demo trading at its live address. */
  readonly demo?: boolean;
  readonly logger: Logger;
  readonly timeoutMs?: number;
}

export function createOkxRequests(options: OkxRequestOptions): OkxRequests {
  const signer = new Signer({
    apiKey: options.apiKey,
    secret: options.secret,
    password: options.passphrase,
  });
  signer.urls.api = {
    ...(signer.urls.api as object),
    rest: options.restUrl.replace(/\/+$/, ''),
  };
  const limits = createOkxLimits(options);
  let replayed: boolean | undefined;

  const build = (
    access: Counted['access'],
    { method, path, params }: Pick<OkxRequest, 'method' | 'path' | 'params'>,
    signsAt: number,
  ): Built => {
    signer.signsAt = Math.round(signsAt);
    return signer.sign(path, access, method, structuredClone(params)) as Built;
  };

  const ask = async (
    counted: Counted,
    { purpose }: Pick<OkxRequest, 'purpose'>,
    ticket: Ticket | null,
    { url, body, headers }: Built,
  ): Promise<Reply> => {
    const { method, path } = counted;
    const answer = await askHttp({
      ...{ url, method, body },
      headers: { ...headers, ...(options.demo === true ? { 'x-simulated-trading': '1' } : {}) },
      timeoutMs: options.timeoutMs ?? 10_000,
    });
    const error = errorOf(answer, purpose, `${method} /api/v5/${path}`);
    await ticket?.heard(limits.newsOf(counted, error));
    if (answer.kind === 'answer') replayed ??= answer.headers.has('x-market-time');
    if (error !== null) throw error;
    if (answer.kind === 'silence') throw new KeelError('INTERNAL', 'a silence without its error');
    return { json: answer.json, headers: answer.headers };
  };

  const open = async (path: string, params: Params, leaves?: () => void): Promise<Reply> => {
    const counted = { method: 'GET', path, access: 'public' } as const;
    const ticket = await options.budget.take('read', limits.buckets(counted));
    leaves?.();
    return ask(counted, { purpose: 'read' }, ticket, build('public', { ...counted, params }, 0));
  };

  const clock = createVenueClock({
    logger: options.logger,
    read: async (leaves) =>
      firstRow(timeRow, (await open('public/time', {}, leaves)).json, 'GET public/time').ts,
  });

  const sendSigned = async (request: OkxRequest): Promise<Reply> => {
    const { method, path, purpose, instId, deadline } = request;
    const counted = { method, path, access: 'private', instId } as const;
    const ticket = await options.budget.take(purpose, limits.buckets(counted));
    const now = clock.now();
    if (deadline !== undefined && now >= deadline) {
      throw new KeelError(
        'VENUE_CLOCK',
        `${method} ${path} is ${String(Math.ceil(now - deadline))} ms past its deadline: nothing was sent`,
      );
    }
    if (deadline === undefined) {
      return ask(counted, request, ticket, build('private', request, now));
    }
    if (path !== HEEDS_EXP_TIME) {
      // Signed so early that the signature's own life ends at the deadline.
      const signsAt = Math.min(now, deadline - SIGNATURE_LIFE_MS);
      return ask(counted, request, ticket, build('private', request, signsAt));
    }
    const built = build('private', request, now);
    const headers = { ...built.headers, expTime: String(deadline) };
    return ask(counted, request, ticket, { ...built, headers });
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
    open: (path, params) => open(path, params),
    async signed(request) {
      requireKey(options);
      try {
        return await sendSigned(request);
      } catch (error) {
        const refused = error instanceof KeelError && error.code === 'VENUE_CLOCK';
        if (!refused || error.details?.venueCode === undefined) throw error;
        options.logger.warn({ offsetMs: clock.offsetMs }, 'venue_clock_refused');
        await remeasure(error);
        return await sendSigned(request);
      }
    },
    login() {
      requireKey(options);
      const { apiKey, secret, passphrase } = options;
      const timestamp = String(Math.floor(clock.now() / 1000));
      const sign = createHmac('sha256', secret)
        .update(`${timestamp}GET/users/self/verify`)
        .digest('base64');
      return { apiKey, passphrase, timestamp, sign };
    },
    async marketTime() {
      if (replayed === undefined) await clock.measure();
      if (replayed !== true) return Math.round(clock.now());
      const counted = { method: 'GET', path: 'public/time', access: 'public' } as const;
      const built = build('public', { ...counted, params: {} }, 0);
      const { headers } = await ask(counted, { purpose: 'read' }, null, built);
      return Number(headers.get('x-market-time'));
    },
  };
}

/** The one row of an answer. */
export function firstRow<T extends Parameters<typeof rowsOf>[0]>(
  row: T,
  json: unknown,
  what: string,
  code: 'VENUE_UNAVAILABLE' | 'VENUE_UNKNOWN_OUTCOME' = 'VENUE_UNAVAILABLE',
) {
  const { data } = parseAnswer(rowsOf(row), json, what, code);
  const [first] = data;
  if (first !== undefined) return first;
  throw new KeelError(code, `OKX answered ${what} without a row`);
}

function requireKey({ apiKey, secret, passphrase }: OkxRequestOptions): void {
  if (apiKey !== '' && secret !== '' && passphrase !== '') return;
  throw new KeelError(
    'VENUE_AUTH',
    'no API key, secret and passphrase are configured for OKX: set apiKey, secret and passphrase of the venue',
  );
}
