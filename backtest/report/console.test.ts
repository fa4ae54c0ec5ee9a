import { describe, expect, it } from '@jest/globals';
import { createLongRun, createResult, createTrade } from '../../test/factories/backtest.ts';
import { summarise } from '../metrics.ts';
import { type ConsoleOptions, renderConsole } from './console.ts';
import { duration, moneyOf, percent, plain } from './format.ts';

function render(result: Parameters<typeof summarise>[0], options?: ConsoleOptions): string {
  return renderConsole(result, summarise(result), options);
}

/** The cells of the first row that begins with that word. */
function row(text: string, label: string): string[] | undefined {
  return text
    .split('\n')
    .map((line) => line.replaceAll('│', '  ').trim().split(/ {2,}/))
    .find((cells) => cells[0] === label);
}

describe('renderConsole', () => {
  const { result } = createLongRun(2000);

  it('shows each table, then the summary', () => {
    const text = render(result, { periods: ['month', 'year'] });
    const titles = text.match(/(?<=^│ +)[A-Z ]+(?= +│$)/gm);
    expect(titles?.map((title) => title.trim())).toEqual([
      'SYMBOLS',
      'ENTRY TAGS',
      'EXIT REASONS',
      'BY MONTH',
      'BY YEAR',
      'SUMMARY METRICS',
    ]);
  });

  it('adds up the trades', () => {
    const text = render(result);
    const summary = summarise(result);
    expect(row(text, 'Total')?.[1]).toBe(String(summary.roundTrips));
    expect(row(text, 'Round trips')).toEqual(['Round trips', String(summary.roundTrips)]);
    expect(row(text, '2024-01')).toHaveLength(6);
  });

  it('has lines of one length in each table', () => {
    for (const part of render(result, { periods: ['week'] }).split('\n\n')) {
      if (!part.startsWith('┌')) continue;
      expect(
        new Set(
          part
            .trimEnd()
            .split('\n')
            .map((line) => line.length),
        ).size,
      ).toBe(1);
    }
  });

  it('is 80 columns wide, whatever the tags, and uses a wider terminal', () => {
    const tags = { entryTag: 'breakout-of-the-upper-channel of 55 bars', exitTag: 'time is over' };
    const symbol = 'BTC/USDT:USDT';
    const open = createTrade({ ...tags, symbol, exitAt: null, exitPrice: null, pnl: null });
    const run = createResult({ trades: [createTrade({ ...tags, symbol }), open] });
    const widest = (text: string): number =>
      Math.max(...text.split('\n').map(({ length }) => length));
    expect(widest(render(run))).toBe(80);
    expect(render(run)).not.toContain(tags.entryTag);
    expect(widest(render(run, { width: 120 }))).toBeGreaterThan(80);
    expect(render(run, { width: 120 })).toContain(tags.entryTag);
  });

  it('says n/a where the run is short, and names symbols without a trade', () => {
    const text = render(createResult({ notices: ['a note'] }));
    expect(row(text, 'Sharpe (annual)')).toEqual(['Sharpe (annual)', 'n/a']);
    expect(row(text, 'BTC/USDT')).toEqual([
      'BTC/USDT',
      '0',
      '–',
      '0.00',
      '0.00 %',
      '–',
      '0/0/0',
      '–',
    ]);
    expect(text).not.toContain('EXIT REASONS');
    expect(text).toContain('Note: a note');
  });

  it('shows what was left open, with the move in its favour', () => {
    const open = createTrade({ side: 'short', exitAt: null, exitPrice: null, pnl: null });
    const text = render(createResult({ trades: [open] }));
    expect(text).toContain('LEFT OPEN');
    expect(text).toMatch(/BTC\/USDT {2}short {2}golden-cross {2}2024-12-10 00:00 .* -10\.00 %/);
  });

  it('lets no tag move the cursor or break a table', () => {
    const trades = [createTrade({ entryTag: 'a\u001B[2Jb\nc\u0007', exitTag: '' })];
    const text = render(createResult({ trades }));
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
    expect(row(text, 'a [2Jb c')).toBeDefined();
    expect(row(text, '(none)')).toBeDefined();
  });
});

describe('figures as people read them', () => {
  it.each([
    [percent(0.1234), '12.34 %'],
    [percent(null), 'n/a'],
    [percent(-0.000001), '0.00 %'],
    [plain(-1234.5), '-1,234.50'],
    [plain(-0.001), '0.00'],
    [duration(0), '00:00'],
    [duration(42_000), '42 s'],
    [duration(195 * 60_000), '03:15'],
    [duration((2 * 1440 + 195) * 60_000), '2 d 03:15'],
    [duration(1440 * 60_000 - 1), '1 d 00:00'],
    [moneyOf({ startBalance: '10000' })('1234.567'), '1,234.57'],
    [moneyOf({ startBalance: '1' })('0.01234567'), '0.012346'],
    [moneyOf({ startBalance: '1000000000' })('5'), '5.00'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});
