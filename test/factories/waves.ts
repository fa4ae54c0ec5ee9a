/**
 * An equity curve whose figures were also computed by numpy 2 and pandas, to hold the metrics against:
 * ```python
 * k = np.arange(1, 401)
 * v = 10000 * (1 + 0.1*np.sin(k/15) + 0.0005*k + 0.02*np.sin(k*2.3))
 * at = pd.to_datetime('2024-01-15 08:00') + pd.to_timedelta(k*4, unit='h')
 * s = pd.Series(v, index=at)
 * d = s.resample('D', closed='right', label='left').last()
 * r = pd.concat([pd.Series([10000.0], index=[at[0] - pd.Timedelta(days=3)]), d]).pct_change().dropna()
 * e = pd.concat([pd.Series([10000.0], index=[pd.to_datetime('2024-01-15 08:00')]), s])
 * ```
 */
import type { EquityCurve } from '../../backtest/result.ts';
import { createCurve } from './backtest.ts';

export const WAVES_FROM = Date.UTC(2024, 0, 15, 8);

/** `v` at `at`; the start balance is 10 000. */
export function waves(): EquityCurve {
  const values = Array.from({ length: 400 }, (_, index) => {
    const k = index + 1;
    return 10_000 * (1 + 0.1 * Math.sin(k / 15) + 0.0005 * k + 0.02 * Math.sin(k * 2.3));
  });
  return createCurve(values, { from: WAVES_FROM, barMs: 4 * 3_600_000 });
}
