import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { SmaCross } from '../../strategies/sma-cross.ts';
import { Turtle } from '../../strategies/turtle.ts';
import { onStep, searchSpace, sizeOf } from './space.ts';

describe('the space of a strategy', () => {
  it('is its bounded parameters, without market and sizes', () => {
    expect(searchSpace(SmaCross, [], [])).toEqual([
      { kind: 'range', name: 'fast', min: 2, max: 200, step: 1 },
      { kind: 'range', name: 'slow', min: 3, max: 1000, step: 1 },
    ]);
    const names = searchSpace(Turtle, [], ['risk', 'atr']).map(({ name }) => name);
    expect(names).toEqual(['entry', 'exit', 'stopAtr', 'addAtr', 'maxUnits', 'shorts']);
  });

  it('takes choices of an enum', () => {
    class Choosing extends SmaCross {
      static override readonly config = z.strictObject({
        mode: z.enum(['a', 'b']).default('a'),
        every: z.int().default(1),
      }) as never;
    }
    expect(searchSpace(Choosing, [], [])).toEqual([
      { kind: 'choice', name: 'mode', values: ['a', 'b'] },
    ]);
  });

  it('is what texts say', () => {
    expect(searchSpace(Turtle, ['entry=5..50:5', 'stopAtr=1..3', 'shorts=true,false'], [])).toEqual(
      [
        { kind: 'range', name: 'entry', min: 5, max: 50, step: 5 },
        { kind: 'range', name: 'stopAtr', min: 1, max: 3, step: null },
        { kind: 'choice', name: 'shorts', values: [true, false] },
      ],
    );
    expect(searchSpace(SmaCross, ['fast=5,10,10'], [])).toEqual([
      { kind: 'choice', name: 'fast', values: [5, 10] },
    ]);
  });

  it.each([
    ['fast', /no dimension/],
    ['fats=1..2', /no parameter "fats".*fast, slow/],
    ['fast=9..5', /goes up/],
    ['fast=5..9:0', /above zero/],
    ['fast=a..b', /write name=/],
  ])('refuses %s', (text, message) => {
    expect(() => searchSpace(SmaCross, [text], [])).toThrow(message);
    expect(() => searchSpace(SmaCross, ['fast=1,2', 'fast=3,4'], [])).toThrow(/twice/);
    expect(() => searchSpace(SmaCross, [], ['fast', 'slow'])).toThrow(/no parameter left/);
  });

  it('has values on its steps, without binary dust', () => {
    const range = { kind: 'range', name: 'x', min: 0.1, max: 0.75, step: 0.1 } as const;
    expect(sizeOf(range)).toBe(7);
    expect([0, 0.29, 0.61, 9].map((raw) => onStep(range, raw))).toEqual([0.1, 0.3, 0.6, 0.7]);
  });
});
