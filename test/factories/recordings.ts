/** Small recordings for tests: minutes from a list of prices, written as the simulator reads them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candle } from '../../simulator/candles.ts';

export const RECORDING_BEGINS = Date.UTC(2024, 11, 10);

/** A minute of [open, high, low, close]; volume 1. */
export function candle(index: number, prices: readonly [string, string, string, string]): Candle {
  const [open, high, low, close] = prices;
  return { openAt: RECORDING_BEGINS + index * 60_000, open, high, low, close, volume: '1' };
}

/** Candles whose open and close follow `closes`, from its first price on, with no wicks. */
export function candlesThrough(closes: readonly string[]): Candle[] {
  return closes.slice(1).map((close, index) => {
    const open = closes[index] ?? close;
    const [low, high] = Number(open) < Number(close) ? [open, close] : [close, open];
    return candle(index, [open, high, low, close]);
  });
}

/** Writes candles as CSV to a new temporary folder; returns the path. */
export function writeRecording(candles: readonly Candle[], name = 'BTCUSDT-test.csv'): string {
  const rows = candles.map((bar) =>
    [bar.openAt, bar.open, bar.high, bar.low, bar.close, bar.volume].join(','),
  );
  return writeText(['timestamp_ms,open,high,low,close,volume', ...rows, ''].join('\n'), name);
}

/** Writes any text as a file in a new temporary folder; returns the path. */
export function writeText(text: string, name = 'BTCUSDT-test.csv'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'keel-recording-')), name);
  writeFileSync(file, text);
  return file;
}
