import { describe, expect, it } from '@jest/globals';
import { parseCandle, parseFrame } from './market-parser.ts';

const CANDLE = [
  '1747094040000',
  '102806.1',
  '102820.40',
  '102806.1',
  '102820.4',
  '1040.37',
  '10.4037',
  '1069603.34883',
  '1',
];
const parse = (frame: unknown, symbol = 'BTC/USDT') =>
  parseFrame(typeof frame === 'string' ? frame : JSON.stringify(frame), 'okx', (instId) =>
    instId === 'BTC-USDT' ? symbol : undefined,
  );
const candle = (row: unknown) => ({
  arg: { channel: 'candle1m', instId: 'BTC-USDT' },
  data: [row],
});

describe("a frame of OKX's market data", () => {
  it('with a closed candle is a bar, its volume in base', () => {
    expect(parse(candle(CANDLE))).toMatchObject({
      kind: 'kline',
      kline: { interval: '1m', closeAt: 1747094100000, high: '102820.4', volume: '1040.37' },
    });
    // Of a swap the first volume is in contracts.
    expect(parse(candle(CANDLE), 'BTC/USDT:USDT')).toMatchObject({ kline: { volume: '10.4037' } });
  });

  it('with a candle that is still forming is of no use', () => {
    const forming = [...CANDLE.slice(0, 8), '0'];
    expect(parse(candle(forming))).toEqual({ kind: 'ignored' });
    expect(parseCandle(forming, 'okx', 'BTC/USDT', '1m')).toEqual({ kind: 'forming' });
  });

  it('with a ticker is a tick, its volume in base', () => {
    const ticker = {
      ...{
        instType: 'SPOT',
        instId: 'BTC-USDT',
        last: '9999.99',
        askPx: '9999.99',
        bidPx: '8888.88',
      },
      ...{ vol24h: '22.0', volCcy24h: '2222', ts: '1597026383085' },
    };
    const frame = { arg: { channel: 'tickers', instId: 'BTC-USDT' }, data: [ticker] };
    expect(parse(frame)).toMatchObject({
      kind: 'tick',
      tick: { price: '9999.99', bid: '8888.88', volume24h: '22', timestamp: 1597026383085 },
    });
    const swap = { ...frame, data: [{ ...ticker, instType: 'SWAP' }] };
    expect(parse(swap)).toMatchObject({ tick: { volume24h: '2222' } });
  });

  it('that confirms a subscription tells which; an error tells it to all that wait', () => {
    const arg = { channel: 'tickers', instId: 'BTC-USDT' };
    expect(parse({ event: 'subscribe', arg })).toEqual({
      kind: 'answer',
      id: 'tickers:BTC-USDT',
      error: null,
    });
    expect(parse({ event: 'error', code: '60018', msg: 'Wrong URL' })).toEqual({
      kind: 'answer',
      id: null,
      error: '60018 Wrong URL',
    });
  });

  it.each<[string, unknown]>([
    ['no JSON', '{"arg":'],
    ['another shape', { hello: 1 }],
    ['a price that is none', candle([CANDLE[0], 'x', ...CANDLE.slice(2)])],
    ['a candle that does not say whether it is closed', candle(CANDLE.slice(0, 8))],
  ])('with %s is malformed', (_what, frame) => {
    expect(parse(frame)).toMatchObject({ kind: 'malformed', reason: expect.stringMatching(/./) });
  });

  it('of others, and pong, are of no use', () => {
    expect(parse('pong')).toEqual({ kind: 'ignored' });
    expect(parse({ arg: { channel: 'tickers', instId: 'X-Y' }, data: [{}] })).toEqual({
      kind: 'ignored',
    });
  });
});
