/** Small recordings for tests: minutes from a list of prices, written as the simulator reads them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Candle } from '../../simulator/candles.ts';

const folder = mkdtempSync(join(tmpdir(), 'keel-recording-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

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

/** Writes candles as a temporary CSV file; returns the path. */
export function writeRecording(candles: readonly Candle[], name = 'BTCUSDT-test.csv'): string {
  const rows = candles.map((bar) =>
    [bar.openAt, bar.open, bar.high, bar.low, bar.close, bar.volume].join(','),
  );
  return writeText(['timestamp_ms,open,high,low,close,volume', ...rows, ''].join('\n'), name);
}

/** A path for a file that is not there yet, in a folder of its own; gone when the test file has ended. */
export function temporaryPath(name: string): string {
  return join(mkdtempSync(join(folder, 'file-')), name);
}

/** Writes any text as a temporary file; returns the path. */
export function writeText(text: string, name = 'BTCUSDT-test.csv'): string {
  const file = temporaryPath(name);
  writeFileSync(file, text);
  return file;
}
