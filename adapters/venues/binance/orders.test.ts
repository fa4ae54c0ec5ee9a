import { describe, expect, it } from '@jest/globals';
import { createInstrument } from '../../../test/factories/market.ts';
import { exchangeInfoSchema, instrumentOf, STANDARD_FEES } from './instruments.ts';
import { legStateOf } from './order-states.ts';
import { fillOf, immediateFills, orderOf } from './orders.ts';
import { newOrderSchema, rawOrderSchema, rawTradeSchema } from './shapes.ts';
import { noticeOf } from './user-stream.ts';

/** Shapes and numbers of BTCUSDT as `GET /api/v3/exchangeInfo` lists it. */
const LISTING = {
  symbol: 'BTCUSDT',
  status: 'TRADING',
  baseAsset: 'BTC',
  baseAssetPrecision: 8,
  quoteAsset: 'USDT',
  quotePrecision: 8,
  filters: [
    {
      filterType: 'PRICE_FILTER',
      minPrice: '0.01000000',
      maxPrice: '1000000.00000000',
      tickSize: '0.01000000',
    },
    {
      filterType: 'LOT_SIZE',
      minQty: '0.00001000',
      maxQty: '9000.00000000',
      stepSize: '0.00001000',
    },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    {
      filterType: 'MARKET_LOT_SIZE',
      minQty: '0.00000000',
      maxQty: '112.26886458',
      stepSize: '0.00000000',
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: '5',
      bidMultiplierDown: '0.2',
      askMultiplierUp: '5',
      askMultiplierDown: '0.2',
      avgPriceMins: 5,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: '5.00000000',
      applyMinToMarket: true,
      maxNotional: '9000000.00000000',
    },
  ],
};

const [listing] = exchangeInfoSchema.parse({ rateLimits: [], symbols: [LISTING] }).symbols;
if (listing === undefined) throw new Error('one listing');
const instrument = instrumentOf('binance', listing, STANDARD_FEES);

/** From sammchardy/python-binance#1049. */
const FILLED = {
  clientOrderId: 'wr19fy0E8lUBQ11ydO2cYu',
  cummulativeQuoteQty: '18.18960325',
  executedQty: '0.00045500',
  icebergQty: '0.00000000',
  isWorking: true,
  orderId: 13464,
  orderListId: -1,
  origQty: '0.00045500',
  origQuoteOrderQty: '0.00000000',
  price: '39977.15000000',
  side: 'BUY',
  status: 'FILLED',
  stopPrice: '0.00000000',
  symbol: 'BTCUSDT',
  time: 1633070946091,
  timeInForce: 'GTC',
  type: 'LIMIT',
  updateTime: 1633071489314,
};

describe('a listing', () => {
  it('is an instrument with canonical filters; a rule of zero is no rule', () => {
    expect(instrument).toEqual(
      createInstrument({
        marketMinQuantity: '0',
        marketMaxQuantity: '112.26886458',
        priceBand: { bidUp: '5', bidDown: '0.2', askUp: '5', askDown: '0.2' },
      }),
    );
  });
});

describe('an order of Binance', () => {
  it('is told in our words', () => {
    expect(orderOf(rawOrderSchema.parse(FILLED), instrument)).toEqual({
      clientOrderId: 'wr19fy0E8lUBQ11ydO2cYu',
      venueOrderId: '13464',
      symbol: 'BTC/USDT',
      side: 'buy',
      type: 'limit',
      price: '39977.15',
      stopPrice: null,
      quantity: '0.000455',
      filledQuantity: '0.000455',
      filledQuote: '18.18960325',
      state: 'filled',
      rawStatus: 'FILLED',
      updatedAt: 1633071489314,
    });
  });

  it('of stop type waits as open, and is triggered while it works', () => {
    const STOP = { ...FILLED, type: 'STOP_LOSS', stopPrice: '39000.00000000', price: '0.00000000' };
    const waiting = { ...STOP, status: 'NEW', executedQty: '0.00000000', isWorking: false };
    expect(orderOf(rawOrderSchema.parse(waiting), instrument)).toMatchObject({
      type: 'stop',
      price: null,
      stopPrice: '39000',
      state: 'open',
    });
    const working = rawOrderSchema.parse({ ...waiting, isWorking: true });
    expect(orderOf(working, instrument).state).toBe('triggered');
    expect(orderOf(rawOrderSchema.parse(STOP), instrument).state).toBe('filled');
  });

  it('of market type has no price', () => {
    const raw = rawOrderSchema.parse({ ...FILLED, type: 'MARKET', price: '0.00000000' });
    expect(orderOf(raw, instrument)).toMatchObject({ type: 'market', price: null });
  });

  it.each([
    ['NEW', 'open'],
    ['PENDING_NEW', 'open'],
    ['PARTIALLY_FILLED', 'partially_filled'],
    ['FILLED', 'filled'],
    ['CANCELED', 'cancelled'],
    ['PENDING_CANCEL', 'cancel_pending'],
    ['REJECTED', 'rejected'],
    ['EXPIRED', 'expired'],
    ['EXPIRED_IN_MATCH', 'expired'],
    ['SOMETHING_NEW', 'unknown'],
    ['filled', 'unknown'],
  ])('%s is %s', (raw, state) => {
    expect(legStateOf(raw)).toBe(state);
  });
});

describe('fills', () => {
  it('of a new order’s answer are taker fills with the fee paid', () => {
    const raw = newOrderSchema.parse({
      ...FILLED,
      transactTime: 1633071489314,
      fills: [
        {
          price: '39977.15000000',
          qty: '0.00045500',
          commission: '0.00000046',
          commissionAsset: 'BTC',
          tradeId: 56,
        },
      ],
    });
    expect(immediateFills(raw, instrument)).toEqual([
      expect.objectContaining({
        venueTradeId: '56',
        venueOrderId: '13464',
        price: '39977.15',
        quantity: '0.000455',
        feeAmount: '0.00000046',
        feeAsset: 'BTC',
        liquidity: 'taker',
        executedAt: 1633071489314,
      }),
    ]);
  });

  it('of the account’s trades say who made and who took', () => {
    const trade = rawTradeSchema.parse({
      symbol: 'BTCUSDT',
      id: 28457,
      orderId: 100234,
      price: '40000.10000000',
      qty: '0.01200000',
      quoteQty: '480.0012',
      commission: '0.48000120',
      commissionAsset: 'USDT',
      time: 1499865549590,
      isBuyer: false,
      isMaker: true,
    });
    expect(fillOf(trade, 'keelx01', instrument)).toMatchObject({
      side: 'sell',
      liquidity: 'maker',
      feeAmount: '0.4800012',
      clientOrderId: 'keelx01',
    });
  });
});

describe('a user stream frame', () => {
  const report = (change: Record<string, unknown>) => ({
    subscriptionId: 0,
    event: {
      ...{ e: 'executionReport', E: 1, s: 'BTCUSDT', c: 'keel01', C: '', X: 'NEW', x: 'NEW' },
      ...change,
    },
  });

  it('of an order of ours is a notice', () => {
    const notice = { clientOrderId: 'keel01', venueSymbol: 'BTCUSDT', final: false };
    expect(noticeOf(report({}))).toEqual(notice);
  });

  it('of a cancel names the order by its original id', () => {
    const frame = report({ c: 'cancel-request-7', C: 'keel01', X: 'CANCELED' });
    expect(noticeOf(frame)).toEqual({
      clientOrderId: 'keel01',
      venueSymbol: 'BTCUSDT',
      final: true,
    });
  });

  it('of a foreign order is a notice where it traded', () => {
    const theirs = { c: 'mUvoqJxFIILMdfAW5iGSOW' };
    expect(noticeOf(report({ ...theirs, X: 'FILLED', x: 'TRADE' }))).toEqual({
      clientOrderId: null,
      venueSymbol: 'BTCUSDT',
    });
    expect(noticeOf(report(theirs))).toBeNull();
    expect(noticeOf(report({ ...theirs, X: 'CANCELED', x: 'CANCELED' }))).toBeNull();
  });

  it('of another event is ignored', () => {
    expect(noticeOf({ subscriptionId: 0, event: { e: 'balanceUpdate' } })).toBeNull();
    expect(noticeOf({ hello: 1 })).toBeNull();
    expect(noticeOf(undefined)).toBeNull();
  });

  it('of a report without the ids throws', () => {
    expect(() => noticeOf(report({ c: 5 }))).toThrow();
  });
});
