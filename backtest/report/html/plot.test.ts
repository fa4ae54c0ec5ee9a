import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { html } from './markup.ts';
import { placesOf, timeAxis, valueAxis, zoomedTime } from './plot.ts';

describe('valueAxis', () => {
  it('ticks at round numbers, and holds all values', () => {
    const axis = valueAxis(9_530, 10_210, (value) => String(value));
    expect(axis.ticks.map(({ label }) => label)).toEqual(['9600', '9800', '10000', '10200']);
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (low, size) => {
          const { from, to, ticks } = valueAxis(low, low + size, String);
          expect(from).toBeLessThanOrEqual(low);
          expect(to).toBeGreaterThanOrEqual(low + size);
          expect(ticks.length).toBeLessThanOrEqual(8);
        },
      ),
    );
  });

  it.each([
    ['one value', 10_000, 10_000],
    ['the next double', 10_000, 10_000.000000000002],
    ['the next double below zero', -1 - Number.EPSILON, -1],
    ['sums that are off', 1e9, 1e9 + 1e-4],
    ['nothing', 0, 0],
  ])('gives a flat line room: %s', (_, low, high) => {
    const { from, to, ticks } = valueAxis(low, high, String);
    expect(to - from).toBeGreaterThanOrEqual(0.1 * Math.abs(low));
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(8);
  });

  it('has three ticks or more where the ends lie badly', () => {
    const axis = valueAxis(6_400, 14_900, (value) => String(value));
    expect(axis.ticks.map(({ label }) => label)).toEqual([
      '6000',
      '8000',
      '10000',
      '12000',
      '14000',
    ]);
  });

  it.each([
    [0.05, 2],
    [0.1, 1],
    [1, 0],
    [500, 0],
  ])('multiples of %d differ in %d places', (step, places) => {
    expect(placesOf(step)).toBe(places);
  });
});

describe('timeAxis', () => {
  const from = Date.UTC(2024, 0, 1);
  it.each([
    ['hours', from + 20 * 3_600_000, 'Jan 1 03:00 06:00 09:00 12:00 15:00 18:00'],
    ['days', Date.UTC(2024, 0, 5), 'Jan 1 Jan 2 Jan 3 Jan 4 Jan 5'],
    ['months', Date.UTC(2024, 8, 2), 'Jan 2024 Mar 2024 May 2024 Jul 2024 Sep 2024'],
    ['years', Date.UTC(2029, 0, 1), '2024 2025 2026 2027 2028 2029'],
  ])('labels %s', (_, to, labels) => {
    expect(
      timeAxis(from, to)
        .ticks.map(({ label }) => label)
        .join(' '),
    ).toBe(labels);
  });
});

describe('zoomedTime', () => {
  it('labels more times the nearer it is seen', () => {
    const { x, zoomed } = zoomedTime(Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 29));
    expect(zoomed[1]).toEqual(x);
    const steps = Object.values(zoomed).map(({ ticks }) => ticks[1]!.value - ticks[0]!.value);
    expect(steps.map((step) => step / 3_600_000)).toEqual([7 * 24, 24, 6]);
  });
});

describe('html', () => {
  it('escapes text and leaves what it made itself', () => {
    const cell = html`<b title="${`"a'`}">${'<b>&'}</b>`;
    expect(html`${[cell, cell]}${3}`.text).toBe(
      '<b title="&quot;a&#39;">&lt;b&gt;&amp;</b><b title="&quot;a&#39;">&lt;b&gt;&amp;</b>3',
    );
  });
});
