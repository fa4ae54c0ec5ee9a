import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import {
  ACCOUNT,
  createFill,
  createSignal,
  createVenueOrder,
  filled,
  openStoredWorld,
  prepared,
  resting,
  seen,
  type StoredWorld,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Repositories } from '../repositories.ts';

describeWith('postgres', 'booking of fills', () => {
  let world: StoredWorld;
  let repositories: Repositories;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 12 });
    repositories = world.repositories;
  });
  afterAll(() => world.drop());

  async function ledgerOf(strategyId: string): Promise<Record<string, number>> {
    const { rows } = await sql<{ asset: string; amount: string }>`
      select asset, sum(amount)::text as amount from ledger_entries
      where strategy_id = ${strategyId} group by asset`.execute(world.db);
    return Object.fromEntries(rows.map(({ asset, amount }) => [asset, Number(amount)]));
  }

  async function positionOf(strategyId: string) {
    return (await repositories.strategies.snapshot(strategyId)).positions[SYMBOL];
  }

  it('books the same fills from three callers at once only once', async () => {
    const strategyId = await world.strategy();
    const leg = await resting(repositories, createSignal({ strategyId }));
    const fills = [
      createFill(leg, { quantity: '0.004', feeAmount: '0.000004', feeAsset: 'BTC' }),
      createFill(leg, {
        quantity: '0.006',
        price: '50100',
        feeAmount: '0.000006',
        feeAsset: 'BTC',
      }),
    ];
    const records = await Promise.all(
      ['placeOrder', 'trackOrder', 'reconcile'].map((seenBy) =>
        repositories.orders.recordLeg(seen(leg, 'filled', fills, seenBy)),
      ),
    );
    expect(records.flatMap(({ booked }) => booked).sort()).toEqual(
      fills.map((fill) => fill.venueTradeId).sort(),
    );
    expect(await repositories.orders.orderFills(leg.orderId)).toEqual(fills);
    expect(await repositories.orders.getOrder(leg.orderId)).toMatchObject({
      status: 'filled',
      filledQuantity: '0.01',
      filledQuote: '500.6',
      averagePrice: '50060',
      fees: { BTC: '0.00001' },
      legs: [{ state: 'filled', filledQuantity: '0.01', filledQuote: '500.6' }],
    });
    expect(await positionOf(strategyId)).toEqual({
      symbol: SYMBOL,
      quantity: '0.00999',
      cost: '500.6',
      realisedPnl: '0',
      quoteFlow: '-500.6',
      fees: { BTC: '0.00001' },
      funding: '0',
    });
    expect(await ledgerOf(strategyId)).toEqual({ BTC: 0.00999, USDT: -500.6 });
  });

  it('books nothing under a client order id that is not ours', async () => {
    const strategyId = await world.strategy();
    const leg = await resting(repositories, createSignal({ strategyId }));
    const before = await repositories.orders.getOrder(leg.orderId);
    const stranger = { ...leg, clientOrderId: 'x-40PtWbKF0001' };
    const report = seen(stranger, 'filled', [createFill(stranger, { quantity: '0.01' })]);
    await expect(repositories.orders.recordLeg(report)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no leg with client order id "x-40PtWbKF0001"',
    });
    expect(await repositories.orders.getOrder(leg.orderId)).toEqual(before);
    expect(await repositories.orders.orderFills(leg.orderId)).toEqual([]);
    expect(await positionOf(strategyId)).toMatchObject({ quantity: '0', quoteFlow: '0' });
    expect(await ledgerOf(strategyId)).toEqual({});
  });

  it('books fees in quote and in a third asset', async () => {
    const strategyId = await world.strategy();
    await filled(repositories, createSignal({ strategyId }), {
      feeAmount: '0.5',
      feeAsset: 'USDT',
    });
    const more = createSignal({
      strategyId,
      sequence: 2,
      eventTime: T0 + 1,
      wanted: { kind: 'target', quantity: '0.02' },
    });
    await filled(repositories, more, { feeAmount: '0.001', feeAsset: 'BNB' });
    expect(await positionOf(strategyId)).toMatchObject({
      quantity: '0.02',
      quoteFlow: '-1000.5',
      fees: { USDT: '0.5', BNB: '0.001' },
      funding: '0',
    });
    expect(await ledgerOf(strategyId)).toEqual({ BTC: 0.02, USDT: -1000.5, BNB: -0.001 });
  });

  it('books a fill that comes after the cancel, and reserves nothing anew', async () => {
    const strategyId = await world.strategy();
    const leg = await resting(repositories, createSignal({ strategyId }));
    await repositories.orders.recordLeg(seen(leg, 'cancelled', []));
    await repositories.orders.settle(leg.orderId, { state: 'done' });
    const late = createFill(leg, { quantity: '0.003' });
    const record = await repositories.orders.recordLeg(seen(leg, 'filled', [late]));
    expect(record).toMatchObject({
      outcome: 'anomaly',
      booked: [late.venueTradeId],
      leg: { state: 'cancelled', filledQuantity: '0.003' },
    });
    expect((await positionOf(strategyId))?.quantity).toBe('0.003');
    const order = await repositories.orders.getOrder(leg.orderId);
    expect(order).toMatchObject({ filledQuantity: '0.003', status: 'cancelled' });
    expect((await repositories.strategies.snapshot(strategyId)).freeFunds).toBe('4850');
  });

  it('comes to the same books whether the last fill or the settling is first', async () => {
    const signals = await Promise.all(
      Array.from({ length: 10 }, async () => createSignal({ strategyId: await world.strategy() })),
    );
    await Promise.all(
      signals.map(async (signal, at) => {
        const leg = await resting(repositories, signal);
        const fill = createFill(leg);
        const record = (): Promise<unknown> =>
          repositories.orders.recordLeg(seen(leg, 'filled', [fill]));
        const settle = (): Promise<unknown> =>
          repositories.orders.settle(signal.id, { state: 'done' });
        const [first, second] = at % 2 === 0 ? [record, settle] : [settle, record];
        await Promise.all([first(), second(), record(), settle()]);
      }),
    );
    for (const { id, strategyId } of signals) {
      expect(await repositories.orders.getOrder(id)).toMatchObject({
        state: 'done',
        status: 'filled',
        filledQuantity: '0.01',
      });
      expect((await positionOf(strategyId))?.quantity).toBe('0.01');
      // 5000 less what was paid: nothing is held back any more, nor twice.
      expect((await repositories.strategies.snapshot(strategyId)).freeFunds).toBe('4500');
      expect(await ledgerOf(strategyId)).toMatchObject({ BTC: 0.01, USDT: -500 });
    }
  });

  it('takes news in any order; totals only grow', async () => {
    const strategyId = await world.strategy();
    const leg = await resting(repositories, createSignal({ strategyId }));
    const [first, second] = [
      createFill(leg, { quantity: '0.002' }),
      createFill(leg, { quantity: '0.003' }),
    ];
    await repositories.orders.recordLeg(seen(leg, 'partially_filled', [second]));
    const both = seen(leg, 'partially_filled', [first, second]);
    await repositories.orders.recordLeg(both);
    const old = await repositories.orders.recordLeg({
      ...seen(leg, 'open', []),
      venueOrder: createVenueOrder(leg, 'open'),
    });
    expect(old).toMatchObject({
      outcome: 'ignored',
      booked: [],
      leg: { state: 'partially_filled', filledQuantity: '0.005', filledQuote: '250' },
    });
    expect((await repositories.orders.getOrder(leg.orderId)).status).toBe('partially_filled');
  });

  it('shows a leg ahead of its order while the venue owes us the trades', async () => {
    const strategyId = await world.strategy();
    const leg = await resting(repositories, createSignal({ strategyId }));
    const fill = createFill(leg);
    await repositories.orders.recordLeg({ ...seen(leg, 'filled', [fill]), fills: [] });
    expect(await repositories.orders.getOrder(leg.orderId)).toMatchObject({
      filledQuantity: '0',
      legs: [{ filledQuantity: '0.01' }],
    });
    // The quantity is still reserved: nobody may take the room twice.
    expect((await repositories.strategies.snapshot(strategyId)).freeFunds).toBe('4494.495');
    await repositories.orders.recordLeg(seen(leg, 'filled', [fill]));
    expect((await repositories.orders.getOrder(leg.orderId)).filledQuantity).toBe('0.01');
    expect((await repositories.strategies.snapshot(strategyId)).freeFunds).toBe('4500');
  });

  it('leaves no moment with too much room', async () => {
    const strategyId = await world.strategy();
    const signal = createSignal({ strategyId, type: 'limit', limitPrice: '50000' });
    const leg = await resting(repositories, signal);
    // Quantity held plus still open, and quote flow plus reservation without its fee head room.
    const read = async () => {
      const { rows } = await sql<{ exposure: string; bound: string }>`
        select (select quantity from positions where strategy_id = ${strategyId})
             + (select sum(quantity - filled_quantity) from orders where strategy_id = ${strategyId})
               as exposure,
             (select sum(reserved_quote) / 1.001 from orders where strategy_id = ${strategyId})
             - (select quote_flow from positions where strategy_id = ${strategyId}) as bound`.execute(
        world.db,
      );
      return { exposure: Number(rows[0]?.exposure), bound: Number(rows[0]?.bound) };
    };
    const reading = new AbortController();
    const moments: { exposure: number; bound: number }[] = [];
    const reader = (async () => {
      while (!reading.signal.aborted) moments.push(await read());
    })();
    const fills = Array.from({ length: 20 }, () => createFill(leg, { quantity: '0.0005' }));
    for (let i = 1; i <= fills.length; i += 1) {
      const state = i === fills.length ? 'filled' : 'partially_filled';
      await repositories.orders.recordLeg(seen(leg, state, fills.slice(0, i)));
    }
    reading.abort();
    await reader;
    expect(moments.length).toBeGreaterThan(5);
    expect(new Set(moments.map(({ exposure }) => exposure))).toEqual(new Set([0.01]));
    expect(new Set(moments.map(({ bound }) => bound))).toEqual(new Set([500]));
  });

  it('keeps our own "never sent" only while nobody may send', async () => {
    const strategyId = await world.strategy();
    const leg = await prepared(repositories, createSignal({ strategyId }));
    const own = {
      clientOrderId: leg.clientOrderId,
      state: 'expired',
      errorCode: 'SIGNAL_EXPIRED',
      fills: [],
      seenBy: 'placeOrder',
    } as const;
    await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0);
    expect(await repositories.orders.recordLeg(own)).toMatchObject({
      outcome: 'ignored',
      leg: { state: 'submitting', errorCode: null },
    });
    const unsent = await prepared(
      repositories,
      createSignal({ strategyId: await world.strategy() }),
    );
    expect(
      await repositories.orders.recordLeg({ ...own, clientOrderId: unsent.clientOrderId }),
    ).toMatchObject({ outcome: 'applied', leg: { state: 'expired', errorCode: 'SIGNAL_EXPIRED' } });
  });

  it('hears of a refusal only from the claim that is in force', async () => {
    const { orders } = repositories;
    const signal = createSignal({ strategyId: await world.strategy() });
    const { clientOrderId } = await prepared(repositories, signal);
    const first = Date.now() + 1_000;
    const second = first + 30_000;
    const refused = {
      clientOrderId,
      state: 'rejected',
      errorCode: 'VENUE_INVALID_ORDER',
      fills: [],
      seenBy: 'placeOrder',
    } as const;
    await orders.claimSend(clientOrderId, first, T0);
    await orders.releaseSend(clientOrderId, first);
    await orders.claimSend(clientOrderId, second, T0);
    // The first sender stalled after the venue's answer, and tells of it only now.
    const late = await orders.recordLeg({ ...refused, ofClaim: first });
    expect(late).toMatchObject({ outcome: 'ignored', leg: { state: 'submitting' } });
    const own = await orders.recordLeg({ ...refused, ofClaim: second });
    expect(own).toMatchObject({ outcome: 'applied', leg: { state: 'rejected' } });
  });

  it('keeps the explanation of an unknown outcome until it is resolved', async () => {
    const leg = await prepared(repositories, createSignal({ strategyId: await world.strategy() }));
    await repositories.orders.claimSend(leg.clientOrderId, Date.now() + 5_000, T0);
    const unknown = await repositories.orders.recordLeg({
      clientOrderId: leg.clientOrderId,
      state: 'unknown',
      errorCode: 'VENUE_UNKNOWN_OUTCOME',
      errorMessage: 'cut',
      fills: [],
      seenBy: 'placeOrder',
    });
    expect(unknown.leg).toMatchObject({ state: 'unknown', errorCode: 'VENUE_UNKNOWN_OUTCOME' });
    const found = await repositories.orders.recordLeg(seen(leg, 'open', []));
    expect(found.leg).toMatchObject({ state: 'open', errorCode: null, errorMessage: null });
  });

  it('tells a trade that stands in the books for another order', async () => {
    const a = await resting(repositories, createSignal({ strategyId: await world.strategy() }));
    const b = await resting(repositories, createSignal({ strategyId: await world.strategy() }));
    const fill = createFill(a);
    await repositories.orders.recordLeg(seen(a, 'filled', [fill]));
    const twin = createFill(b, { venueTradeId: fill.venueTradeId });
    expect(await repositories.orders.recordLeg(seen(b, 'filled', [twin]))).toMatchObject({
      outcome: 'anomaly',
      booked: [],
    });
    await expect(repositories.orders.recordLeg(seen(b, 'filled', [fill]))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('stamps events once a version, and settles once', async () => {
    const strategyId = await world.strategy();
    const signal = createSignal({ strategyId });
    const leg = await resting(repositories, signal);
    const event = await repositories.orders.recordEvent(signal.id, 1);
    expect(event).toMatchObject({ version: 1, status: 'open', at: T0, event: { version: 1 } });
    const fill = createFill(leg);
    await repositories.orders.recordLeg(seen(leg, 'filled', [fill]));
    expect(await repositories.orders.recordEvent(signal.id, 1)).toEqual(event);
    const settled = await repositories.orders.settle(signal.id, { state: 'done' });
    expect(settled).toMatchObject({ state: 'done', status: 'filled' });
    expect(
      await repositories.orders.settle(signal.id, { state: 'failed', reason: 'late word' }),
    ).toEqual(settled);
    const last = await repositories.orders.recordEvent(signal.id, 2);
    expect(last).toMatchObject({ version: 2, status: 'filled', at: fill.executedAt });
    expect(await repositories.orders.orderEvents(signal.id)).toEqual([event, last]);
    const { rows } = await sql<{ reserved: number }>`
      select count(*) as reserved from orders
      where finished_at is not null and reserved_quote <> 0`.execute(world.db);
    expect(rows[0]?.reserved).toBe(0);
  });

  it('lists orders newest first, a page at a time', async () => {
    const strategyId = await world.strategy();
    for (let i = 1; i <= 5; i += 1) {
      const signal = createSignal({
        strategyId,
        sequence: i,
        eventTime: T0 + i,
        wanted: { kind: 'order', side: 'buy', quantity: '0.001' },
      });
      await filled(repositories, signal);
    }
    const all = await repositories.orders.listOrders({ strategyId, limit: 10 });
    const first = await repositories.orders.listOrders({ strategyId, limit: 3 });
    const after = first.at(-1)?.orderId ?? '';
    const rest = await repositories.orders.listOrders({ strategyId, limit: 3, after });
    expect([...first, ...rest]).toEqual(all);
    expect(await repositories.orders.listOrders({ strategyId, open: true, limit: 3 })).toEqual([]);
    expect(
      await repositories.orders.listOrders({
        strategyId,
        status: 'filled',
        symbol: SYMBOL,
        limit: 9,
      }),
    ).toHaveLength(5);
    expect(await repositories.accounts.balances(ACCOUNT)).toHaveLength(2);
  });
});
