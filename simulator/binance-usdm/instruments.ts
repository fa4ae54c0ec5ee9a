/** The perpetuals on offer, their filters with real values, and `GET /fapi/v1/exchangeInfo`. */
import type { Instrument } from '../../core/instrument.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { RateLimits } from '../binance/weights.ts';
import type { FeeRates } from '../venue.ts';

/** A regular account's rates. */
export const USDM_FEE_RATES: FeeRates = { maker: '0.0002', taker: '0.0005' };

/** The real venue's, as its exchangeInfo states them; it has no count a day. */
export const USDM_LIMITS: RateLimits = {
  weightPerMinute: 2_400,
  ordersPer10Seconds: 300,
  ordersPerDay: Infinity,
  requestsPer5Minutes: Infinity,
};

interface Steps {
  readonly tick: string;
  readonly step: string;
  readonly maxPrice: string;
  readonly maxQuantity: string;
  readonly maxMarketQuantity: string;
  readonly minNotional: string;
}

const STEPS: Readonly<Record<string, Steps>> = {
  BTCUSDT: {
    tick: '0.1',
    step: '0.001',
    maxPrice: '4529764',
    maxQuantity: '1000',
    maxMarketQuantity: '120',
    minNotional: '100',
  },
  ETHUSDT: {
    tick: '0.01',
    step: '0.001',
    maxPrice: '306177',
    maxQuantity: '10000',
    maxMarketQuantity: '2000',
    minNotional: '20',
  },
};

const OTHER: Steps = {
  tick: '0.0001',
  step: '1',
  maxPrice: '100000',
  maxQuantity: '1000000',
  maxMarketQuantity: '100000',
  minNotional: '5',
};

const PRICE_BAND = { up: '1.05', down: '0.95' };

/** Our own words for a symbol's rules; the fill model and the filters read these. */
export function instrumentOf(symbol: string, fees: FeeRates): Instrument {
  const { base, quote, settle } = parseSymbol(symbol);
  const steps = STEPS[base + quote] ?? OTHER;
  return {
    exchange: 'binance',
    symbol,
    venueSymbol: base + quote,
    base,
    quote,
    settle: settle ?? quote,
    contract: 'linear',
    contractSize: '1',
    priceTick: steps.tick,
    minPrice: steps.tick,
    maxPrice: steps.maxPrice,
    quantityStep: steps.step,
    minQuantity: steps.step,
    maxQuantity: steps.maxQuantity,
    marketMaxQuantity: steps.maxMarketQuantity,
    minNotional: steps.minNotional,
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

export function exchangeInfo(
  instruments: readonly Instrument[],
  limits: RateLimits,
  serverTime: number,
): object {
  return {
    timezone: 'UTC',
    serverTime,
    futuresType: 'U_MARGINED',
    rateLimits: [
      {
        rateLimitType: 'REQUEST_WEIGHT',
        interval: 'MINUTE',
        intervalNum: 1,
        limit: limits.weightPerMinute,
      },
      {
        rateLimitType: 'ORDERS',
        interval: 'SECOND',
        intervalNum: 10,
        limit: limits.ordersPer10Seconds,
      },
    ],
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: instruments.map(symbolInfo),
  };
}

function symbolInfo(instrument: Instrument): object {
  const { priceTick, quantityStep } = instrument;
  return {
    symbol: instrument.venueSymbol,
    pair: instrument.venueSymbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: 'TRADING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: instrument.base,
    quoteAsset: instrument.quote,
    marginAsset: instrument.settle,
    pricePrecision: 2,
    quantityPrecision: 3,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: instrument.minPrice,
        maxPrice: instrument.maxPrice,
        tickSize: priceTick,
      },
      {
        filterType: 'LOT_SIZE',
        minQty: instrument.minQuantity,
        maxQty: instrument.maxQuantity,
        stepSize: quantityStep,
      },
      {
        filterType: 'MARKET_LOT_SIZE',
        minQty: instrument.minQuantity,
        maxQty: instrument.marketMaxQuantity ?? instrument.maxQuantity,
        stepSize: quantityStep,
      },
      { filterType: 'MAX_NUM_ORDERS', limit: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: 10 },
      { filterType: 'MIN_NOTIONAL', notional: instrument.minNotional },
      {
        filterType: 'PERCENT_PRICE',
        multiplierUp: PRICE_BAND.up,
        multiplierDown: PRICE_BAND.down,
        multiplierDecimal: '4',
      },
    ],
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
  };
}
