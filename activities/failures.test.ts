import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { KeelError } from '../core/errors.ts';
import { toFailure, withFailures } from './failures.ts';

describe('toFailure', () => {
  it('gives the code as the type, and says that trying again cannot help', () => {
    const failure = toFailure(
      new KeelError('RISK_BALANCE', 'too little', { details: { free: '1' } }),
    );
    expect(failure).toMatchObject({
      type: 'RISK_BALANCE',
      message: 'too little',
      nonRetryable: true,
      details: [{ free: '1' }],
    });
  });

  it("hands the venue's wait on as the next delay", () => {
    const failure = toFailure(new KeelError('VENUE_RATE_LIMITED', 'slow', { retryAfterMs: 1_500 }));
    expect(failure).toMatchObject({ nonRetryable: false, nextRetryDelay: 1_500 });
  });

  it.each([
    ['an error of nobody', new TypeError('x is undefined'), 'x is undefined'],
    ['no error at all', 'a bare string', 'a bare string'],
  ])('%s is a defect of ours: INTERNAL, tried again', (_name, thrown, message) => {
    expect(toFailure(thrown)).toMatchObject({ type: 'INTERNAL', message, nonRetryable: false });
  });

  it("lets Temporal's own failures pass as they are", () => {
    for (const failure of [new CancelledFailure('stop'), ApplicationFailure.nonRetryable('no')]) {
      expect(toFailure(failure)).toBe(failure);
    }
  });
});

describe('withFailures', () => {
  it('answers as the activity does, and throws failures only', async () => {
    const activities = withFailures({
      double: (n: number) => Promise.resolve(2 * n),
      refuse: (): Promise<never> => Promise.reject(new KeelError('NOT_FOUND', 'no such order')),
      stumble: (): Promise<never> => {
        throw new KeelError('UNAVAILABLE', 'down');
      },
    });
    expect(await activities.double(21)).toBe(42);
    await expect(activities.refuse()).rejects.toMatchObject({ type: 'NOT_FOUND' });
    await expect(activities.stumble()).rejects.toBeInstanceOf(ApplicationFailure);
  });

  it('takes functions only', () => {
    expect(() => withFailures({ limit: 3 })).toThrow('activity limit is no function');
  });
});
