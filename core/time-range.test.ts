import { describe, expect, it } from '@jest/globals';
import { formatTimeRange, parseTimeRange, rangeWithin } from './time-range.ts';

const DAY = 86_400_000;
const JANUARY = Date.UTC(2024, 0, 1);
const data = { from: JANUARY, to: Date.UTC(2025, 0, 1) };

describe('a time range', () => {
  it.each([
    ['20240101-20240201', JANUARY, Date.UTC(2024, 1, 1)],
    ['20240101-', JANUARY, Infinity],
    ['-20240101', -Infinity, JANUARY],
    ['20240101T0930-20240101T1000', JANUARY + 570 * 60_000, JANUARY + 600 * 60_000],
    ['20240229-20240301', Date.UTC(2024, 1, 29), Date.UTC(2024, 2, 1)],
  ])('%s is read, and written back', (text, from, to) => {
    expect(parseTimeRange(text)).toEqual({ from, to });
    expect(formatTimeRange({ from, to })).toBe(text);
  });

  it.each([
    ['', /no time range: write days as YYYYMMDD/],
    ['-', /write days/],
    ['20240101', /write days/],
    ['2024-01-01', /write days/],
    ['20240231-20240301', /20240231 is no day or time/],
    ['20240101T2460-', /20240101T2460 is no day or time/],
    ['20240201-20240101', /ends before it begins/],
    ['20240101-20240101', /ends before it begins/],
  ])('"%s" is refused', (text, message) => {
    expect(() => parseTimeRange(text)).toThrow(message);
  });

  it('takes from the data where an end is open', () => {
    const open = { from: -Infinity, to: Infinity };
    expect(rangeWithin(open, data, 'x')).toEqual(data);
    expect(rangeWithin({ ...open, from: JANUARY + DAY }, data, 'x').from).toBe(JANUARY + DAY);
  });

  it('may not ask for more than there is', () => {
    expect(() =>
      rangeWithin(parseTimeRange('20231231-20240201'), data, 'binance BTC/USDT'),
    ).toThrow(
      'the time range 20231231-20240201 is not within the data of binance BTC/USDT, which is ' +
        '2024-01-01T00:00:00.000Z to 2025-01-01T00:00:00.000Z',
    );
    expect(() => rangeWithin(parseTimeRange('20241231-20250102'), data, 'x')).toThrow('not within');
    expect(() => rangeWithin(parseTimeRange('20250101-'), data, 'x')).toThrow('holds no data of x');
    expect(() => rangeWithin(parseTimeRange('-20240101'), data, 'x')).toThrow('holds no data of x');
  });
});
