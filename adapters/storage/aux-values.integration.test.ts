import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openStoredWorld, type StoredWorld } from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';

describeWith('postgres', 'auxiliary values', () => {
  let world: StoredWorld;
  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 2 });
  });
  afterAll(() => world.drop());

  it('are kept by name and time; the first one stands', async () => {
    const { aux } = world.repositories;
    const name = 'funding:okx:BTC/USDT:USDT';
    expect(await aux.newestAt(name)).toBeNull();
    await aux.add([]);
    await aux.add([
      { name, publishedAt: 2000, value: '-0.0002' },
      { name, publishedAt: 1000, value: '0.00010' },
      { name: 'other', publishedAt: 9000, value: '1' },
    ]);
    await aux.add([{ name, publishedAt: 2000, value: '7' }]);
    expect(await aux.newestAt(name)).toBe(2000);
    expect(await aux.after(name, 0)).toEqual([
      { name, publishedAt: 1000, value: '0.0001' },
      { name, publishedAt: 2000, value: '-0.0002' },
    ]);
    expect(await aux.after(name, 1000)).toHaveLength(1);
    expect(await aux.after(name, 2000)).toEqual([]);
  });
});
