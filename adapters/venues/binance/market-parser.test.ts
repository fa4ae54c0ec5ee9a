import { describe, expect, it } from '@jest/globals';
import { parseFrame, parseKlineRow } from './market-parser.ts';

const parse = (frame: unknown) =>
  parseFrame(typeof frame === 'string' ? frame : JSON.stringify(frame), 'binance', (name) =>
    name === 'BTCUSDT' ? 'BTC/USDT' : undefined,
  );

/** The shape of Binance's documentation of the kline stream. */
function klineEvent(change: Record<string, unknown> = {}) {
  return {
    e: 'kline',
    E: 1672515840000,
    s: 'BTCUSDT',
    k: {
      t: 1672515780000,
      T: 1672515839999,
      s: 'BTCUSDT',
      i: '1m',
      f: 100,
      L: 200,
      o: '16500.10000000',
      c: '16501.00000000',
      h: '16510.00000000',
      l: '16490.00000000',
      v: '1000.50000000',
      n: 100,
      x: true,
      q: '1.0000',
      V: '500',
      Q: '0.500',
      B: '123456',
      ...change,
    },
  };
}

describe('a market stream frame', () => {
  it('of a closed bar is a kline with canonical prices, its close the next bar’s open', () => {
    expect(parse({ stream: 'btcusdt@kline_1m', data: klineEvent() })).toEqual({
      kind: 'kline',
      kline: {
        exchange: 'binance',
        symbol: 'BTC/USDT',
        interval: '1m',
        openAt: 1672515780000,
        closeAt: 1672515840000,
        open: '16500.1',
        high: '16510',
        low: '16490',
        close: '16501',
        volume: '1000.5',
      },
    });
  });

  it('is read unwrapped too, as the /ws address sends it', () => {
    expect(parse(klineEvent()).kind).toBe('kline');
  });

  it('of a bar still open, or of a symbol that is not ours, is ignored', () => {
    expect(parse(klineEvent({ x: false })).kind).toBe('ignored');
    expect(parse(klineEvent({ s: 'DOGEUSDT' })).kind).toBe('ignored');
  });

  it('of a ticker is a tick', () => {
    const data = {
      e: '24hrTicker',
      E: 1672515782136,
      s: 'BTCUSDT',
      p: '0.0015',
      c: '16500.20000000',
      b: '16500.10000000',
      a: '16500.30000000',
      v: '10000',
    };
    expect(parse({ stream: 'btcusdt@ticker', data })).toEqual({
      kind: 'tick',
      tick: {
        exchange: 'binance',
        symbol: 'BTC/USDT',
        timestamp: 1672515782136,
        price: '16500.2',
        bid: '16500.1',
        ask: '16500.3',
        volume24h: '10000',
      },
    });
  });

  it('that answers a subscription tells which, and its error', () => {
    expect(parse({ result: null, id: 3 })).toEqual({ kind: 'answer', id: '3', error: null });
    const refused = { id: 4, error: { code: 2, msg: 'Invalid request' } };
    expect(parse(refused)).toEqual({ kind: 'answer', id: '4', error: '2 Invalid request' });
  });

  it.each<[string, unknown]>([
    ['no JSON', '{"e":"kline"'],
    ['a page of HTML', '<html><body>502</body></html>'],
    ['a bare number', '17'],
    ['an unknown event', { e: 'somethingNew', s: 'BTCUSDT' }],
    ['a bar without a close', klineEvent({ c: undefined })],
    ['a price that is a number', klineEvent({ o: 16500.1 })],
    ['a price of zero', klineEvent({ l: '0.00000000' })],
    ['an interval that is not ours', klineEvent({ i: '3m' })],
  ])('that is %s is malformed, with a reason', (_name, frame) => {
    const parsed = parse(frame);
    expect(parsed.kind).toBe('malformed');
    expect(parsed).toHaveProperty('reason');
  });
});

describe('a REST kline row', () => {
  it('is a kline', () => {
    const row = [1499040000000, '0.0163', '0.8000', '0.0158', '0.0158', '148976.1', 1499040059999];
    const parsed = parseKlineRow(row, 'binance', 'BTC/USDT', '1m');
    expect(parsed).toMatchObject({
      kind: 'kline',
      kline: { openAt: 1499040000000, closeAt: 1499040060000, high: '0.8', volume: '148976.1' },
    });
  });

  it('of another shape is malformed', () => {
    expect(parseKlineRow(['x'], 'binance', 'BTC/USDT', '1m').kind).toBe('malformed');
  });
});
