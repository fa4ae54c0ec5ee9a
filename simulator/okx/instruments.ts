/** The instruments on offer, with the real venue's steps, and `GET /api/v5/public/instruments`. */
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { FeeRates } from '../venue.ts';

/** As the venue states them: of a swap in contracts. */
interface Steps {
  readonly tick: string;
  readonly lot: string;
  readonly min: string;
  readonly maxLimit: string;
  readonly maxMarket: string;
  /** Base units of one contract; absent for spot. */
  readonly contractValue?: string;
}

const SPOT_MAXIMA = { maxLimit: '9999999999', maxMarket: '1000000' };
const SWAP_MAXIMA = { maxLimit: '100000000', maxMarket: '30000' };

const STEPS: Readonly<Record<string, Steps>> = {
  'BTC-USDT': { tick: '0.1', lot: '0.00000001', min: '0.00001', ...SPOT_MAXIMA },
  'ETH-USDT': { tick: '0.01', lot: '0.000001', min: '0.0001', ...SPOT_MAXIMA },
  'SOL-USDT': { tick: '0.01', lot: '0.000001', min: '0.001', ...SPOT_MAXIMA },
  'BTC-USDT-SWAP': { tick: '0.1', lot: '0.01', min: '0.01', contractValue: '0.01', ...SWAP_MAXIMA },
  'ETH-USDT-SWAP': { tick: '0.01', lot: '0.01', min: '0.01', contractValue: '0.1', ...SWAP_MAXIMA },
  'SOL-USDT-SWAP': { tick: '0.01', lot: '0.01', min: '0.01', contractValue: '1', ...SWAP_MAXIMA },
};

const OTHER_SPOT: Steps = { tick: '0.0001', lot: '0.000001', min: '0.01', ...SPOT_MAXIMA };
const OTHER_SWAP: Steps = {
  tick: '0.0001',
  lot: '1',
  min: '1',
  contractValue: '1',
  ...SWAP_MAXIMA,
};

/** Largest value of a limit order, in US dollars. */
const MAX_LIMIT_VALUE = '20000000';

/** `BTC/USDT` → `BTC-USDT`, `BTC/USDT:USDT` → `BTC-USDT-SWAP`. */
export function instIdOf(symbol: string): string {
  const { base, quote, settle } = parseSymbol(symbol);
  return settle === undefined ? `${base}-${quote}` : `${base}-${quote}-SWAP`;
}

/** Our own words for an instrument's rules: quantities in base. */
export function instrumentOf(symbol: string, fees: FeeRates): Instrument {
  const { base, quote, settle } = parseSymbol(symbol);
  const instId = instIdOf(symbol);
  const steps = STEPS[instId] ?? (settle === undefined ? OTHER_SPOT : OTHER_SWAP);
  const contractSize = steps.contractValue ?? '1';
  const inBase = (size: string): string => toDecimalString(decimal(size).mul(contractSize));
  return {
    exchange: 'okx',
    symbol,
    venueSymbol: instId,
    base,
    quote,
    ...(settle === undefined ? {} : { settle, contract: 'linear' as const }),
    contractSize,
    priceTick: steps.tick,
    minPrice: steps.tick,
    maxPrice: '0',
    quantityStep: inBase(steps.lot),
    minQuantity: inBase(steps.min),
    maxQuantity: inBase(steps.maxLimit),
    marketMaxQuantity: inBase(steps.maxMarket),
    minNotional: '0',
    makerFeeRate: fees.maker,
    takerFeeRate: fees.taker,
  };
}

/** A base quantity in the units of the venue: base on spot, contracts on swaps. */
export function sizeOf(quantity: string, { contractSize }: Instrument): string {
  return toDecimalString(decimal(quantity).div(contractSize));
}

/** One row of `GET /api/v5/public/instruments`. */
export function instrumentRow(instrument: Instrument): Record<string, unknown> {
  const { base, quote, settle } = instrument;
  const swap = settle !== undefined;
  const size = (quantity: string): string => sizeOf(quantity, instrument);
  const maxMarket = size(instrument.marketMaxQuantity ?? instrument.maxQuantity);
  return {
    alias: '',
    baseCcy: swap ? '' : base,
    category: '1',
    ctMult: swap ? '1' : '',
    ctType: swap ? 'linear' : '',
    ctVal: swap ? instrument.contractSize : '',
    ctValCcy: swap ? base : '',
    expTime: '',
    instFamily: swap ? `${base}-${quote}` : '',
    instId: instrument.venueSymbol,
    instType: swap ? 'SWAP' : 'SPOT',
    lever: swap ? '100' : '',
    listTime: '1548133413000',
    lotSz: size(instrument.quantityStep),
    maxIcebergSz: size(instrument.maxQuantity),
    maxLmtAmt: MAX_LIMIT_VALUE,
    maxLmtSz: size(instrument.maxQuantity),
    maxMktAmt: swap ? '' : '1000000',
    maxMktSz: maxMarket,
    maxStopSz: maxMarket,
    maxTriggerSz: size(instrument.maxQuantity),
    maxTwapSz: size(instrument.maxQuantity),
    minSz: size(instrument.minQuantity),
    optType: '',
    quoteCcy: swap ? '' : quote,
    ruleType: 'normal',
    settleCcy: settle ?? '',
    state: 'live',
    stk: '',
    tickSz: instrument.priceTick,
    uly: swap ? `${base}-${quote}` : '',
  };
}
