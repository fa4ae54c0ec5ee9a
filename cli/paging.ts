/** Lists a page at a time, as the API gives them. */
import type { Command } from 'commander';

export interface PageOptions {
  readonly limit: string;
  readonly after?: string;
}

export function pagedCommand(command: Command): Command {
  return command
    .option('--limit <n>', 'at most so many', '20')
    .option('--after <next>', 'the page after this one, as the page before says');
}

/** `?name=value&…` of what is given; nothing where nothing is. */
export function queryOf(given: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
  return query === '' ? '' : `?${query}`;
}

/** What to type for the next page of the same list: all that was given, once more. Nothing on the last. */
export function moreOf(command: Command, next: string | null): string {
  if (next === null) return '';
  const given = command.options
    .map((option) => ({ flag: option.long ?? '', name: option.attributeName() }))
    .filter(({ name }) => name !== 'after' && command.getOptionValueSource(name) === 'cli')
    .flatMap(({ flag, name }) => {
      const value: unknown = command.getOptionValue(name);
      return value === true ? [flag] : [flag, shellWord(String(value))];
    });
  return `\n\nmore: ${[fullName(command), ...given, '--after', shellWord(next)].join(' ')}`;
}

/** With those it is under: `keel orders`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function shellWord(text: string): string {
  return /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
