import { describe, expect, it } from '@jest/globals';
import { KeelError, type ErrorCode } from '../core/errors.ts';
import { patiently } from './patience.ts';

const logger = { warn: () => undefined };
const backoff = { minMs: 1, maxMs: 2 };

/** Fails with the codes in turn, then answers. */
function failing(...codes: ErrorCode[]): () => Promise<string> {
  const left = [...codes];
  return () => {
    const code = left.shift();
    return code === undefined
      ? Promise.resolve('connected')
      : Promise.reject(new KeelError(code, `failed with ${code}`));
  };
}

describe('patiently', () => {
  it('asks again until there is an answer', async () => {
    const ask = failing('VENUE_UNAVAILABLE', 'VENUE_CLOCK', 'UNAVAILABLE');
    expect(await patiently('connect', ask, { logger, backoff })).toBe('connected');
  });

  it('gives up at once on what cannot pass', async () => {
    const ask = failing('VENUE_AUTH');
    await expect(patiently('connect', ask, { logger, backoff })).rejects.toMatchObject({
      code: 'VENUE_AUTH',
    });
  });

  it('gives up when its patience is over', async () => {
    const ask = failing('VENUE_UNAVAILABLE', 'VENUE_UNAVAILABLE');
    await expect(
      patiently('connect', ask, { logger, backoff, patienceMs: 0 }),
    ).rejects.toMatchObject({ code: 'VENUE_UNAVAILABLE' });
  });
});
