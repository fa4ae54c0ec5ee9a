/** Answers as users quoted them in issues, and the rules for what is not listed. */
import { describe, expect, it } from '@jest/globals';
import type { Purpose } from '../../rate-budget.ts';
import { type HttpAnswer, parseJson } from '../http.ts';
import { errorOf } from './error-codes.ts';

function answer(status: number, text: string): HttpAnswer {
  return { kind: 'answer', status, text, json: parseJson(text), headers: new Headers() };
}

function row(sCode: string, sMsg: string, code = '1'): string {
  const data = [{ clOrdId: 'keel01', ordId: '', sCode, sMsg, tag: '' }];
  return JSON.stringify({ code, data, msg: 'All operations failed' });
}

function whole(code: string, msg: string): string {
  return JSON.stringify({ code, data: [], msg });
}

describe('errorOf', () => {
  it.each<[source: string, Purpose, number, body: string, code: string]>([
    [
      'okxapi/python-okx#110',
      'send',
      200,
      '{"code":"1","data":[{"clOrdId":"","ordId":"","sCode":"51008","sMsg":"Order failed. Insufficient USDT margin in account ","tag":"","ts":"1754837511941"}],"inTime":"1754837511940445","msg":"All operations failed","outTime":"1754837511941393"}',
      'VENUE_INSUFFICIENT_BALANCE',
    ],
    [
      'okxapi/python-okx#97',
      'send',
      200,
      '{"code":"1","data":[{"clOrdId":"273942d26e05444389cdd4e66809edcf","ordId":"","sCode":"51000","sMsg":"Parameter px error ","tag":"","ts":"1744331107771"}],"inTime":"1744331107770195","msg":"All operations failed","outTime":"1744331107773498"}',
      'VENUE_INVALID_ORDER',
    ],
    [
      'jane-cloud/Open-API-SDK-V5#31',
      'send',
      401,
      whole('50102', 'Timestamp request expired'),
      'VENUE_CLOCK',
    ],
    [
      'ccxt/ccxt#18901',
      'read',
      429,
      '{"msg":"Too Many Requests","code":"50011"}',
      'VENUE_RATE_LIMITED',
    ],
    [
      'okxapi/python-okx#2',
      'send',
      400,
      whole('50004', 'API endpoint request timeout '),
      'VENUE_UNKNOWN_OUTCOME',
    ],
  ])('reads the body quoted in %s', (_source, purpose, status, body, code) => {
    expect(errorOf(answer(status, body), purpose, 'POST trade/order')?.code).toBe(code);
  });

  it('takes for a success only code 0 with rows of code 0', () => {
    const placed =
      '{"code":"0","data":[{"clOrdId":"keel01","ordId":"5946","sCode":"0","sMsg":"Order placed"}],"msg":""}';
    expect(errorOf(answer(200, placed), 'send', 'POST')).toBeNull();
    expect(errorOf(answer(200, '{"code":"0","data":[],"msg":""}'), 'read', 'GET')).toBeNull();
    // An algo order's refusal comes with code 0 of the whole.
    expect(
      errorOf(answer(200, row('51000', 'Parameter instId error', '0')), 'send', 'POST'),
    ).toMatchObject({
      code: 'VENUE_INVALID_ORDER',
      details: { venueCode: '51000', httpStatus: 200 },
    });
  });

  it.each<[what: string, answer: HttpAnswer]>([
    ['silence', { kind: 'silence', reason: 'no answer within 500 ms' }],
    ['HTML with status 200', answer(200, '<html></html>')],
    ['an empty body', answer(502, '')],
    ['a refusal with status 500', answer(500, row('51008', 'Insufficient'))],
    ['a code that is not listed', answer(200, row('51149', 'Order timed out.'))],
    ['code 1 without a row', answer(200, whole('1', 'Operation failed'))],
    ['system busy', answer(429, whole('50013', 'Systems are busy'))],
  ])(
    'leaves a send and a cancel undecided after %s, and lets a read be repeated',
    (_what, given) => {
      expect(errorOf(given, 'send', 'POST')?.code).toBe('VENUE_UNKNOWN_OUTCOME');
      expect(errorOf(given, 'cancel', 'POST')?.code).toBe('VENUE_UNKNOWN_OUTCOME');
      expect(errorOf(given, 'read', 'GET')?.code).toBe('VENUE_UNAVAILABLE');
    },
  );

  it.each<[sCode: string, code: string]>([
    ['51016', 'VENUE_DUPLICATE_ID'],
    ['51001', 'VENUE_INVALID_SYMBOL'],
    ['51020', 'FILTER_LOT_SIZE'],
    ['51121', 'FILTER_LOT_SIZE'],
    ['51137', 'FILTER_PRICE'],
    ['51280', 'VENUE_WOULD_TRIGGER'],
    ['51022', 'VENUE_MARKET_CLOSED'],
    ['50061', 'VENUE_RATE_LIMITED'],
  ])('knows the refusal %s of a send as %s', (sCode, code) => {
    expect(errorOf(answer(200, row(sCode, 'refused')), 'send', 'POST')?.code).toBe(code);
  });

  it('tells a cancel that found nothing from one that is under way', () => {
    for (const sCode of ['51400', '51401', '51402']) {
      expect(errorOf(answer(200, row(sCode, '')), 'cancel', 'POST')?.code).toBe(
        'VENUE_ORDER_NOT_FOUND',
      );
    }
    expect(errorOf(answer(200, row('51410', '')), 'cancel', 'POST')).toBeNull();
    expect(errorOf(answer(200, row('51000', '')), 'cancel', 'POST')?.code).toBe(
      'VENUE_INVALID_ORDER',
    );
  });

  it('tells a read what it can do about it', () => {
    const codeOf = (code: string) => errorOf(answer(200, whole(code, '')), 'read', 'GET')?.code;
    expect(codeOf('51603')).toBe('VENUE_ORDER_NOT_FOUND');
    expect(codeOf('51000')).toBe('INVALID_INPUT');
    expect(codeOf('50111')).toBe('VENUE_AUTH');
    expect(codeOf('50026')).toBe('VENUE_UNAVAILABLE');
  });
});
