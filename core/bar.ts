/**
 * A closed bar in float64, for strategies, indicators and the backtest. Prices of recorded markets have far
 * fewer than 15 significant digits, so a double holds them exactly enough to be written back as they were.
 */
import type { Kline } from './kline.ts';

export interface Bar {
  /** First millisecond of the bar, UTC. */
  readonly openAt: number;
  /** First millisecond after it. */
  readonly closeAt: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** In base. */
  readonly volume: number;
}

export function barOf(kline: Kline): Bar {
  return {
    openAt: kline.openAt,
    closeAt: kline.closeAt,
    open: Number(kline.open),
    high: Number(kline.high),
    low: Number(kline.low),
    close: Number(kline.close),
    volume: Number(kline.volume),
  };
}
