/** OKX's shapes in our words: contracts as base, signs of fees, parents of what the venue made. */
import { describe, expect, it } from '@jest/globals';
import type { Instrument } from '../../../core/instrument.ts';
import { instrumentOf, listingRow, quantityOf, rateOf, sizeOf } from './instruments.ts';
import { algoStateOf, orderStateOf } from './order-states.ts';
import { fillOf, orderOf, stopOf, withFills } from './orders.ts';
import { algoRow, fillRow, orderRow } from './shapes.ts';
import { readOrderFrame } from './user-stream.ts';

const SWAP_LISTING = {
  instId: 'BTC-USDT-SWAP',
  instType: 'SWAP',
  baseCcy: '',
  quoteCcy: '',
  settleCcy: 'USDT',
  ctType: 'linear',
  ctVal: '0.01',
  ctMult: '1',
  ctValCcy: 'BTC',
  tickSz: '0.1',
  lotSz: '0.01',
  minSz: '0.01',
  maxLmtSz: '100000000',
  maxMktSz: '30000',
  state: 'live',
};
const FEES = { maker: '0.0002', taker: '0.0005' };

function swap(change: object = {}): Instrument {
  const found = instrumentOf('okx', listingRow.parse({ ...SWAP_LISTING, ...change }), FEES);
  if (found === null) throw new Error('not listed');
  return found;
}

const ORDER = {
  instId: 'BTC-USDT-SWAP',
  ordId: '2497',
  clOrdId: 'keel01',
  algoId: '',
  algoClOrdId: '',
  side: 'buy',
  ordType: 'market',
  px: '',
  sz: '3.00',
  accFillSz: '3',
  avgPx: '103698.9',
  state: 'filled',
  category: 'normal',
  cTime: '1746947317401',
  uTime: '1746947317402',
};

const FILL = {
  instId: 'BTC-USDT-SWAP',
  tradeId: '15189',
  ordId: '2497',
  clOrdId: 'keel01',
  billId: '1',
  side: 'buy',
  fillPx: '103698.9',
  fillSz: '3',
  fillPnl: '0',
  execType: 'T',
  fee: '-1.5554835',
  feeCcy: 'USDT',
  ts: '1746947317402',
};

describe('instruments', () => {
  it('states a swap in base', () => {
    expect(swap()).toMatchObject({
      symbol: 'BTC/USDT:USDT',
      venueSymbol: 'BTC-USDT-SWAP',
      contract: 'linear',
      settle: 'USDT',
      contractSize: '0.01',
      quantityStep: '0.0001',
      minQuantity: '0.0001',
      marketMaxQuantity: '300',
    });
  });

  it.each([
    ['0.01', '0.0001'],
    ['0.1', '12.345'],
    ['1', '7'],
    ['0.001', '0.000003'],
  ])('converts between contracts of %s and base without loss', (ctVal, quantity) => {
    const instrument = swap({ ctVal });
    expect(quantityOf(sizeOf(quantity, instrument), instrument)).toBe(quantity);
  });

  it('leaves inverse contracts out', () => {
    const inverse = { instId: 'BTC-USD-SWAP', ctType: 'inverse', settleCcy: 'BTC', ctVal: '100' };
    const listing = listingRow.parse({ ...SWAP_LISTING, ...inverse });
    expect(instrumentOf('okx', listing, FEES)).toBeNull();
  });

  it('takes negative rates as paid, and a rebate as no fee', () => {
    expect(rateOf('-0.0005')).toBe('0.0005');
    expect(rateOf('0.0001')).toBe('0');
  });
});

describe('orders', () => {
  it('counts in base, and what was paid by the fills', () => {
    const order = orderOf(orderRow.parse(ORDER), swap());
    expect(order).toMatchObject({ quantity: '0.03', filledQuantity: '0.03', price: null });
    const parts = [
      fillOf(fillRow.parse({ ...FILL, fillSz: '1', fillPx: '103698.8' }), 'keel01', swap()),
      fillOf(fillRow.parse({ ...FILL, fillSz: '2', fillPx: '103699' }), 'keel01', swap()),
    ];
    // 1036.988 + 2073.98; the venue's rounded average would say 3110.967.
    expect(withFills(order, parts).order.filledQuote).toBe('3110.968');
    expect(withFills(order, parts.slice(1)).order.filledQuote).toBe('3110.967');
  });

  it('has fees positive where they are paid', () => {
    expect(fillOf(fillRow.parse(FILL), 'keel01', swap())).toMatchObject({
      feeAmount: '1.5554835',
      feeAsset: 'USDT',
      quantity: '0.03',
      liquidity: 'taker',
    });
    const rebate = fillRow.parse({ ...FILL, fee: '0.2', execType: 'M' });
    expect(fillOf(rebate, 'keel01', swap())).toMatchObject({
      feeAmount: '-0.2',
      liquidity: 'maker',
    });
  });

  it('tells a stop with what it became', () => {
    const algo = algoRow.parse({
      ...{ instId: 'BTC-USDT-SWAP', algoId: '9', algoClOrdId: 'keel02', ordId: '2497' },
      ...{
        side: 'sell',
        sz: '3',
        slTriggerPx: '100000',
        state: 'effective',
        cTime: '1',
        uTime: '2',
      },
    });
    const child = { ...ORDER, clOrdId: '', algoId: '9', algoClOrdId: 'keel02', side: 'sell' };
    const filled = stopOf(algo, orderRow.parse(child), swap());
    expect(filled).toMatchObject({
      clientOrderId: 'keel02',
      venueOrderId: '9',
      type: 'stop',
      stopPrice: '100000',
      state: 'filled',
      filledQuantity: '0.03',
    });
    expect(stopOf(algo, null, swap())).toMatchObject({ state: 'triggered', filledQuantity: '0' });
  });

  it.each([
    ['live', 'open'],
    ['partially_filled', 'partially_filled'],
    ['filled', 'filled'],
    ['canceled', 'cancelled'],
    ['mmp_canceled', 'cancelled'],
    ['some_new_word', 'unknown'],
  ])('knows the state %s of an order as %s', (raw, ours) => {
    expect(orderStateOf(raw)).toBe(ours);
  });

  it.each([
    ['live', 'open'],
    ['effective', 'triggered'],
    ['canceled', 'cancelled'],
    ['order_failed', 'expired'],
    ['some_new_word', 'unknown'],
  ])('knows the state %s of a stop as %s', (raw, ours) => {
    expect(algoStateOf(raw)).toBe(ours);
  });
});

describe('the private channels', () => {
  const push = (row: object): string =>
    JSON.stringify({ arg: { channel: 'orders', instType: 'ANY' }, data: [row] });
  const read = (text: string) => readOrderFrame(text, 'orders');

  it('tell of orders by client id, and of what a stop became by the stop’s', () => {
    const notice = { clientOrderId: 'keel01', venueSymbol: 'BTC-USDT-SWAP', final: true };
    expect(read(push(ORDER))).toEqual({ kind: 'change', notices: [notice] });
    const child = { ...ORDER, clOrdId: '', algoClOrdId: 'keel02', state: 'live' };
    expect(read(push(child))).toMatchObject({
      notices: [{ clientOrderId: 'keel02', final: false }],
    });
  });

  it('tell of orders of others only that one traded', () => {
    const theirs = { ...ORDER, clOrdId: 'web01' };
    expect(read(push({ ...theirs, fillSz: '3' }))).toEqual({
      kind: 'change',
      notices: [{ clientOrderId: null, venueSymbol: 'BTC-USDT-SWAP' }],
    });
    for (const fillSz of ['', '0']) {
      const row = { ...theirs, state: 'live', fillSz };
      expect(read(push(row))).toEqual({ kind: 'change', notices: [] });
    }
  });

  it.each([
    ['{"event":"login","code":"0","msg":"","connId":"a"}', { kind: 'confirmed' }],
    ['{"event":"subscribe","arg":{"channel":"orders"},"connId":"a"}', { kind: 'confirmed' }],
    ['{"event":"error","code":"60007","msg":"Invalid sign"}', { error: { code: 'VENUE_AUTH' } }],
    ['{"event":"error","code":"60012","msg":"?"}', { error: { code: 'VENUE_UNAVAILABLE' } }],
    ['{"event":"notice","code":"64008","msg":"upgrade"}', { kind: 'over' }],
    ['{"event":"channel-conn-count","channel":"orders"}', { kind: 'ignored' }],
    ['pong', { kind: 'ignored' }],
  ])('are answered with %s', (text, frame) => {
    expect(read(text)).toMatchObject(frame);
  });

  it('throw for what is no frame', () => {
    expect(() => read('{oops')).toThrow();
    expect(() => read('{"arg":{"channel":"orders"},"data":[{}]}')).toThrow();
  });
});
