import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { normalCdf, normalQuantile } from './normal-distribution.ts';
import {
  deflatedSharpe,
  expectedMaximumSharpe,
  luckPValue,
  probabilisticSharpe,
  sharpeSample,
} from './statistics.ts';

// r = np.array([0.001*((i*37)%23)-0.0095+(0.03 if i%17==0 else 0) for i in range(200)])
const RETURNS = Array.from(
  { length: 200 },
  (_, i) => 0.001 * ((i * 37) % 23) - 0.0095 + (i % 17 === 0 ? 0.03 : 0),
);

describe('the normal distribution', () => {
  // scipy.stats.norm.cdf
  it.each([
    [-8, 6.22096057427174e-16],
    [-3.5, 0.00023262907903552502],
    [-1, 0.15865525393145707],
    [-0.1, 0.460172162722971],
    [0, 0.5],
    [0.5, 0.6914624612740131],
    [1.959963984540054, 0.975],
    [6, 0.9999999990134123],
  ])('has below %d the share %d', (x, share) => {
    expect(normalCdf(x)).toBeCloseTo(share, 15);
  });

  // scipy.stats.norm.ppf
  it.each([
    [1e-300, -37.0470962993612],
    [1e-10, -6.361340902404056],
    [0.01, -2.3263478740408408],
    [0.3, -0.5244005127080409],
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.975, 1.959963984540054],
  ])('has the share %d below %d', (share, x) => {
    expect(normalQuantile(share)).toBeCloseTo(x, 12);
  });

  it('ends at the infinities', () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
    expect(normalQuantile(1.5)).toBeNaN();
  });

  it('goes there and back', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
        expect(normalCdf(normalQuantile(share))).toBeCloseTo(share, 13);
      }),
    );
  });
});

describe('probabilisticSharpe', () => {
  // Bailey & López de Prado 2012: a hedge fund of 24 months, PSR 0.982 if normal and 0.913 as it is.
  it('gives the published example', () => {
    const fund = { sharpe: 0.458, observations: 24, skewness: -2.448, kurtosis: 10.164 };
    expect(probabilisticSharpe(fund)).toBeCloseTo(0.913, 3);
    expect(probabilisticSharpe({ ...fund, skewness: 0, kurtosis: 3 })).toBeCloseTo(0.982, 3);
  });

  // scipy: skew(r), kurtosis(r, fisher=False), norm.cdf((sr-b)*199**.5/(1-skew*sr+(kurt-1)/4*sr*sr)**.5)
  it('agrees with scipy', () => {
    const sample = sharpeSample(RETURNS);
    expect(sample).toEqual({
      sharpe: expect.closeTo(0.34002205701889276, 12),
      observations: 200,
      skewness: expect.closeTo(1.3487830026362093, 10),
      kurtosis: expect.closeTo(5.7459192464494855, 10),
    });
    expect(probabilisticSharpe(sample!, 0.1)).toBeCloseTo(0.9999802511485104, 10);
    expect(probabilisticSharpe(sample!, sample!.sharpe)).toBe(0.5);
  });

  it('needs ten returns that differ', () => {
    expect(sharpeSample(RETURNS.slice(0, 9))).toBeNull();
    expect(sharpeSample(RETURNS.map(() => 0.01))).toBeNull();
  });
});

describe('deflatedSharpe', () => {
  // Bailey & López de Prado 2014, section "A numerical example": 100 trials whose annual Sharpe ratios have
  // variance 1/2, 1250 days, annual 2.5, skewness -3, kurtosis 10: SR0 0.1132, DSR 0.9004.
  it('gives the published example', () => {
    const threshold = expectedMaximumSharpe(0.5 / 250, 100);
    expect(threshold).toBeCloseTo(0.1132, 4);
    const sample = {
      sharpe: 2.5 / Math.sqrt(250),
      observations: 1250,
      skewness: -3,
      kurtosis: 10,
    };
    expect(probabilisticSharpe(sample, threshold)).toBeCloseTo(0.9004, 4);
  });

  // scipy, with trials np.array([0.02*i-0.1 for i in range(12)])
  it('agrees with scipy, and is the probabilistic one for a single trial', () => {
    const sample = sharpeSample(RETURNS)!;
    const trials = Array.from({ length: 12 }, (_, i) => 0.02 * i - 0.1);
    expect(deflatedSharpe(sample, trials)).toBeCloseTo(0.9999173957554434, 10);
    expect(deflatedSharpe(sample, [sample.sharpe])).toBe(probabilisticSharpe(sample));
  });

  it('refuses no trials', () => {
    expect(() => deflatedSharpe(sharpeSample(RETURNS)!, [])).toThrow('at least 1 trial');
  });
});

describe('luckPValue', () => {
  const options = { runs: 4000, seed: 7 };

  // Three gains: of the eight ways to choose signs one sums as high, so 1/8.
  it('estimates what can be counted by hand', () => {
    expect(luckPValue([0.01, 0.02, 0.03], options)).toBeCloseTo(1 / 8, 1);
    expect(luckPValue([-0.01, -0.02, -0.03], options)).toBe(1);
  });

  it('tells an edge from none, and repeats from its seed', () => {
    expect(luckPValue(RETURNS, options)).toBe(1 / 4001);
    const even = RETURNS.flatMap((value) => [value, -value]);
    expect(luckPValue(even, options)).toBeGreaterThan(0.4);
    expect(luckPValue(even, options)).toBe(luckPValue(even, options));
    expect(luckPValue(even, { ...options, seed: 8 })).not.toBe(luckPValue(even, options));
  });

  it('knows nothing without returns', () => {
    expect(luckPValue([], options)).toBeNull();
  });

  it.each([
    [{ runs: 0, seed: 1 }, '0 runs: give a whole number from 1'],
    [{ runs: 10, seed: 0.5 }, 'seed 0.5'],
    [{ runs: 10, seed: 2 ** 40 }, 'seed 1099511627776'],
  ])('refuses %j', (bad, message) => {
    expect(() => luckPValue([0.1], bad)).toThrow(message);
  });
});
