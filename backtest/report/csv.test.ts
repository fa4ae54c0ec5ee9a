import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import {
  createLongRun,
  createOrder,
  createResult,
  createTrade,
} from '../../test/factories/backtest.ts';
import { createFill } from '../../test/factories/market.ts';
import { csvFiles } from './csv.ts';

function read(text: string): Record<string, string>[] {
  return parse(text, { columns: true, recordDelimiter: '\r\n' });
}

describe('csvFiles', () => {
  it('writes every row', () => {
    const { result } = createLongRun(200);
    const files = csvFiles(result);
    expect(read(files['trades.csv'])).toHaveLength(result.trades.length);
    expect(read(files['fills.csv'])).toHaveLength(result.fills.length);
    expect(read(files['orders.csv'])).toHaveLength(result.orders.length);
    expect(read(files['equity.csv'])).toHaveLength(200);
  });

  it('writes times in UTC, decimals as they are and null as nothing', () => {
    const trade = createTrade({ pnl: '0.123456789012345678', exitAt: null, exitTag: null });
    const [row] = read(csvFiles(createResult({ trades: [trade] }))['trades.csv']);
    expect(row).toEqual({
      tradeNumber: '1',
      symbol: 'BTC/USDT',
      side: 'long',
      entryAt: '2024-12-10T00:00:00.000Z',
      exitAt: '',
      entryTag: 'golden-cross',
      exitTag: '',
      quantity: '1',
      entryPrice: '100',
      exitPrice: '110',
      pnl: '0.123456789012345678',
      fees: '0',
      mae: '',
      mfe: '',
    });
  });

  it('keeps equity to the last bit', () => {
    const { result } = createLongRun(50);
    const values = read(csvFiles(result)['equity.csv']).map((row) => Number(row['value']));
    expect(values).toEqual([...result.equity.value]);
  });

  it('has headings only where nothing happened', () => {
    const files = csvFiles(createResult());
    expect(read(files['trades.csv'])).toEqual([]);
    expect(files['orders.csv']).toMatch(/^askedAt,[A-Za-z,]+,tag\r\n$/);
  });

  it('gives back any tag', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (tag) => {
        const files = csvFiles(
          createResult({
            trades: [createTrade({ entryTag: tag })],
            fills: [{ ...createFill(), tag }],
            orders: [createOrder({ tag })],
          }),
        );
        expect(read(files['trades.csv'])[0]?.['entryTag']).toBe(tag);
        expect(read(files['fills.csv'])[0]?.['tag']).toBe(tag);
        expect(read(files['orders.csv'])[0]?.['tag']).toBe(tag);
      }),
    );
    const awkward = '"a", b\r\nc';
    const files = csvFiles(createResult({ trades: [createTrade({ entryTag: awkward })] }));
    expect(files['trades.csv']).toContain('"""a"", b\r\nc"');
  });
});
