import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  admitted,
  createPersonSignal,
  createSignal,
  filled,
  openStoredWorld,
  prepared,
  seen,
  type StoredWorld,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Halt, Repositories } from '../repositories.ts';
import type { Leg } from '../order-repository.ts';

describeWith('postgres', 'the right to send', () => {
  let world: StoredWorld;
  let repositories: Repositories;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 12 });
    repositories = world.repositories;
  });
  afterAll(() => world.drop());

  const claim = (leg: Leg, deadline = Date.now() + 5_000, at = T0) =>
    repositories.orders.claimSend(leg.clientOrderId, deadline, at);

  async function whileHalted<T>(
    halt: Pick<Halt, 'scope' | 'target'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const { id } = await repositories.halts.set({
      ...halt,
      reason: 'test',
      setBy: 'ada',
      flatten: false,
    });
    try {
      return await work();
    } finally {
      await repositories.halts.lift(id, 'ada', 'over');
    }
  }

  it('is asked for with the terms the leg was prepared with', async () => {
    const terms = { type: 'limit', price: '96000', timeInForce: 'fok' } as const;
    const signal = createSignal({ strategyId: await world.strategy() });
    const { orderId, quantity } = await admitted(repositories, signal);
    const leg = await repositories.orders.prepareLeg({ orderId, legNumber: 1, quantity, ...terms });
    expect(leg).toMatchObject(terms);
    const { leg: sending } = await claim(leg);
    expect(sending).toMatchObject(terms);
  });

  it('goes to exactly one of ten callers', async () => {
    const leg = await prepared(repositories, createSignal({ strategyId: await world.strategy() }));
    const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => claim(leg, 1_000 + i)));
    const won = claims.filter(({ claimed }) => claimed);
    expect(won).toHaveLength(1);
    expect(won[0]?.leg).toMatchObject({ sendState: 'sending', sendCount: 1, state: 'submitting' });
    const lost = claims.flatMap((result) => (result.claimed ? [] : [result.why]));
    expect(lost).toEqual(Array(9).fill('taken'));
    expect(await repositories.orders.getLeg(leg.clientOrderId)).toEqual(won[0]?.leg);
  });

  it('is given back only with the deadline it was given for', async () => {
    const leg = await prepared(repositories, createSignal({ strategyId: await world.strategy() }));
    await claim(leg, 1_000);
    const releaseSend = (id: string, deadline: number) =>
      repositories.orders.releaseSend(id, deadline);
    expect(await releaseSend(leg.clientOrderId, 999)).toBe(false);
    await repositories.orders.recordLeg({
      clientOrderId: leg.clientOrderId,
      state: 'unknown',
      fills: [],
      seenBy: 'placeOrder',
    });
    expect(await releaseSend(leg.clientOrderId, 1_000)).toBe(true);
    expect(await releaseSend(leg.clientOrderId, 1_000)).toBe(false);
    expect(await claim(leg, 2_000)).toMatchObject({
      claimed: true,
      leg: { sendCount: 2, sendDeadline: 2_000, state: 'submitting' },
    });
    await repositories.orders.recordLeg(seen(leg, 'open', []));
    expect(await releaseSend(leg.clientOrderId, 2_000)).toBe(false);
    expect(await claim(leg)).toMatchObject({ claimed: false, why: 'taken' });
  });

  it('is refused to a late entry, and given to a late exit', async () => {
    const strategyId = await world.strategy();
    const entry = await prepared(repositories, createSignal({ strategyId }));
    expect(await claim(entry, 1_000, T0 + 60_001)).toMatchObject({
      claimed: false,
      why: 'expired',
    });
    expect(await claim(entry, 1_000, T0 + 60_000)).toMatchObject({ claimed: true });
    const holder = await world.strategy();
    await filled(repositories, createSignal({ strategyId: holder }));
    const exit = await prepared(
      repositories,
      createSignal({
        strategyId: holder,
        sequence: 2,
        eventTime: T0 + 1,
        wanted: { kind: 'target', quantity: '0' },
      }),
    );
    expect(await claim(exit, 1_000, T0 + 3_600_000)).toMatchObject({ claimed: true });
  });

  it('is refused under every halt that covers the order, and only those', async () => {
    const strategyId = await world.strategy();
    const leg = await prepared(repositories, createSignal({ strategyId }));
    for (const halt of [
      { scope: 'all', target: '' },
      { scope: 'strategy', target: strategyId },
      { scope: 'exchange', target: 'binance' },
      { scope: 'symbol', target: 'BTC/USDT' },
    ] as const) {
      const refused = await whileHalted(halt, () => claim(leg));
      expect(refused).toMatchObject({ claimed: false, why: 'halted' });
    }
    const elsewhere = { scope: 'symbol', target: 'ETH/USDT' } as const;
    expect(await whileHalted(elsewhere, () => claim(leg))).toMatchObject({ claimed: true });
  });

  it("passes a person's exit through a halt, but neither its entry nor a strategy's exit", async () => {
    const strategyId = await world.strategy();
    await filled(repositories, createSignal({ strategyId }));
    const sell = { kind: 'order', side: 'sell', quantity: '0.002' } as const;
    const buy = { kind: 'order', side: 'buy', quantity: '0.002' } as const;
    const exit = await prepared(repositories, createPersonSignal(strategyId, sell));
    const entry = await prepared(repositories, createPersonSignal(strategyId, buy));
    const own = await prepared(
      repositories,
      createSignal({ strategyId, sequence: 2, eventTime: T0 + 1, wanted: sell }),
    );
    await whileHalted({ scope: 'all', target: '' }, async () => {
      expect(await claim(entry)).toMatchObject({ claimed: false, why: 'halted' });
      expect(await claim(own)).toMatchObject({ claimed: false, why: 'halted' });
      expect(await claim(exit)).toMatchObject({ claimed: true });
    });
  });

  it('is refused once the order ended', async () => {
    const leg = await prepared(repositories, createSignal({ strategyId: await world.strategy() }));
    await repositories.orders.settle(leg.orderId, { state: 'failed', reason: 'test' });
    expect(await claim(leg)).toMatchObject({ claimed: false, why: 'order-ended' });
    await expect(repositories.orders.claimSend('keelnone', 1, T0)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
