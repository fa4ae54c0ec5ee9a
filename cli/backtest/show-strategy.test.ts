import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { BaseStrategy, type StrategyClass } from '../../strategies/base-strategy.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { describeStrategy, showText } from './show-strategy.ts';

const registry = defaultRegistry();

class Needy extends BaseStrategy<{ level: number }, null> {
  static readonly type = 'needy';
  static readonly summary = 'Needs a level.';
  static readonly config = z.strictObject({ level: z.number() });
  feeds() {
    return [];
  }
  initialState() {
    return null;
  }
}

describe('describeStrategy', () => {
  it.each(registry.list().map(({ type }) => type))(
    '%s says what it bets on, where it is from, and what each parameter is',
    (type) => {
      const shown = describeStrategy(registry.get(type), []);
      expect(shown.file).toMatch(new RegExp(`strategies/${type}\\.ts$`));
      expect(shown.about.join(' ').length).toBeGreaterThan(200);
      expect(shown.about.join(' ')).toMatch(/\b(19|20)\d\d\b/);
      expect(shown.parameters.filter(({ description }) => description === '')).toEqual([]);
      expect(shown.feeds?.[0]?.warmup).toBeGreaterThan(0);
    },
  );

  it('reads the docstring of a file of the user, by the name of the class', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keel-show-'));
    const file = join(folder, 'needy.ts');
    writeFileSync(
      file,
      '/** Of another. */\nexport const x = 1;\n/**\n * Bets on needs.\n *\n * From a dream.\n */\nexport class Needy {}\n',
    );
    const shown = describeStrategy(Needy, [folder]);
    expect(shown).toMatchObject({ file, about: ['Bets on needs.', 'From a dream.'], feeds: null });
    expect(shown.example).toBe(
      `keel backtest -s needy --strategy-path ${folder} --data FILE --fee 0.001`,
    );
    writeFileSync(file, 'export class Needy {}\n');
    expect(describeStrategy(Needy, [file]).about).toEqual([]);
    rmSync(folder, { recursive: true });
    const text = showText(describeStrategy(Needy, []), 80);
    expect(text).toContain('File: not found under the name of its class');
    expect(text).toContain('not all have a default');
  });

  it('fits the terminal', () => {
    const turtle: StrategyClass = registry.get('turtle');
    const lines = showText(describeStrategy(turtle, []), 80).split('\n');
    const drawn = lines.filter((line) => !/^(File|Example): /.test(line));
    expect(Math.max(...drawn.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});
