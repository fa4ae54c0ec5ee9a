/** From options to all that the engine needs: strategy, bars, instruments, costs, limits. */
import { fundingAux } from '../../backtest/funding-aux.ts';
import type { BacktestInput } from '../../backtest/input.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { isContract, parseSymbol } from '../../core/symbol.ts';
import { parseTimeRange, rangeWithin } from '../../core/time-range.ts';
import { intervalMs } from '../../core/time.ts';
import type { StrategyRegistry } from '../../strategies/registry.ts';
import type { Io } from '../session.ts';
import { readFunding } from './funding.ts';
import { instrumentOf, usualFee } from './instrument.ts';
import { openDetail, openMarketData } from './market-data.ts';
import { checkNames } from './parameters.ts';
import type { RunOptions } from './run-options.ts';
import { checkFeeds, marketParameters, wantedMarket } from './strategy-config.ts';

const DEFAULT_WALLET = '10000';

/**
 * Reads the data and checks that everything fits together. Throws INVALID_INPUT, CONFIG_INVALID, STRATEGY_UNKNOWN
 * and NOT_FOUND, each saying what was given and what is allowed.
 */
export function openBacktest(
  io: Pick<Io, 'environment'>,
  options: RunOptions,
  registry: StrategyRegistry,
): BacktestInput {
  const { strategy: type, parameters = {} } = options;
  if (type === undefined) {
    const known = registry.list().map((listing) => listing.type);
    throw new KeelError('INVALID_INPUT', `say which strategy by --strategy: ${known.join(', ')}`);
  }
  const strategyClass = registry.get(type);
  checkNames(strategyClass, Object.keys(parameters));
  const wanted = wantedMarket(strategyClass, parameters, options.interval);
  const { series, notices } = openMarketData(io, options, wanted);
  const exchange = onlyExchange(series);
  const detail = openDetail(io, options, series);
  const config = marketParameters(strategyClass, parameters, series, options.interval);
  const strategy = registry.create(type, config);
  checkFeeds(type, strategy, series);
  const funding = readFunding(options.funding ?? [], series);
  return {
    strategy,
    strategyType: type,
    exchange,
    series,
    instruments: Object.fromEntries(series.map((one) => [one.symbol, instrumentOf(one, options)])),
    wallet: options.wallet ?? DEFAULT_WALLET,
    ...range(options, series),
    costs: costsOf(options),
    limits: {
      maxPosition: options.maxPosition ?? null,
      maxOrderNotional: options.maxOrderNotional ?? null,
      maxOrdersPerDay: options.maxOrdersPerDay ?? null,
    },
    ...(detail === undefined ? {} : { detail: detail.series }),
    funding,
    aux: fundingAux(funding, exchange),
    notices: [...notices, ...(detail?.notices ?? []), ...assumptions(options, series)],
  };
}

function onlyExchange(series: readonly BarSeries[]): string {
  const names = [...new Set(series.map(({ exchange }) => exchange))];
  const [exchange] = names;
  if (exchange === undefined || names.length > 1) {
    throw new KeelError(
      'INVALID_INPUT',
      `the data is of ${names.join(' and ')}: a strategy trades at one exchange; --exchange takes all data for it`,
    );
  }
  return exchange;
}

function range(
  { timerange }: RunOptions,
  series: readonly BarSeries[],
): Pick<BacktestInput, 'from' | 'to'> {
  if (timerange === undefined) return {};
  const wanted = parseTimeRange(timerange);
  const ends = series.map(({ openAt, interval }) => (openAt.at(-1) ?? 0) + intervalMs(interval));
  const data = {
    from: Math.min(...series.map(({ openAt }) => openAt[0] ?? Infinity)),
    to: Math.max(...ends),
  };
  const names = series.map(({ symbol }) => symbol).join(', ');
  const { from, to } = rangeWithin(wanted, data, names);
  return { from, to };
}

function costsOf(options: RunOptions): NonNullable<BacktestInput['costs']> {
  const { feeIn, feeAssetPrice, slippageBps, volumeShare, latencyBars } = options;
  return {
    ...(feeIn === undefined ? {} : { feeIn }),
    ...(feeAssetPrice === undefined ? {} : { feeAssetPrice }),
    ...(slippageBps === undefined ? {} : { slippageBps }),
    ...(volumeShare === undefined ? {} : { volumeShare }),
    ...(latencyBars === undefined ? {} : { latencyBars }),
  };
}

/** What nobody said and the result depends on. */
function assumptions({ fee, funding }: RunOptions, series: readonly BarSeries[]): string[] {
  const notices: string[] = [];
  if (fee === undefined) {
    const rates = [...new Set(series.map(({ symbol }) => usualFee(parseSymbol(symbol).settle)))];
    notices.push(`no --fee was given: ${rates.join(' and ')} of each fill is assumed`);
  }
  if (funding === undefined && series.some(({ symbol }) => isContract(symbol))) {
    notices.push('no --funding was given: perpetuals pay and receive none');
  }
  return notices;
}
