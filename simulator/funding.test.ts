import { describe, expect, it } from '@jest/globals';
import { writeText } from '../test/factories/recordings.ts';
import { FUNDING_EVERY_MS, fundingSchedule } from './funding.ts';

const MAY_8 = Date.UTC(2025, 4, 8);
const RECORDED = { file: 'data/BTCUSDT-binance-funding-8h-2025-05.csv' };

describe('funding', () => {
  it('is due every eight hours of market time, at the recorded rate', () => {
    const schedule = fundingSchedule({ funding: RECORDED });
    expect(schedule.dueAt(MAY_8)).toBe('0.00002318');
    expect(schedule.dueAt(MAY_8 + FUNDING_EVERY_MS)).toBe('0.00004608');
    expect(schedule.dueAt(MAY_8 + 60_000)).toBeUndefined();
    expect(schedule.nextAfter(MAY_8)).toEqual({ rate: '0.00004608', at: MAY_8 + FUNDING_EVERY_MS });
    // Beyond the recording nothing is paid.
    expect(schedule.dueAt(Date.UTC(2025, 5, 1))).toBeUndefined();
  });

  it('is constant where it is not recorded', () => {
    expect(fundingSchedule({ funding: { rate: '0.01' } }).dueAt(MAY_8)).toBe('0.01');
    expect(fundingSchedule({}).dueAt(MAY_8)).toBe('0.0001');
  });

  it.each([
    ['another header', 'time,rate\n1,2\n', 'the header is not'],
    ['a time between payments', 'timestamp_ms,funding_rate\n1746666000000,0.1\n', 'row 2'],
    ['a rate that is none', 'timestamp_ms,funding_rate\n1746662400000,1e-5\n', 'row 2: "1e-5"'],
  ])('refuses a file with %s', (_, text, told) => {
    const file = writeText(text, 'funding.csv');
    expect(() => fundingSchedule({ funding: { file } })).toThrow(told);
  });
});
