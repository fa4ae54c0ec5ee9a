import { describe, expect, it } from '@jest/globals';
import { ORDER_KINDS } from './order-kinds.ts';
import { planRun } from './plan.ts';

const OPTIONS = {
  orders: 50,
  kills: 9,
  seed: 3,
  spanMs: 60_000,
  strategyIds: ['binance-1', 'okx-2', 'binance-usdm-3', 'okx-swap-4'],
  targets: ['kafka', 'orders', 'postgres', 'temporal'],
};

describe('planRun', () => {
  it('is the same for the same seed', () => {
    expect(planRun(OPTIONS)).toEqual(planRun(OPTIONS));
    expect(planRun(OPTIONS)).not.toEqual(planRun({ ...OPTIONS, seed: 4 }));
  });

  it('spreads signals and kills over the span, in order', () => {
    const { signals, kills } = planRun(OPTIONS);
    for (const planned of [signals, kills]) {
      const times = planned.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((left, right) => left - right));
      expect(Math.max(...times)).toBeLessThan(OPTIONS.spanMs);
    }
    expect(signals).toHaveLength(50);
  });

  it('halts spot and contracts once each, in the middle of it', () => {
    const { halts } = planRun(OPTIONS);
    expect(halts.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'BTC/USDT:USDT']);
    for (const { atMs, forMs } of halts) {
      expect(atMs).toBeGreaterThan(0);
      expect(forMs).toBeGreaterThan(0);
      expect(atMs + forMs).toBeLessThan(OPTIONS.spanMs);
    }
  });

  it('halts as often as asked, and not twice at a time', () => {
    expect(planRun({ ...OPTIONS, halts: 0 }).halts).toEqual([]);
    const { halts } = planRun({ ...OPTIONS, halts: 20 });
    expect(halts).toHaveLength(20);
    const [, ...later] = halts;
    later.forEach(({ atMs }, index) => {
      const { atMs: from, forMs } = halts[index] ?? { atMs: NaN, forMs: NaN };
      expect(atMs).toBeGreaterThanOrEqual(from + forMs);
    });
  });

  it('draws orders of the kinds given', () => {
    const [kind] = ORDER_KINDS;
    if (kind === undefined) throw new Error('there are no kinds');
    const { signals } = planRun({ ...OPTIONS, kinds: [{ ...kind, markets: ['okx'] }] });
    expect(new Set(signals.map((signal) => signal.kind.name))).toEqual(new Set([kind.name]));
    expect(new Set(signals.map(({ strategyId }) => strategyId))).toEqual(new Set(['okx-2']));
  });

  it('gives every target its turn before one has another', () => {
    const targets = planRun(OPTIONS).kills.map(({ target }) => target);
    expect(targets.slice(0, 4).toSorted()).toEqual(OPTIONS.targets);
    expect(targets.slice(4, 8).toSorted()).toEqual(OPTIONS.targets);
  });
});
