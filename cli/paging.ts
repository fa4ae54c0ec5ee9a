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

/** What to type for the next page; nothing on the last. */
export function moreOf(command: string, next: string | null): string {
  if (next === null) return '';
  return `\n\nmore: keel ${command} --after ${next.includes(' ') ? `"${next}"` : next}`;
}
