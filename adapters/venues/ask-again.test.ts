import { describe, expect, it } from '@jest/globals';
import { KeelError, type ErrorCode } from '../../core/errors.ts';
import { askAgain } from './ask-again.ts';

/** Fails so often, then answers. */
function failing(times: number, code: ErrorCode, retryAfterMs?: number) {
  const asked = { times: 0 };
  const ask = async (): Promise<string> => {
    asked.times += 1;
    if (asked.times <= times) {
      throw new KeelError(code, 'no', retryAfterMs === undefined ? {} : { retryAfterMs });
    }
    return 'yes';
  };
  return { asked, ask };
}

describe('askAgain', () => {
  it('asks until it is answered', async () => {
    const { ask, asked } = failing(3, 'VENUE_UNAVAILABLE');
    expect(await askAgain(ask)).toBe('yes');
    expect(asked.times).toBe(4);
  });

  it.each<[string, Parameters<typeof failing>, number]>([
    ['after five times', [9, 'VENUE_UNAVAILABLE'], 5],
    ['at once where nothing passes', [9, 'VENUE_AUTH'], 1],
    ['at once where the venue knows no such order', [9, 'VENUE_ORDER_NOT_FOUND'], 1],
    ['at once where the venue wants long to be left alone', [9, 'VENUE_BANNED', 60_000], 1],
  ])('gives up %s', async (_when, terms, expected) => {
    const { ask, asked } = failing(...terms);
    await expect(askAgain(ask)).rejects.toMatchObject({ code: terms[1] });
    expect(asked.times).toBe(expected);
  });
});
