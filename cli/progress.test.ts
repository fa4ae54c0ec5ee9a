import { describe, expect, it } from '@jest/globals';
import { progressLine } from './progress.ts';

function shown() {
  const lines: string[] = [];
  let clock = 1000;
  const progress = progressLine(
    (text) => lines.push(text.replace('\r\u001B[K', '>')),
    () => clock,
  );
  return { lines, progress, pass: (ms: number) => (clock += ms) };
}

describe('progressLine', () => {
  it('draws a bar with the time that is left at the pace so far', () => {
    const { lines, progress, pass } = shown();
    progress('trials', 0, 4);
    pass(60_000);
    progress('trials', 1, 4);
    pass(60_000);
    progress('trials', 4, 4);
    expect(lines).toEqual([
      `>trials ${'░'.repeat(24)} 0/4`,
      `>trials ${'█'.repeat(6)}${'░'.repeat(18)} 1/4, 00:03 left`,
      `>trials ${'█'.repeat(24)} 4/4, 00:00 left`,
    ]);
  });

  it('begins the time anew with another task, and leaves nothing at the end', () => {
    const { lines, progress, pass } = shown();
    progress('reading bars');
    pass(3_600_000);
    progress('signals', 1, 2);
    pass(20_000);
    progress('signals', 1, 2);
    progress('');
    expect(lines.map((line) => line.replaceAll(/[█░]+/g, '#'))).toEqual([
      '>reading bars …',
      '>signals # 1/2, 00:00 left',
      '>signals # 1/2, 20 s left',
      '>',
    ]);
  });

  it('is full where there is nothing to do, or more was done than was thought', () => {
    const { lines, progress } = shown();
    progress('trials', 0, 0);
    progress('trials', 7, 5);
    expect(lines.every((line) => line.includes('█'.repeat(24)))).toBe(true);
  });
});
