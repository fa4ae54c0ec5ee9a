/** What a strategy's author wrote above its class: what it bets on, when it loses, where it is from. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StrategyClass } from '../../strategies/base-strategy.ts';
import { strategyFiles } from '../../strategies/own-strategies.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../strategies');

export interface Docstring {
  /** Where the class is. */
  readonly file: string;
  /** One text a paragraph; none where nothing was written. */
  readonly paragraphs: readonly string[];
}

/** Looks for the class among the templates and in `paths`; null where no file has it under its own name. */
export function docstringOf({ name }: StrategyClass, paths: readonly string[]): Docstring | null {
  const declaration = new RegExp(`^export (?:default )?class ${name}\\b`, 'm');
  for (const file of [TEMPLATES, ...paths].flatMap(strategyFiles)) {
    const text = readFileSync(file, 'utf8');
    const at = declaration.exec(text)?.index;
    if (at !== undefined) return { file, paragraphs: paragraphsAbove(text.slice(0, at)) };
  }
  return null;
}

/** Of the comment that the text ends with. */
function paragraphsAbove(text: string): string[] {
  const comment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(text)?.[1] ?? '';
  return comment
    .replaceAll(/^[ \t]*\*?[ \t]*/gm, '')
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
}
