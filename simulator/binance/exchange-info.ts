/** The symbols on offer, their filters with real values, and `GET /api/v3/exchangeInfo`. */
import type { Instrument } from '../../core/instrument.ts';
import { toDecimalString, decimal } from '../../core/money.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { FeeRates } from '../venue.ts';
import { fixed8, venueSymbol } from './format.ts';
import type { RateLimits } from './weights.ts';

/** A regular account's rates. */
export const REGULAR_FEE_RATES: FeeRates = { maker: '0.001', taker: '0.001' };

/** Tick, step and largest lot a symbol trades in; what is not listed here trades like `DEFAULT_STEPS`. */
interface Steps {
  readonly tick: string;
  readonly step: string;
  readonly maxPrice: string;
  readonly maxQuantity: string;
  readonly maxMarketQuantity: string;
}

const STEPS: Readonly<Record<string, Steps>> = {
  BTCUSDT: {
    tick: '0.01',
    step: '0.00001',
    maxPrice: '1000000',
    maxQuantity: '9000',
    maxMarketQuantity: '107.3168',
  },
  ETHUSDT: {
    tick: '0.01',
    step: '0.0001',
    maxPrice: '1000000',
    maxQuantity: '9000',
    maxMarketQuantity: '1941.3107',
  },
  SOLUSDT: {
    tick: '0.01',
    step: '0.001',
    maxPrice: '10000',
    maxQuantity: '90000',
    maxMarketQuantity: '15822.394',
  },
  BNBUSDT: {
    tick: '0.01',
    step: '0.001',
    maxPrice: '100000',
    maxQuantity: '900000',
    maxMarketQuantity: '2130.562',
  },
};

const DEFAULT_STEPS: Steps = {
  tick: '0.0001',
  step: '0.01',
  maxPrice: '100000',
  maxQuantity: '922327',
  maxMarketQuantity: '100000',
};

const MIN_NOTIONAL = '5';
export const MAX_NOTIONAL = '9000000';
export const MAX_NUM_ORDERS = 200;
/** Of stops and take-profits a symbol. */
export const MAX_NUM_ALGO_ORDERS = 5;
const PRICE_BAND = { up: '5', down: '0.2' };

/** Our own words for a symbol's rules; the fill model and the filters read these. */
export function instrumentOf(symbol: string, fees: FeeRates): Instrument {
  const { base, quote } = parseSymbol(symbol);
  const steps = STEPS[venueSymbol(symbol)] ?? DEFAULT_STEPS;
  return {
    exchange: 'binance',
    symbol,
    venueSymbol: venueSymbol(symbol),
    base,
    quote,
    contractSize: '1',
    priceTick: steps.tick,
    minPrice: steps.tick,
    maxPrice: steps.maxPrice,
    quantityStep: steps.step,
    minQuantity: steps.step,
    maxQuantity: steps.maxQuantity,
    marketMinQuantity: '0',
    marketMaxQuantity: steps.maxMarketQuantity,
    minNotional: MIN_NOTIONAL,
    priceBand: {
      bidUp: PRICE_BAND.up,
      bidDown: PRICE_BAND.down,
      askUp: PRICE_BAND.up,
      askDown: PRICE_BAND.down,
    },
    makerFeeRate: fees.maker,
    takerFeeRate: fees.taker,
  };
}

/** The answer to `GET /api/v3/exchangeInfo` for these instruments. */
export function exchangeInfo(
  instruments: readonly Instrument[],
  limits: RateLimits,
  serverTime: number,
): object {
  return {
    timezone: 'UTC',
    serverTime,
    rateLimits: [
      rateLimit('REQUEST_WEIGHT', 'MINUTE', 1, limits.weightPerMinute),
      rateLimit('ORDERS', 'SECOND', 10, limits.ordersPer10Seconds),
      rateLimit('ORDERS', 'DAY', 1, limits.ordersPerDay),
      rateLimit('RAW_REQUESTS', 'MINUTE', 5, limits.requestsPer5Minutes),
    ],
    exchangeFilters: [],
    symbols: instruments.map(symbolInfo),
  };
}

function rateLimit(
  rateLimitType: string,
  interval: string,
  intervalNum: number,
  limit: number,
): object {
  return { rateLimitType, interval, intervalNum, limit };
}

function symbolInfo(instrument: Instrument): object {
  return {
    symbol: instrument.venueSymbol,
    status: 'TRADING',
    baseAsset: instrument.base,
    baseAssetPrecision: 8,
    quoteAsset: instrument.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT'],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: false,
    amendAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filtersOf(instrument),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  };
}

function filtersOf(instrument: Instrument): object[] {
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: fixed8(instrument.minPrice),
      maxPrice: fixed8(instrument.maxPrice),
      tickSize: fixed8(instrument.priceTick),
    },
    {
      filterType: 'LOT_SIZE',
      minQty: fixed8(instrument.minQuantity),
      maxQty: fixed8(instrument.maxQuantity),
      stepSize: fixed8(instrument.quantityStep),
    },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    {
      filterType: 'MARKET_LOT_SIZE',
      minQty: fixed8(instrument.marketMinQuantity ?? '0'),
      maxQty: fixed8(instrument.marketMaxQuantity ?? instrument.maxQuantity),
      stepSize: fixed8('0'),
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: band(instrument.priceBand?.bidUp),
      bidMultiplierDown: band(instrument.priceBand?.bidDown),
      askMultiplierUp: band(instrument.priceBand?.askUp),
      askMultiplierDown: band(instrument.priceBand?.askDown),
      avgPriceMins: 5,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: fixed8(instrument.minNotional),
      applyMinToMarket: true,
      maxNotional: fixed8(MAX_NOTIONAL),
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: MAX_NUM_ORDERS },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: MAX_NUM_ALGO_ORDERS },
  ];
}

function band(value: string | undefined): string {
  return value === undefined ? '1' : toDecimalString(decimal(value));
}
