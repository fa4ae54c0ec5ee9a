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

/**
 * Looks among the templates and in `paths` for the class that states the strategy's type, whatever the class is
 * called; null where not exactly one does.
 */
export function docstringOf({ type }: StrategyClass, paths: readonly string[]): Docstring | null {
  const files = new Set([TEMPLATES, ...paths].flatMap(strategyFiles));
  const found = [...files].flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return classesStating(type, text).map((at) => ({
      file,
      paragraphs: paragraphsAbove(text.slice(0, at)),
    }));
  });
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Strings are among them so that no comment begins in one. */
const COMMENT_OR_STRING =
  /\/\*[^]*?\*\/|\/\/.*|`(?:\\[^]|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
/** A class begins a line; its body are the lines up to the next that is not indented. */
const CLASS = /^(?:export +)?(?:default +)?(?:const +[\w$]+ *= *)?class\b(?:(?!^[^\s{])[^])*/gm;
const STATED_TYPE = /[\s{;]static +(?:override +)?(?:readonly +)?type\b[^=;\n]*= *(['"])(.*?)\1/;

/** Where classes begin that have `static type = '…'` of this type. */
function classesStating(type: string, text: string): number[] {
  const code = text.replaceAll(COMMENT_OR_STRING, (part) =>
    /^['"]/.test(part) ? part : part.replaceAll(/[^\r\n]/g, ' '),
  );
  return [...code.matchAll(CLASS)]
    .filter(([body]) => STATED_TYPE.exec(body)?.[2] === type)
    .map(({ index }) => index);
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
