import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '../observability/logger.ts';
import { registry } from '../observability/metrics.ts';
import { createOrderView } from '../test/factories/market.ts';
import { countFinished, countLegNote, countSent } from './order-metrics.ts';

afterEach(() => {
  registry.resetMetrics();
  jest.restoreAllMocks();
});

async function values(name: string): Promise<unknown[]> {
  const { values: all } = await registry.getSingleMetric(name)!.get();
  return all.filter(({ value }) => value > 0).map(({ labels, value }) => ({ ...labels, value }));
}

describe('countFinished', () => {
  const logger = createLogger('test', 'silent');

  it('logs what traded as order_executed, with how long it took', async () => {
    const info = jest.spyOn(logger, 'info');
    jest.spyOn(Date, 'now').mockReturnValue(5_000);
    const order = createOrderView({ status: 'filled', filledQuantity: '1', averagePrice: '101.5' });
    countFinished(order, logger, 4_200);
    expect(info).toHaveBeenCalledWith(
      {
        order_id: order.orderId,
        strategy_id: 'strategy-1',
        exchange: 'binance',
        symbol: 'BTC/USDT',
        side: 'buy',
        quantity: '1',
        price: '101.5',
        execution_time: 800,
      },
      'order_executed',
    );
    expect(await values('keel_orders_total')).toEqual([
      { exchange: 'binance', status: 'filled', value: 1 },
    ]);
  });

  it('logs what did not trade with its reason', () => {
    const info = jest.spyOn(logger, 'info');
    countFinished(createOrderView({ status: 'denied', reason: 'halted' }), logger, null);
    expect(info).toHaveBeenCalledWith(
      expect.objectContaining({ status: 'denied', reason: 'halted', quantity: '0' }),
      'order_ended',
    );
  });
});

describe('countSent', () => {
  it('observes seconds, never below zero where clocks disagree', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(10_000);
    countSent('binance', 9_750);
    countSent('binance', 10_400);
    const { values: all } = await registry.getSingleMetric('keel_signal_to_venue_seconds')!.get();
    const of = (suffix: string): number | undefined =>
      all.find(
        (value) =>
          'metricName' in value && value.metricName === `keel_signal_to_venue_seconds_${suffix}`,
      )?.value;
    expect([of('count'), of('sum')]).toEqual([2, 0.25]);
  });
});

describe('countLegNote', () => {
  it('counts failed sends by code, and anomalies; a second send is only logged', async () => {
    const clientOrderId = 'keel-1';
    const failed = { kind: 'send-failed', clientOrderId, message: 'cut' } as const;
    countLegNote('binance', { ...failed, code: 'VENUE_UNKNOWN_OUTCOME' });
    countLegNote('binance', { kind: 'anomaly', clientOrderId, detail: 'filled after cancelled' });
    countLegNote('binance', { kind: 'sent-again', clientOrderId, sendCount: 2 });
    expect(await values('keel_venue_errors_total')).toEqual([
      { exchange: 'binance', code: 'VENUE_UNKNOWN_OUTCOME', value: 1 },
    ]);
    expect(await values('keel_leg_anomalies_total')).toEqual([{ exchange: 'binance', value: 1 }]);
  });
});
