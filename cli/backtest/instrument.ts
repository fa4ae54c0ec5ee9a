/** The terms of a market of which only its bars are known. */
import { pricePlaces } from '../../backtest/market.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { instrumentSchema, type Instrument } from '../../core/instrument.ts';
import { Decimal } from '../../core/money.ts';
import { parseSymbol } from '../../core/symbol.ts';
import type { RunOptions } from './run-options.ts';

/** A beginner's taker fee at Binance, spot and perpetuals. */
const USUAL_FEE = { spot: '0.001', contract: '0.0005' };
const NO_MAXIMUM = '1000000000000';

/**
 * The instrument that the bars and options make: the tick is the finest decimal place of the prices, quantities
 * have eight places, nothing has a minimum, maker and taker pay the same.
 */
export function instrumentOf(series: BarSeries, options: RunOptions): Instrument {
  const { base, quote, settle } = parseSymbol(series.symbol);
  const { leverage } = options;
  if (leverage !== undefined && settle === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `--leverage is for perpetuals such as ${series.symbol}:${quote}; ${series.symbol} is spot`,
    );
  }
  const fee = options.fee ?? usualFee(settle);
  const priceTick = options.tick ?? new Decimal(10).pow(-pricePlaces(series)).toFixed();
  return instrumentSchema.parse({
    exchange: series.exchange,
    symbol: series.symbol,
    venueSymbol: `${base}${quote}`,
    base,
    quote,
    ...(settle === undefined ? {} : { settle, contract: 'linear', leverage: leverage ?? '1' }),
    contractSize: '1',
    priceTick,
    minPrice: '0',
    maxPrice: '0',
    quantityStep: options.step ?? '0.00000001',
    minQuantity: '0',
    maxQuantity: NO_MAXIMUM,
    minNotional: options.minNotional ?? '0',
    makerFeeRate: fee,
    takerFeeRate: fee,
  });
}

export function usualFee(settle: string | undefined): string {
  return settle === undefined ? USUAL_FEE.spot : USUAL_FEE.contract;
}
