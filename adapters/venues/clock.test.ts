import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../observability/logger.ts';
import { createVenueClock } from './clock.ts';

const logger = createLogger('test', 'silent');

describe('the venue clock', () => {
  it.each([60_000, -60_000, 0])('measures an offset of %d ms within its error', async (skew) => {
    const clock = createVenueClock({ read: () => Promise.resolve(Date.now() + skew), logger });
    await clock.measure();
    expect(Math.abs(clock.offsetMs - skew)).toBeLessThanOrEqual(clock.errorMs);
    expect(Math.abs(clock.now() - Date.now() - skew)).toBeLessThanOrEqual(clock.errorMs + 1);
  });

  it('goes by the sample with the shortest way', async () => {
    let reads = 0;
    const read = async (): Promise<number> => {
      const at = Date.now();
      reads += 1;
      // The answers of the first and the last sample are slow, which would look like a clock behind.
      if (reads !== 2) await new Promise((resolve) => setTimeout(resolve, 60));
      return at + 1000;
    };
    const clock = createVenueClock({ read, logger });
    await clock.measure();
    expect(clock.errorMs).toBeLessThan(25);
    expect(Math.abs(clock.offsetMs - 1000)).toBeLessThanOrEqual(clock.errorMs);
  });

  it('leaves out what is waited for before the request leaves', async () => {
    const read = async (leaves: () => void): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      leaves();
      return Date.now() + 1000;
    };
    const clock = createVenueClock({ read, logger });
    await clock.measure();
    expect(clock.errorMs).toBeLessThan(25);
    expect(Math.abs(clock.offsetMs - 1000)).toBeLessThanOrEqual(clock.errorMs);
  });

  it('takes one answer for a measurement, though others fail to come', async () => {
    let reads = 0;
    const read = (): Promise<number> => {
      reads += 1;
      return reads === 1 ? Promise.resolve(Date.now() + 5000) : Promise.reject(new Error('down'));
    };
    const clock = createVenueClock({ read, logger });
    await clock.measure();
    expect(reads).toBeGreaterThan(1);
    expect(Math.abs(clock.offsetMs - 5000)).toBeLessThanOrEqual(clock.errorMs);
  });

  it('keeps what it had when the venue does not answer', async () => {
    let up = true;
    const read = (): Promise<number> =>
      up ? Promise.resolve(Date.now() + 5000) : Promise.reject(new Error('down'));
    const clock = createVenueClock({ read, logger });
    await clock.measure();
    up = false;
    await expect(clock.measure()).rejects.toThrow('down');
    expect(Math.abs(clock.offsetMs - 5000)).toBeLessThanOrEqual(clock.errorMs);
  });
});
