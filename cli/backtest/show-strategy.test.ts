import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

  it.each([
    ['sma-cross', 'the position', '0.5'],
    ['dca', 'one purchase', '0.01'],
    ['grid', 'one rung', '0.5 / levels'],
  ])('%s says what its size is of, and how much without', (type, of, otherwise) => {
    const { parameters } = describeStrategy(registry.get(type), []);
    expect(parameters.slice(-3).map(({ description }) => description)).toEqual([
      `fraction of the strategy's equity for ${of}; ${otherwise} without a size`,
      `quote for ${of}`,
      `base units for ${of}`,
    ]);
  });

  describe('of a file of the user', () => {
    const STATED = "static readonly type = 'needy';";
    const OLD = `export class Needy {\n  ${STATED}\n}`;
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'keel-show-'));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    function write(text: string, name = 'needy.ts'): string {
      const file = join(folder, name);
      writeFileSync(file, `${text}\n`);
      return file;
    }

    it('reads what is above its class', () => {
      const file = write(
        `/** Of another. */\nexport const x = 1;\n/**\n * Bets on needs.\n *\n * From a dream.\n */\n${OLD}`,
      );
      const shown = describeStrategy(Needy, [folder]);
      expect(shown).toMatchObject({
        file,
        about: ['Bets on needs.', 'From a dream.'],
        feeds: null,
      });
      expect(shown.example).toBe(
        `keel backtest -s needy --strategy-path ${folder} --data FILE --fee 0.001`,
      );
      write(OLD);
      const bare = describeStrategy(Needy, [file, folder]);
      expect(bare).toMatchObject({ file, about: [] });
      expect(showText(bare, 80)).toContain(`File: ${file}, without a comment above its class\n`);
    });

    it.each([
      ['exported under another name', `class Local {\n  ${STATED}\n}\nexport { Local as Needy };`],
      ['without a name', `export default class extends Base {\n  ${STATED}\n}`],
      ['in a constant', `export const Needy = class extends Base {\n  ${STATED}\n};`],
      ['of a long heading', `export class Needy\n  extends Base\n{\n  ${STATED}\n}`],
      ['with a type annotation', 'class Needy {\n  static type: string = "needy";\n}'],
      ['on one line', `class Needy { ${STATED} }`],
    ])('finds a class %s', (_, text) => {
      const file = write(`/** Bets on needs. */\n${text}`);
      expect(describeStrategy(Needy, [folder])).toMatchObject({ file, about: ['Bets on needs.'] });
    });

    it.each([
      ['of the same name and another type', "export class Needy {\n  static type = 'other';\n}"],
      ['of the same name and no type', `export class Needy {}\nconst ${STATED.slice(16)}`],
      ['in a comment', `/*\n${OLD}\n*/`],
      ['in a text', `const old = \`\n${OLD}\n\`;`],
      ['whose type is in a comment', `class Needy {\n  // ${STATED}\n}`],
    ])('takes no class %s for it', (_, text) => {
      const other = write(`/** Of another. */\n${text}`, 'another.ts');
      expect(describeStrategy(Needy, [other])).toMatchObject({ file: null, about: [] });
      const file = write(`/** Bets on needs. */\n${OLD}`);
      expect(describeStrategy(Needy, [folder])).toMatchObject({ file, about: ['Bets on needs.'] });
    });

    it('takes neither of two that state its type, and says so', () => {
      write(`/** One. */\n${OLD}`);
      write(`/** Two. */\n${OLD}`, 'two.ts');
      const shown = describeStrategy(Needy, [folder]);
      expect(shown).toMatchObject({ file: null, about: [] });
      expect(showText(shown, 80)).toContain(
        "File: not found, nor a comment on it: write static type = 'needy' in one class",
      );
    });
  });

  it('says where a parameter has no default', () => {
    expect(showText(describeStrategy(Needy, []), 80)).toContain('not all have a default');
  });

  it('fits the terminal', () => {
    const turtle: StrategyClass = registry.get('turtle');
    const lines = showText(describeStrategy(turtle, []), 80).split('\n');
    const drawn = lines.filter((line) => !/^(File|Example): /.test(line));
    expect(Math.max(...drawn.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});
