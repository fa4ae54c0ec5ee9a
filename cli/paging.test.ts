import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { moreOf, pagedCommand } from './paging.ts';

/** What `keel <line>` says of its next page. */
function said(line: readonly string[], next: string | null = '7'): string {
  let text = '';
  const keel = new Command('keel').option('--json');
  pagedCommand(keel.command('orders'))
    .option('--strategy <id>')
    .option('--symbol <symbol>')
    .option('--open')
    .action((_options: object, command: Command) => {
      text = moreOf(command, next);
    });
  keel.parse([...line], { from: 'user' });
  return text.trim();
}

it('gives the next page of the same list: what was given is said again, defaults are not', () => {
  expect(said(['orders'])).toBe('more: keel orders --after 7');
  expect(said(['orders', '--open', '--after', '3', '--limit', '5', '--symbol=BTC/USDT'])).toBe(
    'more: keel orders --limit 5 --symbol BTC/USDT --open --after 7',
  );
  expect(said(['orders'], null)).toBe('');
});

it.each([
  ['my id', "'my id'"],
  ["ann's", String.raw`'ann'\''s'`],
  ['$HOME', "'$HOME'"],
  ['~', "'~'"],
  ['', "''"],
  ['BTC/USDT:USDT', 'BTC/USDT:USDT'],
])('quotes %s for a shell where it must', (given, word) => {
  expect(said(['orders', '--strategy', given], given)).toBe(
    `more: keel orders --strategy ${word} --after ${word}`,
  );
});
