import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runBacktest } from '../../backtest/engine.ts';
import { seriesOf } from '../../core/bar-series.ts';
import { instrumentSchema } from '../../core/instrument.ts';
import { MyStrategy } from './my-strategy.ts';

/** Runs it over hourly bars with these closes. */
function run(closes: readonly number[], parameters: object) {
  const hour = 3_600_000;
  const bars = closes.map((close, index) => {
    const openAt = index * hour;
    const open = closes[index - 1] ?? close;
    const [low, high] = [Math.min(open, close), Math.max(open, close)];
    return { openAt, closeAt: openAt + hour, open, high, low, close, volume: 1000 };
  });
  const market = { exchange: 'binance', symbol: 'BTC/USDT' };
  const instrument = instrumentSchema.parse({
    ...market,
    ...{ venueSymbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', contractSize: '1' },
    ...{ priceTick: '0.01', minPrice: '0', maxPrice: '0', minNotional: '0' },
    ...{ quantityStep: '0.00000001', minQuantity: '0', maxQuantity: '1000000' },
    ...{ makerFeeRate: '0', takerFeeRate: '0' },
  });
  return runBacktest({
    strategy: new MyStrategy(MyStrategy.config.parse({ interval: '1h', ...parameters })),
    strategyType: MyStrategy.type,
    exchange: market.exchange,
    series: [seriesOf({ ...market, interval: '1h' }, bars)],
    instruments: { [market.symbol]: instrument },
    wallet: '1000',
  });
}

void test('buys a new high and sells a new low', () => {
  const { fills } = run([10, 10, 10, 11, 12, 9, 8], { lookback: 3 });
  assert.deepEqual(
    fills.map(({ side, tag }) => [side, tag]),
    [
      ['buy', 'new-high'],
      ['sell', 'new-low'],
    ],
  );
});

void test('asks for nothing while the price stands still', () => {
  assert.equal(run([10, 10, 10, 10, 10], { lookback: 3 }).orders.length, 0);
});
