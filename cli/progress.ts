/** One line of a terminal that tells what is being done, how much of it, and how long the rest will take. */
import { duration } from '../backtest/report/format.ts';

/** Shows what is being done, with a bar where it has a total; an empty text leaves nothing. */
export type Progress = (what: string, done?: number, total?: number) => void;

const BAR = 24;

/**
 * @param write to the terminal; each line takes the place of the one before
 * @param now milliseconds of a clock that does not go back
 */
export function progressLine(write: (text: string) => void, now: () => number): Progress {
  let task = '';
  let begun = 0;
  return (what, done, total) => {
    if (what !== task) begun = now();
    task = what;
    write(`\r\x1b[K${lineOf(what, done, total, now() - begun)}`);
  };
}

function lineOf(
  what: string,
  done: number | undefined,
  total: number | undefined,
  elapsedMs: number,
): string {
  if (what === '') return '';
  if (done === undefined || total === undefined) return `${what} …`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const full = Math.round(share * BAR);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
  const left = share > 0 ? `, ${duration(elapsedMs * (1 / share - 1))} left` : '';
  return `${what} ${bar} ${String(done)}/${String(total)}${left}`;
}
