/**
 * Funding carry trades live as in a backtest: the same bars, the rates by the collector's own code from a venue that
 * tells each a little late, a restart in the middle.
 */
import { expect, it } from '@jest/globals';
import type { FundingRate } from '../adapters/trade-adapter.ts';
import { runBacktest } from '../backtest/engine.ts';
import { fundingAux } from '../backtest/funding-aux.ts';
import { seriesOf } from '../core/bar-series.ts';
import { barOf } from '../core/bar.ts';
import type { Kline } from '../core/kline.ts';
import { defaultRegistry } from '../strategies/registry.ts';
import { storeFundingRates } from '../workers/funding-rates.ts';
import { createInstrument, createKline, T0 } from './factories/market.ts';
import { createMemoryAux } from './factories/memory-aux.ts';
import { StrategyWorld } from './factories/strategy-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EXCHANGE = 'binance-usdm';
const SYMBOL = 'BTC/USDT:USDT';
const CONFIG = {
  ...{ exchange: EXCHANGE, symbol: SYMBOL, interval: '15m', quantity: '0.1' },
  ...{ smoothing: 2, enter: 0.0002, exit: 0.00005 },
};

/** One an hour, stamped some milliseconds late as venues do. */
const RATES = ['0.0003', '0.0004', '0.0004', '-0.0003', '-0.0004', '-0.0004', '0', '0'].map(
  (rate, hour): FundingRate => ({ rate, publishedAt: T0 + hour * HOUR + 3 }),
);
const BARS = Array.from({ length: 8 * 60 }, (_, minute): Kline => {
  const openAt = T0 + minute * MINUTE;
  return createKline({
    ...{ exchange: EXCHANGE, symbol: SYMBOL },
    ...{ openAt, closeAt: openAt + MINUTE },
  });
});

it('asks for the same at the same times as the backtest', async () => {
  const instrument = createInstrument();
  const rates = {
    symbol: SYMBOL,
    at: RATES.map(({ publishedAt }) => publishedAt),
    rate: RATES.map(({ rate }) => rate),
  };
  const { orders } = runBacktest({
    strategy: defaultRegistry().create('funding-carry', CONFIG),
    strategyType: 'funding-carry',
    exchange: EXCHANGE,
    series: [seriesOf({ exchange: EXCHANGE, symbol: SYMBOL, interval: '1m' }, BARS.map(barOf))],
    instruments: { [SYMBOL]: instrument },
    wallet: '10000000',
    from: T0 + MINUTE,
    aux: fundingAux([rates], EXCHANGE),
  });

  const world = new StrategyWorld({ type: 'funding-carry', exchange: EXCHANGE, config: CONFIG });
  await world.open();
  world.begin('run-1');
  const [first, ...live] = BARS;
  if (first !== undefined) world.stored.push(first);
  let attempt = await world.start();
  for (const [index, bar] of live.entries()) {
    const marketTime = bar.closeAt;
    const venue = {
      exchange: EXCHANGE,
      marketTime: () => Promise.resolve(marketTime),
      fundingRates: (_symbol: string, since: number) =>
        Promise.resolve(
          RATES.filter(({ publishedAt }) => publishedAt >= since && publishedAt <= marketTime),
        ),
    };
    await storeFundingRates(venue, SYMBOL, createMemoryAux(world.auxValues));
    if (index === 200) {
      await attempt.stop();
      attempt = await world.start();
    }
    await world.deliver(bar);
  }
  await attempt.stop();

  const asked = [...world.outbox.values()].map(({ signal }) => [signal.eventTime, signal.tag]);
  expect(asked).toEqual(orders.map(({ askedAt, tag }) => [askedAt, tag]));
  expect(asked.map(([, tag]) => tag)).toEqual(['longs-pay', 'shorts-pay', 'funding-small']);
});
