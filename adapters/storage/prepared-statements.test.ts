import { describe, expect, it } from '@jest/globals';
import { isPlanOutdated, StatementNames } from './prepared-statements.ts';

describe('names of statements', () => {
  it('a text keeps its name, and no other text gets it', () => {
    const names = new StatementNames();
    const name = names.nameOf('select $1', 1);
    expect(name).toBe('keel_1_1');
    expect(names.nameOf('select $1', 1)).toBe(name);
    expect(names.nameOf('select $1, $2', 2)).toBe('keel_1_2');
  });

  it('what has no parameters, or as many as a bulk insert, has none', () => {
    const names = new StatementNames();
    expect(names.nameOf('commit', 0)).toBeUndefined();
    expect(names.nameOf('insert', 65)).toBeUndefined();
    expect(names.nameOf('insert', 64)).toBe('keel_1_1');
  });

  it('there is an end of them, and those that are known go on', () => {
    const names = new StatementNames();
    const given = Array.from({ length: 600 }, (_, n) => names.nameOf(`select ${String(n)}, $1`, 1));
    expect(given.filter((name) => name !== undefined)).toHaveLength(500);
    expect(names.nameOf('select 0, $1', 1)).toBe('keel_1_1');
    expect(names.nameOf('select 599, $1', 1)).toBeUndefined();
  });

  it('none that was given is given again once they are forgotten', () => {
    const names = new StatementNames();
    names.nameOf('select $1', 1);
    names.forget();
    expect(names.nameOf('select $1', 1)).toBe('keel_2_1');
  });

  it('tells an outdated plan from other refusals', () => {
    expect(isPlanOutdated(new Error('cached plan must not change result type'))).toBe(true);
    expect(isPlanOutdated(new Error('syntax error'))).toBe(false);
    expect(isPlanOutdated('cached plan must not change result type')).toBe(false);
  });
});
