import { describe, expect, it } from '@jest/globals';
import { defaultRegistry } from '../strategies/registry.ts';
import { createStudyDesk } from './study-desk.ts';

const SPEC = { run: { strategy: 'sma-cross', pairs: ['BTC/USDT'], interval: '1m' } };

describe('a study desk', () => {
  it.each([
    ['in the folder it is told', '/nowhere/told', '/nowhere/told/bars'],
    ['else where the environment says', undefined, '/nowhere/environment/bars'],
  ])('looks for bars %s', async (_where, dataDir, library) => {
    const desk = createStudyDesk({
      ...{ registry: defaultRegistry(), strategyPath: [], threads: 1, dataDir },
      environment: { KEEL_DATA_DIR: '/nowhere/environment' },
    });
    const opened = desk.use('one', SPEC, () => Promise.resolve());
    await expect(opened).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(`the library ${library} has no bars of BTC/USDT`),
    });
    await desk.close();
  });
});
