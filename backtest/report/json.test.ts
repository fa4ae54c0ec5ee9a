import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../core/json.ts';
import { createLongRun } from '../../test/factories/backtest.ts';
import { summarise } from '../metrics.ts';
import { fromJson, toJson } from './json.ts';

describe('toJson', () => {
  const { result } = createLongRun(200);
  const summary = summarise(result);
  const text = JSON.stringify(toJson(result, summary));
  const parse = (json: string) => JSON.parse(json) as Json;

  it('is read back as it was', () => {
    expect(fromJson(parse(text))).toEqual({ result, summary });
    expect(summarise(fromJson(parse(text)).result)).toEqual(summary);
  });

  it('has plain arrays, strings for decimals, and the names others read', () => {
    expect(parse(text)).toMatchObject({
      format: 'keel-backtest/1',
      summary: { roundTrips: 12, finalEquity: result.run.finalEquity },
      result: { equity: { at: [...result.equity.at] }, slippagePaid: '12.345678' },
    });
  });

  it.each([
    ['another file', '{"orders":[]}', 'format'],
    ['another version', text.replace('keel-backtest/1', 'keel-backtest/9'), 'keel-backtest/1'],
    ['a broken column', text.replace('"at":[1', '"at":["x",1'), 'equity'],
    ['no object', '3', 'expected object'],
  ])('refuses %s', (_, json, message) => {
    expect(() => fromJson(parse(json))).toThrow(message);
  });
});
