import { describe, expect, it } from '@jest/globals';
import type { Duty, DutyRepository } from '../adapters/repositories.ts';
import { createLogger } from '../observability/logger.ts';
import type { Running } from './run-process.ts';
import { standBy } from './stand-by.ts';

const logger = createLogger('test', 'silent');

/** A house with one duty, and who does it. */
function openHouse() {
  let holder: object | null = null;
  const log: string[] = [];
  const duties: DutyRepository = {
    take: async (): Promise<Duty | null> => {
      if (holder !== null) return null;
      const me = {};
      holder = me;
      return {
        isOurs: async () => holder === me,
        giveUp: async () => {
          if (holder === me) holder = null;
        },
      };
    },
  };
  return {
    log,
    start: (name: string, begin?: () => Promise<Running>): Promise<Running> =>
      standBy(
        'watch',
        begin ??
          (async () => {
            log.push(`${name} begins`);
            return {
              stop: async () => {
                log.push(`${name} stops`);
              },
            };
          }),
        { duties, logger, checkMs: 1 },
      ),
    /** As PostgreSQL does with one whose connection is cut. */
    takeAway: () => {
      holder = null;
    },
    until: async (line: string) => {
      while (!log.includes(line)) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}

describe('standBy', () => {
  it('lets one do it, and another once that one has left', async () => {
    const { log, start, until } = openHouse();
    const first = await start('first');
    const second = await start('second');
    expect(log).toEqual(['first begins']);
    await first.stop();
    await until('second begins');
    await second.stop();
    expect(log).toEqual(['first begins', 'first stops', 'second begins', 'second stops']);
  });

  it('leaves off what it has lost, and takes it again when it is free', async () => {
    const { log, start, takeAway, until } = openHouse();
    const running = await start('first');
    takeAway();
    await until('first stops');
    log.length = 0;
    await until('first begins');
    await running.stop();
  });

  it('keeps no one from a duty that could not be ended, and goes on itself', async () => {
    const { log, start, takeAway, until } = openHouse();
    const first = await start('first', () => {
      log.push('first begins');
      return Promise.resolve({ stop: () => Promise.reject(new Error('no bus')) });
    });
    takeAway();
    log.length = 0;
    await until('first begins');
    await first.stop();
    const second = await start('second');
    expect(log.at(-1)).toBe('second begins');
    await second.stop();
  });

  it('tells whoever starts it what it could not begin, and keeps no one else from it', async () => {
    const { log, start } = openHouse();
    await expect(start('first', () => Promise.reject(new Error('no bus')))).rejects.toThrow(
      'no bus',
    );
    const second = await start('second');
    expect(log).toEqual(['second begins']);
    await second.stop();
  });

  it('tries again where a later begin fails', async () => {
    const { log, start, until } = openHouse();
    const first = await start('first');
    let tries = 0;
    const second = await start('second', () => {
      tries += 1;
      log.push(`try ${String(tries)}`);
      if (tries === 1) return Promise.reject(new Error('no bus yet'));
      return Promise.resolve({ stop: () => Promise.resolve() });
    });
    await first.stop();
    await until('try 2');
    await second.stop();
  });
});
