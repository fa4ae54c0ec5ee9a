/** Valid core values for tests; state only what the test is about. */
import type { Fill } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import type { Kline } from '../../core/kline.ts';
import type { MarketData } from '../../core/market-data.ts';
import type { OrderView } from '../../core/order.ts';
import { signalId, type Signal } from '../../core/signal.ts';
import { intervalMs } from '../../core/time.ts';

/** 2024-12-10 00:00 UTC. */
export const T0 = 1_733_788_800_000;

/** A flat one-minute bar of BTC/USDT at 100 from T0; `closeAt` follows `openAt` and the interval. */
export function createKline(overrides: Partial<Kline> = {}): Kline {
  const openAt = overrides.openAt ?? T0;
  const interval = overrides.interval ?? '1m';
  const close = overrides.close ?? '100';
  return {
    exchange: 'binance',
    symbol: 'BTC/USDT',
    interval,
    openAt,
    closeAt: openAt + intervalMs(interval),
    open: close,
    high: close,
    low: close,
    close,
    volume: '1',
    ...overrides,
  };
}

/** A signal of run `run-1`: target 1 BTC, market, one bar valid. The id follows from its key. */
export function createSignal(overrides: Partial<Signal> = {}): Signal {
  const key = {
    runId: overrides.runId ?? 'run-1',
    symbol: overrides.symbol ?? 'BTC/USDT',
    eventTime: overrides.eventTime ?? T0,
    sequence: overrides.sequence ?? 1,
  };
  return {
    id: signalId(key),
    strategyId: 'strategy-1',
    strategyType: 'sma-cross',
    source: { kind: 'strategy', name: 'strategy-1' },
    accountId: 'binance-sandbox',
    exchange: 'binance',
    validUntil: key.eventTime + 60_000,
    wanted: { kind: 'target', quantity: '1' },
    type: 'market',
    referencePrice: '100',
    tag: 'test',
    ...key,
    ...overrides,
  };
}

/** An admitted market buy of 1 BTC at version 0, nothing sent yet. */
export function createOrderView(overrides: Partial<OrderView> = {}): OrderView {
  return {
    orderId: '0123456789abcdef01234567',
    version: 0,
    strategyId: 'strategy-1',
    strategyType: 'sma-cross',
    runId: 'run-1',
    source: { kind: 'strategy', name: 'strategy-1' },
    accountId: 'binance-sandbox',
    exchange: 'binance',
    symbol: 'BTC/USDT',
    side: 'buy',
    type: 'market',
    price: null,
    quantity: '1',
    filledQuantity: '0',
    filledQuote: '0',
    averagePrice: null,
    fees: {},
    reducing: false,
    state: 'admitted',
    status: 'admitted',
    reasonCode: null,
    reason: null,
    tag: 'test',
    eventTime: T0,
    validUntil: T0 + 60_000,
    createdAt: T0,
    updatedAt: T0,
    legs: [],
    ...overrides,
  };
}

/** A taker buy of 1 BTC at 100, without fee. */
export function createFill(overrides: Partial<Fill> = {}): Fill {
  return {
    exchange: 'binance',
    symbol: 'BTC/USDT',
    venueTradeId: '1',
    venueOrderId: '1',
    clientOrderId: 'keel0123456789abcdef0123456701',
    side: 'buy',
    price: '100',
    quantity: '1',
    feeAmount: '0',
    feeAsset: 'USDT',
    liquidity: 'taker',
    executedAt: T0,
    ...overrides,
  };
}

/** BTC/USDT as on Binance spot: tick 0.01, step 0.00001, notional from 5 USDT, fees 0.1 %. */
export function createInstrument(overrides: Partial<Instrument> = {}): Instrument {
  return {
    exchange: 'binance',
    symbol: 'BTC/USDT',
    venueSymbol: 'BTCUSDT',
    base: 'BTC',
    quote: 'USDT',
    contractSize: '1',
    priceTick: '0.01',
    minPrice: '0.01',
    maxPrice: '1000000',
    quantityStep: '0.00001',
    minQuantity: '0.00001',
    maxQuantity: '9000',
    minNotional: '5',
    makerFeeRate: '0.001',
    takerFeeRate: '0.001',
    ...overrides,
  };
}

/** A tick of BTC/USDT at 100 with a spread of 0.02. */
export function createMarketData(overrides: Partial<MarketData> = {}): MarketData {
  return {
    exchange: 'binance',
    symbol: 'BTC/USDT',
    timestamp: T0,
    price: '100',
    bid: '99.99',
    ask: '100.01',
    volume24h: '1000',
    ...overrides,
  };
}
