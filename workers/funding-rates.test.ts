import { expect, it } from '@jest/globals';
import type { AuxRecord } from '../adapters/repositories.ts';
import type { FundingRate } from '../adapters/trade-adapter.ts';
import { createLogger } from '../observability/logger.ts';
import { createMemoryAux } from '../test/factories/memory-aux.ts';
import { until } from '../test/factories/strategy-world.ts';
import { followFundingRates, storeFundingRates } from './funding-rates.ts';

const PERPETUAL = 'BTC/USDT:USDT';
const NAME = `funding:okx:${PERPETUAL}`;
const NOW = 100 * 86_400_000;
const logger = createLogger('test', 'silent');

function venue(answers: readonly (readonly FundingRate[] | Error)[]) {
  const asked: [symbol: string, since: number][] = [];
  return {
    asked,
    adapter: {
      exchange: 'okx',
      marketTime: () => Promise.resolve(NOW),
      fundingRates: (symbol: string, since: number) => {
        const answer = answers[asked.length] ?? [];
        asked.push([symbol, since]);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
  };
}

it('stores a month of rates first, then what is newer', async () => {
  const stored: AuxRecord[] = [];
  const aux = createMemoryAux(stored);
  const first = { rate: '0.0001', publishedAt: NOW - 5 };
  const { adapter, asked } = venue([[first], [{ rate: '-0.0002', publishedAt: NOW }]]);
  await storeFundingRates(adapter, PERPETUAL, aux);
  await storeFundingRates(adapter, PERPETUAL, aux);
  expect(asked).toEqual([
    [PERPETUAL, NOW - 31 * 86_400_000],
    [PERPETUAL, NOW - 4],
  ]);
  expect(stored).toEqual([
    { name: NAME, publishedAt: NOW - 5, value: '0.0001' },
    { name: NAME, publishedAt: NOW, value: '-0.0002' },
  ]);
});

it('goes on after a venue that does not answer, until it is stopped', async () => {
  const stored: AuxRecord[] = [];
  const { adapter, asked } = venue([new Error('away'), [{ rate: '0.0001', publishedAt: NOW }]]);
  const followed = followFundingRates(
    { adapter, symbols: [PERPETUAL] },
    { aux: createMemoryAux(stored), logger, everyMs: 1 },
  );
  await until(() => stored.length > 0);
  await followed.stop();
  const times = asked.length;
  expect(times).toBeGreaterThanOrEqual(2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(times);
});

it('asks for perpetuals only, and for each whatever became of the others', async () => {
  const stored: AuxRecord[] = [];
  const { adapter } = venue([new Error('not listed'), [{ rate: '0.0001', publishedAt: NOW }]]);
  const followed = followFundingRates(
    { adapter, symbols: ['BTC/USDT', 'GONE/USDT:USDT', PERPETUAL] },
    { aux: createMemoryAux(stored), logger, everyMs: 60_000 },
  );
  await until(() => stored.length > 0);
  await followed.stop();
  expect(stored).toEqual([{ name: NAME, publishedAt: NOW, value: '0.0001' }]);
});
