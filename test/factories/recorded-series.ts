/** Recorded bars, funding rates and real terms of Binance's markets, for backtests in tests. */
import { fileURLToPath } from 'node:url';
import { readBarCsv, seriesFrom } from '../../adapters/bars/read-bars.ts';
import type { FundingSeries } from '../../backtest/contracts.ts';
import { readFunding } from '../../cli/backtest/funding.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import type { Instrument } from '../../core/instrument.ts';
import { createInstrument } from './market.ts';

function fileOf(name: string): string {
  return fileURLToPath(new URL(`../../data/${name}`, import.meta.url));
}

export type Asset = 'BTC' | 'ETH' | 'SOL';

/** Hours of the spot market, 2024-01-01 to 2024-09-06 03:00 UTC (SOL a day longer). */
export function spotHours(asset: Asset): BarSeries {
  const symbol = `${asset}/USDT`;
  const file = fileOf(`${asset}USDT-binance-spot-1h-2024.csv.gz`);
  return seriesFrom(readBarCsv(file, { exchange: 'binance', symbol }));
}

/** Minutes of the perpetual, 2025-05-05 to 2025-06-03 UTC. */
export function perpetualMinutes(asset: 'BTC' | 'ETH'): BarSeries {
  const symbol = `${asset}/USDT:USDT`;
  const file = fileOf(`${asset}USDT-binance-perp-1m-2025-05.csv.gz`);
  return seriesFrom(readBarCsv(file, { exchange: 'binance', symbol }));
}

/** The rates of a perpetual, from 2025-05-01. */
export function fundingOf(series: BarSeries): FundingSeries[] {
  const asset = series.symbol.slice(0, 3);
  const file = fileOf(`${asset}USDT-binance-funding-8h-2025-05-all.csv`);
  return readFunding([`${series.symbol}=${file}`], [series]);
}

const SPOT_STEPS: Readonly<Record<Asset, string>> = { BTC: '0.00001', ETH: '0.0001', SOL: '0.001' };
const PERPETUALS = {
  BTC: { priceTick: '0.1', minNotional: '100' },
  ETH: { priceTick: '0.01', minNotional: '20' },
};

/** With Binance's steps and minima; 0.1 % fee. */
export function spotOf(asset: Asset): Instrument {
  return createInstrument({
    symbol: `${asset}/USDT`,
    venueSymbol: `${asset}USDT`,
    base: asset,
    quantityStep: SPOT_STEPS[asset],
    minQuantity: SPOT_STEPS[asset],
  });
}

/** With Binance's steps and minima, leverage 2; 0.1 % fee. */
export function perpetualOf(asset: 'BTC' | 'ETH'): Instrument {
  return createInstrument({
    symbol: `${asset}/USDT:USDT`,
    venueSymbol: `${asset}USDT`,
    base: asset,
    settle: 'USDT',
    contract: 'linear',
    leverage: '2',
    quantityStep: '0.001',
    minQuantity: '0.001',
    ...PERPETUALS[asset],
  });
}
