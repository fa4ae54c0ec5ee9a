/**
 * What an OKX answer means, in our codes. It goes by the raw HTTP status, code and message of the answer and,
 * where there is one, of its row (`sCode`, `sMsg`), never by a library's error class, and it depends on what was
 * asked, as for Binance: a send is refused only by a code listed here as a definite refusal; everything else
 * that is no success is VENUE_UNKNOWN_OUTCOME. 51149 ("Order timed out") is among the unlisted: the venue says
 * it of requests past their expTime and of its own engine alike.
 *
 * Source: www.okx.com/docs-v5, "Error Code".
 */
import { z } from 'zod';
import { type ErrorCode, KeelError } from '../../../core/errors.ts';
import type { Purpose } from '../../rate-budget.ts';
import { advice, excerpt, undecided } from '../answers.ts';
import type { HttpAnswer } from '../http.ts';

const envelope = z.object({
  code: z.string(),
  msg: z.string().default(''),
  data: z.array(z.unknown()).default([]),
});
const rowVerdict = z.object({ sCode: z.string(), sMsg: z.string().default('') });

/** `codes` all mean `code`. */
function all(code: ErrorCode, ...codes: readonly string[]): Readonly<Record<string, ErrorCode>> {
  return Object.fromEntries(codes.map((one) => [one, code]));
}

/** Codes that mean the same whatever was asked. */
const COMMON: Readonly<Record<string, ErrorCode>> = {
  ...all('VENUE_RATE_LIMITED', '50011', '50061'),
  ...all('VENUE_CLOCK', '50102', '50112'),
  ...all('VENUE_AUTH', '50100', '50101', '50103', '50104', '50105', '50106', '50107', '50110'),
  ...all('VENUE_AUTH', '50111', '50113', '50114', '50119', '50120'),
  ...all('VENUE_INVALID_SYMBOL', '51001', '51002', '51012', '51014', '51015', '51026'),
};

/** Definite refusals of an order: it was read, and no order exists. */
const REFUSED_ORDER: Readonly<Record<string, ErrorCode>> = {
  // The request as a whole: body, content type, parameters.
  ...all('VENUE_INVALID_ORDER', '50000', '50002', '50006', '50014', '50015', '50016', '50024'),
  ...all('VENUE_INVALID_ORDER', '50025', '51000', '51003', '51023', '51025', '51108', '51109'),
  ...all('VENUE_INVALID_ORDER', '51111', '51112', '51115', '51117', '51129', '51133', '51139'),
  ...all('VENUE_INVALID_ORDER', '51174', '51204', '51205', '51276'),
  ...all('VENUE_REDUCE_ONLY', '51169', '51170'),
  ...all('VENUE_AUTH', '50007', '50009', '50012', '50017', '50018', '50019', '50020', '50021'),
  ...all('VENUE_AUTH', '50022', '50027', '51009', '51010', '51024', '51155'),
  ...all('VENUE_INSUFFICIENT_BALANCE', '51008', '51119', '51127', '51131'),
  ...all('VENUE_DUPLICATE_ID', '51011', '51016'),
  ...all('FILTER_LOT_SIZE', '51004', '51005', '51007', '51020', '51100', '51101', '51102'),
  ...all('FILTER_LOT_SIZE', '51103', '51104', '51105', '51106', '51107', '51118', '51120'),
  ...all('FILTER_LOT_SIZE', '51121', '51202', '51203', '51275'),
  ...all('FILTER_NOTIONAL', '51185', '51201'),
  ...all('FILTER_PRICE', '51006', '51031', '51116', '51122', '51135', '51136', '51137', '51138'),
  ...all('FILTER_PRICE', '51250', '51252'),
  ...all('VENUE_WOULD_TRIGGER', '51278', '51280'),
  ...all('VENUE_MARKET_CLOSED', '51021', '51022', '51027', '51028', '51029', '51030', '51110'),
  ...all('VENUE_MARKET_CLOSED', '51124'),
};

const NOTHING_TO_CANCEL = ['51400', '51401', '51402', '51405', '51603'];
/** A cancel of ours is under way already. */
const CANCELLING = '51410';

/** Null for a success; otherwise the error to throw, with the raw status, code and message in `details`. */
export function errorOf(answer: HttpAnswer, purpose: Purpose, what: string): KeelError | null {
  if (answer.kind === 'silence') {
    return new KeelError(
      undecided(purpose),
      `OKX did not answer ${what}: ${answer.reason}${advice(purpose)}`,
      { details: { transport: answer.reason } },
    );
  }
  const { status, text } = answer;
  const { code, message } = verdictOf(answer.json);
  const done = code === '0' || (purpose === 'cancel' && code === CANCELLING);
  if (status >= 200 && status < 300 && done) return null;

  const ours = codeOf(status, code, purpose);
  const said = code === null ? `HTTP ${String(status)}, ${excerpt(text)}` : `${code} ${message}`;
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new KeelError(
    ours,
    `OKX answered ${what} with ${said.trim()}${ours === undecided(purpose) ? advice(purpose) : ''}`,
    {
      details: { httpStatus: status, venueCode: code, venueMessage: message || excerpt(text) },
      ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
    },
  );
}

/** The row's word where it has one: code 1 or 2 of the whole only says to look there. */
function verdictOf(json: unknown): { readonly code: string | null; readonly message: string } {
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return { code: null, message: '' };
  const { code, msg, data } = parsed.data;
  const row = rowVerdict.safeParse(data[0]);
  return row.success && (row.data.sCode !== '0' || code === '0')
    ? { code: row.data.sCode, message: row.data.sMsg }
    : { code, message: msg };
}

function codeOf(status: number, code: string | null, purpose: Purpose): ErrorCode {
  if (status === 418) return 'VENUE_BANNED';
  if (status === 429 && (code === null || code === '50011')) return 'VENUE_RATE_LIMITED';
  if (code === null || status >= 500) return undecided(purpose);
  const common = COMMON[code];
  if (common !== undefined) return common;
  switch (purpose) {
    case 'read':
      return readCode(code);
    case 'cancel':
      if (NOTHING_TO_CANCEL.includes(code)) return 'VENUE_ORDER_NOT_FOUND';
      return REFUSED_ORDER[code] === undefined ? 'VENUE_UNKNOWN_OUTCOME' : 'VENUE_INVALID_ORDER';
    case 'send':
      return REFUSED_ORDER[code] ?? 'VENUE_UNKNOWN_OUTCOME';
  }
}

function readCode(code: string): ErrorCode {
  if (code === '51603') return 'VENUE_ORDER_NOT_FOUND';
  return REFUSED_ORDER[code] === 'VENUE_INVALID_ORDER' ? 'INVALID_INPUT' : 'VENUE_UNAVAILABLE';
}
