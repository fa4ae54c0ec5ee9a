import { describe, expect, it } from '@jest/globals';
import { samplerOf, type SamplerName } from './sampler.ts';
import type { Told } from './parzen.ts';
import type { Dimension, Point } from './space.ts';

const fast: Dimension = { kind: 'range', name: 'fast', min: 1, max: 3, step: 1 };
const slow: Dimension = { kind: 'range', name: 'slow', min: 2, max: 4, step: 1 };
const below = (point: Point) => Number(point['fast']) < Number(point['slow']);

describe('samplers', () => {
  it('count through a grid and leave out what the configuration refuses', () => {
    const options = { space: [fast, slow], accepts: below, seed: 1, most: 6 };
    const sampler = samplerOf('grid', options);
    const points = [...sampler.ask(4, []), ...sampler.ask(4, [])];
    expect(points.map((point) => [point['fast'], point['slow']])).toEqual([
      ...[2, 3, 4].map((value) => [1, value]),
      ...[3, 4].map((value) => [2, value]),
      [3, 4],
    ]);
    expect(sampler.rejected).toBe(3);
    expect(() => samplerOf('grid', { ...options, most: 5 })).toThrow(/6 points and 5 trials/);
    const open: Dimension = { kind: 'range', name: 'x', min: 0, max: 1, step: null };
    expect(() => samplerOf('grid', { ...options, space: [open] })).toThrow(/x has none/);
  });

  it.each(['random', 'tpe'] as const)('%s finds each point once, then no more', (name) => {
    const sampler = samplerOf(name, { space: [fast, slow], accepts: below, seed: 3, most: 99 });
    const told: Told[] = [];
    for (;;) {
      const points = sampler.ask(4, told);
      if (points.length === 0) break;
      told.push(...points.map((point) => ({ point, score: 1 })));
    }
    expect(new Set(told.map(({ point }) => JSON.stringify(point))).size).toBe(6);
    expect([told.length, sampler.rejected]).toEqual([6, 3]);
  });

  it('tpe comes nearer to the best than random draws of as many points', () => {
    const space: Dimension[] = [
      { kind: 'range', name: 'x', min: -5, max: 5, step: null },
      { kind: 'range', name: 'y', min: 0, max: 400, step: 1 },
      { kind: 'choice', name: 'mode', values: ['good', 'bad', 'worse'] },
    ];
    const score = ({ x, y, mode }: Point): number =>
      -((Number(x) - 1.7) ** 2) - ((Number(y) - 300) / 50) ** 2 - (mode === 'good' ? 0 : 5);
    const bestOf = (name: SamplerName, seed: number): number => {
      const sampler = samplerOf(name, { space, accepts: () => true, seed, most: 100 });
      const told: Told[] = [];
      while (told.length < 100) {
        const most = Math.min(sampler.batch, 100 - told.length);
        told.push(...sampler.ask(most, told).map((point) => ({ point, score: score(point) })));
      }
      return Math.max(...told.map((one) => one.score ?? -Infinity));
    };
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const wins = seeds.filter((seed) => bestOf('tpe', seed) > bestOf('random', seed));
    expect(wins.length).toBeGreaterThanOrEqual(7);
    expect(bestOf('tpe', 1)).toBe(bestOf('tpe', 1));
  });
});
