import { describe, expect, it, jest } from '@jest/globals';
import { BROKEN_PROTOCOLS } from './broken-protocols.ts';
import { BROKEN_GUARDS } from './broken-guards.ts';
import { explore } from './explore.ts';
import { exploreGuards } from './guard-explore.ts';

// Coverage makes thousands of schedules slow.
jest.setTimeout(300_000);

describe('the explorer', () => {
  it.each(Object.entries(BROKEN_PROTOCOLS))(
    'catches: %s, and repeats it by its name',
    async (_, protocol) => {
      const { failures } = await explore({ drawn: 2_000, seed: 1, protocol });
      expect(failures).toHaveLength(1);
      const name = failures[0]?.name ?? '';
      const again = await explore({ drawn: 2_000, seed: 1, protocol, only: name });
      expect(again.failures).toEqual(failures);
    },
  );

  it.each(Object.entries(BROKEN_GUARDS))(
    'catches: %s, and repeats it by its name',
    async (_, protocol) => {
      const { failures } = await exploreGuards({ drawn: 500, seed: 1, protocol });
      expect(failures).toHaveLength(1);
      const name = failures[0]?.name ?? '';
      const again = await exploreGuards({ drawn: 500, seed: 1, protocol, only: name });
      expect(again.failures).toEqual(failures);
    },
  );
});
