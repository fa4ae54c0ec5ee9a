/** The bars a backtest runs over. They are core's: the adapters that read, check and keep them know no backtest. */
export * from '../core/bar-series.ts';
