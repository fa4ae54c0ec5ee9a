/** Needs no server; it stands with the slow tests, so that the fast loop stays fast. */
import { expect, it, jest } from '@jest/globals';
import { explore } from './explore.ts';

jest.setTimeout(300_000);

it('keeps every invariant of an order in more than ten thousand different schedules', async () => {
  const { failures, distinct } = await explore({ drawn: 8_000, seed: 20_261_124 });
  expect(failures).toEqual([]);
  expect(distinct).toBeGreaterThan(10_000);
});
