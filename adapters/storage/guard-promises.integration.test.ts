/** A position that its guard left gets it back, once; one that needs none is left alone. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  createSignal,
  filled,
  openStoredWorld,
  type StoredWorld,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { GuardKey } from '../guard-repository.ts';

const STOPS = { stopLoss: { fraction: '0.1' }, trailing: { fraction: '0.2' } };

describeWith('postgres', 'a guard that ended as flat', () => {
  let world: StoredWorld;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 5 });
  });
  afterAll(() => world.drop());

  /** What a fault would have to leave behind: no path of ours does. */
  async function ended(key: GuardKey, ending: 'flat' | 'cleared' = 'flat'): Promise<void> {
    await world.db
      .updateTable('guards')
      .set({ state: 'ended', ending, generation: 3 })
      .where('strategy_id', '=', key.strategyId)
      .execute();
  }

  async function enter(sequence = 1, strategyId?: string): Promise<GuardKey> {
    const id = strategyId ?? (await world.strategy());
    const wanted = { kind: 'target', quantity: `0.0${String(sequence)}` } as const;
    await filled(
      world.repositories,
      createSignal({
        ...{ strategyId: id, sequence, wanted, stops: STOPS, eventTime: T0 + sequence },
      }),
    );
    return { strategyId: id, symbol: SYMBOL };
  }

  it('is listed with the others a page at a time, by strategy and symbol', async () => {
    const { guards } = world.repositories;
    await enter();
    await enter();
    const all = await guards.listGuards();
    const [first, ...rest] = all;
    expect(rest.length).toBeGreaterThan(0);
    expect(await guards.listGuards({ limit: 1 })).toEqual([first]);
    expect(await guards.listGuards({ after: first! })).toEqual(rest);
    expect(await guards.listGuards({ after: all.at(-1)! })).toEqual([]);
  });

  it('lives again with the stops of the entry, once, where what it bought is held', async () => {
    const { guards } = world.repositories;
    const key = await enter();
    const before = await guards.getGuard(key);
    expect(await guards.unguarded()).toEqual([]);
    await ended(key);
    expect(await guards.unguarded()).toMatchObject([
      { ...key, kind: 'left', sentence: expect.stringContaining('0.01') },
    ]);
    const revived = await Promise.all([guards.revive(key), guards.revive(key)]);
    expect(revived.sort()).toEqual([false, true]);
    expect(await guards.getGuard(key)).toMatchObject({
      ...{ state: 'arming', ending: null, spec: STOPS, generation: 4, quantity: '0' },
      ...{ bestPrice: '50000', openedAt: before.openedAt, setBy: before.setBy },
    });
    expect(await guards.unguarded()).toEqual([]);
  });

  it('takes the stops of the newest of several entries', async () => {
    const { guards } = world.repositories;
    const key = await enter();
    await enter(2, key.strategyId);
    const { setBy } = await guards.getGuard(key);
    await ended(key);
    expect(await guards.revive(key)).toBe(true);
    expect(await guards.getGuard(key)).toMatchObject({ setBy });
  });

  it('stays ended where a person cleared it, or nothing is held, or it never was', async () => {
    const { guards } = world.repositories;
    const cleared = await enter();
    await ended(cleared, 'cleared');
    expect(await guards.revive(cleared)).toBe(false);
    const flat = await enter();
    await filled(
      world.repositories,
      createSignal({
        ...{ strategyId: flat.strategyId, sequence: 2, eventTime: T0 + 9 },
        wanted: { kind: 'target', quantity: '0' },
      }),
    );
    await ended(flat);
    expect(await guards.revive(flat)).toBe(false);
    expect(await guards.revive({ strategyId: await world.strategy(), symbol: SYMBOL })).toBe(false);
    expect(await guards.unguarded()).toEqual([]);
  });
});
