/**
 * What a Binance answer means, in our codes. It goes by the raw HTTP status, code and message, never by a
 * library's error class, and it depends on what was asked:
 * - a **send** is refused only by a code listed here as a definite refusal. Everything else that is not a
 *   success (a time-out, a cut, 5xx, HTML, −1006, −1007, a code not listed) is VENUE_UNKNOWN_OUTCOME;
 * - a **cancel** likewise, and −2011 says that nothing is open under that id;
 * - a **read** can be repeated: what is not listed is VENUE_UNAVAILABLE.
 *
 * Source: developers.binance.com, Spot API, "Error codes" and "General API information" (HTTP return codes).
 */
import { type ErrorCode, KeelError } from '../../../core/errors.ts';
import type { Purpose } from '../../rate-budget.ts';
import { advice, excerpt, undecided } from '../answers.ts';
import type { HttpAnswer } from '../http.ts';

/** Codes that mean the same whatever was asked. */
const COMMON: Readonly<Record<string, ErrorCode>> = {
  '-1002': 'VENUE_AUTH',
  '-1003': 'VENUE_RATE_LIMITED',
  '-1015': 'VENUE_RATE_LIMITED',
  '-1021': 'VENUE_CLOCK',
  '-1022': 'VENUE_AUTH',
  '-1121': 'VENUE_INVALID_SYMBOL',
  '-2014': 'VENUE_AUTH',
  '-2015': 'VENUE_AUTH',
};

/** Definite refusals of an order: it was read, and no order exists. −1013 and −2010 are told apart by message. */
const REFUSED_ORDER: readonly string[] = [
  '-1013',
  '-1014',
  '-1020',
  // Parameters: unknown, too many, missing, malformed, empty, not wanted, out of precision …
  ...['-1100', '-1101', '-1102', '-1103', '-1104', '-1105', '-1106', '-1108', '-1111', '-1112'],
  ...['-1114', '-1115', '-1116', '-1117', '-1118', '-1119', '-1128', '-1130', '-1131'],
  '-2010',
];

/** Words of −2010, in the venue's order of documentation. */
const NEW_ORDER_REJECTED: readonly (readonly [RegExp, ErrorCode])[] = [
  [/duplicate order/i, 'VENUE_DUPLICATE_ID'],
  [/insufficient balance/i, 'VENUE_INSUFFICIENT_BALANCE'],
  [/immediately match/i, 'VENUE_WOULD_MATCH'],
  [/trigger immediately/i, 'VENUE_WOULD_TRIGGER'],
  [/market is closed/i, 'VENUE_MARKET_CLOSED'],
  [/not permitted|restricted for this account|may not place|action is disabled/i, 'VENUE_AUTH'],
];

/**
 * Definite refusals that only USDⓈ-M futures know. Source: developers.binance.com, USDⓈ-M Futures, "Error
 * Code".
 */
const REFUSED_CONTRACT_ORDER: Readonly<Record<string, ErrorCode>> = {
  '-2018': 'VENUE_INSUFFICIENT_BALANCE',
  '-2019': 'VENUE_INSUFFICIENT_BALANCE',
  '-2021': 'VENUE_WOULD_TRIGGER',
  '-2022': 'VENUE_REDUCE_ONLY',
  '-2023': 'VENUE_INVALID_ORDER',
  '-2024': 'VENUE_REDUCE_ONLY',
  '-2025': 'VENUE_INVALID_ORDER',
  '-2027': 'VENUE_INSUFFICIENT_BALANCE',
  '-2028': 'VENUE_INSUFFICIENT_BALANCE',
  '-4001': 'FILTER_PRICE',
  '-4002': 'FILTER_PRICE',
  '-4003': 'FILTER_LOT_SIZE',
  '-4004': 'FILTER_LOT_SIZE',
  '-4005': 'FILTER_LOT_SIZE',
  '-4006': 'FILTER_PRICE',
  '-4007': 'FILTER_PRICE',
  '-4013': 'FILTER_PRICE',
  '-4014': 'FILTER_PRICE',
  '-4016': 'FILTER_PRICE',
  '-4023': 'FILTER_LOT_SIZE',
  '-4024': 'FILTER_PRICE',
  '-4030': 'FILTER_LOT_SIZE',
  '-4045': 'VENUE_INVALID_ORDER',
  '-4061': 'VENUE_INVALID_ORDER',
  '-4116': 'VENUE_DUPLICATE_ID',
  '-4118': 'VENUE_REDUCE_ONLY',
  '-4120': 'VENUE_INVALID_ORDER',
  '-4131': 'FILTER_PRICE',
  '-4140': 'VENUE_MARKET_CLOSED',
  '-4164': 'FILTER_NOTIONAL',
  '-5022': 'VENUE_WOULD_MATCH',
  '-20132': 'VENUE_DUPLICATE_ID',
};

/** Names of filters in `Filter failure: NAME`. */
const FILTERS: Readonly<Record<string, ErrorCode>> = {
  PRICE_FILTER: 'FILTER_PRICE',
  PERCENT_PRICE: 'FILTER_PRICE',
  PERCENT_PRICE_BY_SIDE: 'FILTER_PRICE',
  LOT_SIZE: 'FILTER_LOT_SIZE',
  MARKET_LOT_SIZE: 'FILTER_LOT_SIZE',
  MIN_NOTIONAL: 'FILTER_NOTIONAL',
  NOTIONAL: 'FILTER_NOTIONAL',
};

/**
 * Null for a success (2xx with JSON that carries no code, or 200); otherwise the error to throw, with the raw
 * status, code and message in `details`.
 */
export function errorOf(answer: HttpAnswer, purpose: Purpose, what: string): KeelError | null {
  if (answer.kind === 'silence') {
    return new KeelError(
      undecided(purpose),
      `Binance did not answer ${what}: ${answer.reason}${advice(purpose)}`,
      { details: { transport: answer.reason } },
    );
  }
  const { status, text } = answer;
  const { code, message } = rawError(answer.json);
  const json = typeof answer.json === 'object' && answer.json !== null;
  // Futures say that a setting or a cancel was taken by a code of 200.
  const well = code === null || code === '200';
  if (status >= 200 && status < 300 && json && well) return null;

  const ours = codeOf(status, code, message, purpose);
  const retryAfterMs = retryAfter(answer.headers, message);
  const said =
    code === null ? `HTTP ${String(status)}, ${excerpt(text)}` : `${code} ${message ?? ''}`;
  return new KeelError(
    ours,
    `Binance answered ${what} with ${said.trim()}${ours === undecided(purpose) ? advice(purpose) : ''}`,
    {
      details: { httpStatus: status, venueCode: code, venueMessage: message ?? excerpt(text) },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
}

/** Our code for a failed answer. Exported for its table of tests. */
function codeOf(
  status: number,
  code: string | null,
  message: string | null,
  purpose: Purpose,
): ErrorCode {
  // By the documentation 418 and 429 are decided before a request is looked at, whatever the body says.
  if (status === 418) return 'VENUE_BANNED';
  if (status === 429) return 'VENUE_RATE_LIMITED';
  // "5XX … it is important to NOT treat this as a failure; the execution status is UNKNOWN". A refusal is a 4xx.
  if (code === null || status < 400 || status >= 500) return undecided(purpose);
  if (code === '-1003' && /banned/i.test(message ?? '')) return 'VENUE_BANNED';
  const common = COMMON[code];
  if (common !== undefined) return common;
  if (purpose === 'read') return readCode(code);
  if (purpose === 'cancel') return cancelCode(code, message);
  const contract = REFUSED_CONTRACT_ORDER[code];
  if (contract !== undefined) return contract;
  return REFUSED_ORDER.includes(code) ? refusalCode(code, message ?? '') : 'VENUE_UNKNOWN_OUTCOME';
}

function readCode(code: string): ErrorCode {
  if (code === '-2013') return 'VENUE_ORDER_NOT_FOUND';
  if (/^-11\d\d$/.test(code)) return 'INVALID_INPUT';
  return 'VENUE_UNAVAILABLE';
}

function cancelCode(code: string, message: string | null): ErrorCode {
  if (code === '-2011') {
    return /not canceled due to cancel restrictions/i.test(message ?? '')
      ? 'CONFLICT'
      : 'VENUE_ORDER_NOT_FOUND';
  }
  return REFUSED_ORDER.includes(code) ? 'VENUE_INVALID_ORDER' : 'VENUE_UNKNOWN_OUTCOME';
}

function refusalCode(code: string, message: string): ErrorCode {
  if (code === '-1013') {
    const filter = /filter failure: (\w+)/i.exec(message)?.[1];
    return (filter === undefined ? undefined : FILTERS[filter]) ?? 'VENUE_INVALID_ORDER';
  }
  if (code === '-2010') {
    return NEW_ORDER_REJECTED.find(([words]) => words.test(message))?.[1] ?? 'VENUE_INVALID_ORDER';
  }
  return 'VENUE_INVALID_ORDER';
}

function rawError(json: unknown): { code: string | null; message: string | null } {
  if (typeof json !== 'object' || json === null || !('code' in json)) {
    return { code: null, message: null };
  }
  const { code } = json;
  if (typeof code !== 'number' && typeof code !== 'string') return { code: null, message: null };
  const message = 'msg' in json && typeof json.msg === 'string' ? json.msg : null;
  return { code: String(code), message };
}

/** `Retry-After` is in seconds; a ban also tells its end in the message. */
function retryAfter(headers: Headers, message: string | null): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  const until = /banned until (\d{13})/i.exec(message ?? '')?.[1];
  return until === undefined ? undefined : Math.max(0, Number(until) - Date.now());
}
