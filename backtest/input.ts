/** What a backtest is given. */
import type { BarSeries } from '../core/bar-series.ts';
import type { Instrument } from '../core/instrument.ts';
import type { AuxValue, BaseStrategy } from '../strategies/base-strategy.ts';
import type { RiskLimits } from './admission.ts';
import type { FundingSeries } from './contracts.ts';
import type { CostModel } from './costs.ts';

export interface BacktestInput {
  /** Made by the registry, which checks the configuration. */
  readonly strategy: BaseStrategy;
  readonly strategyType: string;
  /** Where its orders go. */
  readonly exchange: string;
  /** One a symbol, all of one interval. */
  readonly series: readonly BarSeries[];
  /** By symbol: steps, limits, fee rates, a contract's leverage. */
  readonly instruments: Readonly<Record<string, Instrument>>;
  /** Quote at the start, a decimal string. */
  readonly wallet: string;
  /** Trades bars that open at `from` or later, and before `to`; bars before `from` warm the strategy. */
  readonly from?: number;
  readonly to?: number;
  /** How many bars before `from`; as many as the strategy's feeds ask for, as live, where not given. */
  readonly warmupBars?: number;
  readonly costs?: Partial<CostModel>;
  readonly limits?: Partial<RiskLimits>;
  /** Head room over the reference price of a market order, as live. Default `"0.01"`. */
  readonly marketBuyBuffer?: string;
  /** Shorter bars of the same symbols, by which a bar's inside is walked. */
  readonly detail?: readonly BarSeries[];
  readonly funding?: readonly FundingSeries[];
  /** Margin below which a contract is liquidated, as a fraction of notional. Default `"0.005"`. */
  readonly maintenanceRate?: string;
  readonly aux?: (name: string, now: number) => AuxValue | undefined;
  /** What is to be told of the input beside the run's own notices: flaws of the data, assumed terms. */
  readonly notices?: readonly string[];
}
