import { describe, expect, it } from '@jest/globals';
import { KeelError } from '../../core/errors.ts';
import { parseSafeInteger } from './database.ts';
import { toKeelError, withKeelErrors } from './postgres-errors.ts';

function serverError(code: string): Error {
  return Object.assign(new Error('said so'), { code, severity: 'ERROR' });
}

describe('PostgreSQL failures', () => {
  it.each([
    ['57P01', 'UNAVAILABLE'],
    ['53300', 'UNAVAILABLE'],
    ['40P01', 'UNAVAILABLE'],
    ['3D000', 'UNAVAILABLE'],
    ['23505', 'CONFLICT'],
    ['23503', 'NOT_FOUND'],
    ['23514', 'INVALID_INPUT'],
    ['22P02', 'INVALID_INPUT'],
    ['42P01', 'INTERNAL'],
  ])('%s is %s', (state, code) => {
    expect(toKeelError(serverError(state))).toMatchObject({ code, details: { sqlState: state } });
  });

  it.each(['40001', '40P01'])('%s is told as contention, not as a server that is away', (state) => {
    expect(toKeelError(serverError(state)).message).toBe(
      'another transaction was in the way: said so; the same again will work',
    );
  });

  it('takes network and driver failures for unavailable', () => {
    const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    expect(toKeelError(refused)).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const cut = new Error('Connection terminated unexpectedly');
    expect(toKeelError(cut).code).toBe('UNAVAILABLE');
    expect(toKeelError(new Error('a defect')).code).toBe('INTERNAL');
    expect(toKeelError('text').code).toBe('INTERNAL');
  });

  it('wraps every method, and lets our own errors pass', async () => {
    const own = new KeelError('FENCED', 'x');
    const wrapped = withKeelErrors({
      fails: () => Promise.reject(serverError('23505')),
      fences: () => Promise.reject(own),
      works: (n: number) => Promise.resolve(n + 1),
    });
    await expect(wrapped.fails()).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(wrapped.fences()).rejects.toBe(own);
    expect(await wrapped.works(1)).toBe(2);
  });

  it('never rounds an int8', () => {
    expect(parseSafeInteger('9007199254740991')).toBe(9007199254740991);
    expect(() => parseSafeInteger('9007199254740992')).toThrow(RangeError);
  });
});
