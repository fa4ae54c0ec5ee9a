import { describe, expect, it } from '@jest/globals';
import type { HttpAnswer } from '../http.ts';
import { parseJson } from '../http.ts';
import type { Purpose } from '../../rate-budget.ts';
import { errorOf } from './error-codes.ts';

function answer(status: number, text: string, headers: Record<string, string> = {}): HttpAnswer {
  return { kind: 'answer', status, text, json: parseJson(text), headers: new Headers(headers) };
}

function refusal(code: number, msg: string, status = 400): HttpAnswer {
  return answer(status, JSON.stringify({ code, msg }));
}

describe('a Binance answer', () => {
  // Bodies that users quoted in public issues; the address is where each was seen.
  it.each<[string, Purpose, HttpAnswer, string]>([
    [
      'cryptoeax/arbbot#158',
      'send',
      refusal(-2010, 'Account has insufficient balance for requested action.'),
      'VENUE_INSUFFICIENT_BALANCE',
    ],
    [
      'bmino/binance-triangle-arbitrage#51',
      'send',
      refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
      'VENUE_CLOCK',
    ],
    ['ccxt/ccxt#663', 'send', refusal(-1013, 'Filter failure: LOT_SIZE'), 'FILTER_LOT_SIZE'],
    [
      'hackingthemarkets/gridbot-websockets#2',
      'send',
      refusal(-1013, 'Filter failure: MIN_NOTIONAL'),
      'FILTER_NOTIONAL',
    ],
    [
      'sammchardy/python-binance#1049',
      'cancel',
      refusal(-2011, 'Unknown order sent.'),
      'VENUE_ORDER_NOT_FOUND',
    ],
    [
      'DeviaVir/zenbot#1868',
      'read',
      refusal(-1003, 'Too many requests; current limit is 1200 requests per minute.', 429),
      'VENUE_RATE_LIMITED',
    ],
    [
      'ccxt/node-binance-api#972',
      'read',
      refusal(-2015, 'Invalid API-key, IP, or permissions for action.', 401),
      'VENUE_AUTH',
    ],
    [
      'emmtte/Cryptocurrency-Portfolio#39',
      'read',
      refusal(-1022, 'Signature for this request is not valid.'),
      'VENUE_AUTH',
    ],
    [
      'freqtrade/freqtrade#4462',
      'read',
      refusal(-2013, 'Order does not exist.'),
      'VENUE_ORDER_NOT_FOUND',
    ],
  ])('seen in %s, to a %s, is told in our code', (_where, purpose, given, code) => {
    expect(errorOf(given, purpose, 'it')?.code).toBe(code);
  });

  it.each<[string, HttpAnswer]>([
    ['a time-out', { kind: 'silence', reason: 'no answer within 10000 ms' }],
    ['a page of HTML with status 200', answer(200, '<html>maintenance</html>')],
    ['an empty body with status 200', answer(200, '')],
    ['an error code with status 200', refusal(-2010, 'Account has insufficient balance', 200)],
    ['a redirect', answer(302, '')],
    ['a firewall page', answer(403, '<html>403 Forbidden</html>')],
    ['a bad gateway', answer(502, '<html>502</html>')],
    ['a listed refusal under 5xx', refusal(-2010, 'Account has insufficient balance', 503)],
    ['-1000', refusal(-1000, 'An unknown error occurred while processing the request.')],
    ['-1001', refusal(-1001, 'Internal error; unable to process your request.')],
    ['-1006', refusal(-1006, 'An unexpected response was received from the message bus.')],
    ['-1007', refusal(-1007, 'Timeout waiting for response from backend server.', 408)],
    ['-1008', refusal(-1008, 'Server is currently overloaded with other requests.')],
    ['a code not listed', refusal(-9999, 'Something new.')],
    ['JSON without a code', answer(400, '{"error":"bad"}')],
  ])(
    'that is %s leaves a send and a cancel undecided, and a read to be repeated',
    (_name, given) => {
      expect(errorOf(given, 'send', 'it')?.code).toBe('VENUE_UNKNOWN_OUTCOME');
      expect(errorOf(given, 'cancel', 'it')?.code).toBe('VENUE_UNKNOWN_OUTCOME');
      expect(errorOf(given, 'read', 'it')?.code).toBe('VENUE_UNAVAILABLE');
    },
  );

  it.each<[number, string, string]>([
    [-2010, 'Duplicate order sent.', 'VENUE_DUPLICATE_ID'],
    [-2010, 'Order would immediately match and take.', 'VENUE_WOULD_MATCH'],
    [-2019, 'Margin is insufficient.', 'VENUE_INSUFFICIENT_BALANCE'],
    [-2021, 'Order would immediately trigger.', 'VENUE_WOULD_TRIGGER'],
    [-2022, 'ReduceOnly Order is rejected.', 'VENUE_REDUCE_ONLY'],
    [-4116, 'ClientOrderId is duplicated.', 'VENUE_DUPLICATE_ID'],
    [-4120, 'Order type not supported for this endpoint.', 'VENUE_INVALID_ORDER'],
    [-4164, "Order's notional must be no smaller than 100", 'FILTER_NOTIONAL'],
    [-20132, 'The client algo id is duplicated.', 'VENUE_DUPLICATE_ID'],
    [-2010, 'Stop price would trigger immediately.', 'VENUE_WOULD_TRIGGER'],
    [-2010, 'Market is closed.', 'VENUE_MARKET_CLOSED'],
    [-2010, 'This symbol is not permitted for this account.', 'VENUE_AUTH'],
    [-2010, 'Market orders are not supported for this symbol.', 'VENUE_INVALID_ORDER'],
    [-1013, 'Filter failure: PRICE_FILTER', 'FILTER_PRICE'],
    [-1013, 'Filter failure: PERCENT_PRICE_BY_SIDE', 'FILTER_PRICE'],
    [-1013, 'Filter failure: MARKET_LOT_SIZE', 'FILTER_LOT_SIZE'],
    [-1013, 'Filter failure: NOTIONAL', 'FILTER_NOTIONAL'],
    [-1013, 'Filter failure: MAX_NUM_ORDERS', 'VENUE_INVALID_ORDER'],
    [-1013, 'Invalid quantity.', 'VENUE_INVALID_ORDER'],
    [-1111, 'Precision is over the maximum defined for this asset.', 'VENUE_INVALID_ORDER'],
    [-1121, 'Invalid symbol.', 'VENUE_INVALID_SYMBOL'],
    [-1015, 'Too many new orders.', 'VENUE_RATE_LIMITED'],
  ])('%d "%s" to a send is %s', (code, message, expected) => {
    expect(errorOf(refusal(code, message), 'send', 'it')?.code).toBe(expected);
  });

  it('that is a success is no error', () => {
    expect(errorOf(answer(200, '{"orderId":28}'), 'send', 'it')).toBeNull();
    expect(errorOf(answer(200, '[]'), 'read', 'it')).toBeNull();
  });

  it('keeps the raw status, code and message', () => {
    const error = errorOf(refusal(-2010, 'Market is closed.'), 'send', 'POST order');
    expect(error?.details).toEqual({
      httpStatus: 400,
      venueCode: '-2010',
      venueMessage: 'Market is closed.',
    });
    expect(error?.message).toContain('POST order');
  });

  it('tells how long to wait: by Retry-After in seconds, or by the end of a ban', () => {
    const limited = answer(429, '{"code":-1003,"msg":"Too many"}', { 'retry-after': '7' });
    expect(errorOf(limited, 'read', 'it')?.retryAfterMs).toBe(7000);
    const until = Date.now() + 60_000;
    const ban = refusal(
      -1003,
      `Way too much request weight used; IP banned until ${String(until)}.`,
      418,
    );
    const banned = errorOf(ban, 'send', 'it');
    expect(banned?.code).toBe('VENUE_BANNED');
    expect(banned?.retryAfterMs).toBeGreaterThan(50_000);
  });
});
