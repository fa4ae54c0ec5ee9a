import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { BaseStrategy, type Feed } from './base-strategy.ts';
import { defaultRegistry, StrategyRegistry } from './registry.ts';
import { SmaCross } from './sma-cross.ts';

class Idle extends BaseStrategy<unknown, null> {
  static readonly type: string = 'idle';
  static readonly summary = 'Does nothing.';
  static readonly config = z.strictObject({});
  feeds(): Feed[] {
    return [];
  }
  initialState(): null {
    return null;
  }
}

describe('StrategyRegistry', () => {
  it('names the strategies it knows when asked for one it does not', () => {
    const ask = (): unknown => defaultRegistry().create('smacross', {});
    expect(ask).toThrow(KeelError);
    expect(ask).toThrow(
      /no strategy is named "smacross"; there are: bollinger-breakout, .*rsi-mean-reversion, sma-cross, turtle$/,
    );
  });

  it('lists type, summary and the JSON Schema of the configuration', () => {
    const listed = defaultRegistry().list();
    const types = listed.map(({ type }) => type);
    expect(types).toEqual(types.toSorted());
    const sma = listed.find(({ type }) => type === 'sma-cross');
    expect(sma?.summary).toMatch(/moving average/);
    expect(sma?.configSchema).toMatchObject({
      additionalProperties: false,
      properties: { fast: { default: 20, minimum: 2, maximum: 200 } },
    });
  });

  it('tells every fault of a configuration at once', () => {
    const faults = (): unknown =>
      defaultRegistry().create('sma-cross', { fast: 0, slow: 'x', a: 1 });
    let caught: unknown;
    try {
      faults();
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'CONFIG_INVALID' });
    const issues = (caught as KeelError).details?.['issues'];
    expect(issues).toHaveLength(3);
  });

  it('fills in defaults', () => {
    expect(defaultRegistry().parseConfig('sma-cross', { fast: 5 })).toMatchObject({
      exchange: 'binance',
      symbol: 'BTC/USDT',
      fast: 5,
      slow: 60,
    });
  });

  it('takes a strategy of your own, once under its name', () => {
    const registry = new StrategyRegistry().register(Idle).register(Idle);
    expect(registry.create('idle', {})).toBeInstanceOf(Idle);
    class Impostor extends SmaCross {}
    class Other extends Idle {}
    expect(() => registry.register(Other)).toThrow(/registered already/);
    expect(() => defaultRegistry().register(Impostor)).toThrow(/registered already/);
    class BadName extends Idle {
      static override readonly type = 'Bad Name';
    }
    expect(() => registry.register(BadName)).toThrow(/lower-case words/);
  });
});
