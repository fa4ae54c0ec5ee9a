import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { BarLibrary } from '../adapters/bars/bar-library.ts';
import { makeSeries } from '../test/factories/bars.ts';
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

  it('takes a study anew that hung, and keeps it while it is used', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'keel-desk-'));
    new BarLibrary(join(dataDir, 'bars')).add(makeSeries(1_000, { seed: 7 }), 'a test');
    const desk = createStudyDesk({
      ...{ registry: defaultRegistry(), strategyPath: [], threads: 1, dataDir, environment: {} },
      ...{ idleMs: 20, runLimitMs: 0 },
    });
    const { failure } = await desk.use('one', SPEC, (study) =>
      study.run({ fast: 5, slow: 20 }, 'in sample', new AbortController().signal),
    );
    expect(failure).toMatch(/took longer/);
    await desk.use('one', SPEC, async (study) => {
      await sleep(60);
      await desk.use('one', SPEC, (same) => {
        expect(same).toBe(study);
        return Promise.resolve();
      });
    });
    await desk.close();
    rmSync(dataDir, { recursive: true });
  });
});
