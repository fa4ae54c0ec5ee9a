import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  admitted,
  admitInput,
  createSignal,
  openStoredWorld,
  type StoredWorld,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';

const DUE = { notional: '600', limit: '500' };
const RITA = { verdict: 'approved', by: 'rita', role: 'risk', note: 'hedged' } as const;

describeWith('postgres', 'approval', () => {
  let world: StoredWorld;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 4 });
  });
  afterAll(async () => {
    await world.drop();
  });

  it('waits with its reservation held, and asking again changes nothing', async () => {
    const { orders } = world.repositories;
    const order = await admitted(
      world.repositories,
      createSignal({ strategyId: await world.strategy() }),
    );
    const waiting = await orders.awaitApproval(order.orderId, DUE);
    expect(waiting).toMatchObject({ state: 'awaiting_approval', status: 'awaiting_approval' });
    expect(waiting.reason).toContain('worth 600, over 500');
    expect(await orders.awaitApproval(order.orderId, DUE)).toEqual(waiting);
    const { rows } = await reserved(order.orderId);
    expect(Number(rows[0]?.reserved_quote)).toBeGreaterThan(0);
  });

  it('records who decided, when and why, once, with the order and in the audit log', async () => {
    const { orders } = world.repositories;
    const order = await admitted(
      world.repositories,
      createSignal({ strategyId: await world.strategy() }),
    );
    await orders.awaitApproval(order.orderId, DUE);
    const approved = await orders.recordApproval(order.orderId, RITA);
    expect(approved.approval).toMatchObject({ verdict: 'approved', by: 'rita', note: 'hedged' });
    // It waits for nobody now, and is not to be read as if it did until a venue takes it.
    expect(approved).toMatchObject({ state: 'admitted', status: 'admitted', reason: null });
    const again = { ...RITA, verdict: 'rejected', by: 'adam' } as const;
    expect((await orders.recordApproval(order.orderId, again)).approval).toEqual(approved.approval);
    // Approved once, it does not wait again when the step that asked runs again.
    expect(await orders.awaitApproval(order.orderId, DUE)).toEqual(approved);
    const audit = await world.db
      .selectFrom('audit_log')
      .selectAll()
      .where('target', '=', order.orderId)
      .execute();
    expect(audit).toMatchObject([
      { actor: 'rita', action: 'order.approve', detail: { role: 'risk', note: 'hedged' } },
    ]);
  });

  it('a rejected order goes on waiting for its end', async () => {
    const { orders } = world.repositories;
    const order = await admitted(
      world.repositories,
      createSignal({ strategyId: await world.strategy() }),
    );
    await orders.awaitApproval(order.orderId, DUE);
    expect(
      await orders.recordApproval(order.orderId, { ...RITA, verdict: 'rejected' }),
    ).toMatchObject({ state: 'awaiting_approval' });
  });

  it('a newer target takes the place of one that waits, and says so', async () => {
    const { orders } = world.repositories;
    const strategyId = await world.strategy();
    const first = await admitted(world.repositories, createSignal({ strategyId }));
    await orders.awaitApproval(first.orderId, DUE);
    const second = createSignal({ strategyId, sequence: 2 });
    expect(await orders.admit(admitInput(second))).toMatchObject({
      verdict: 'admitted',
      superseded: [first.orderId],
    });
    expect(await orders.recordApproval(first.orderId, RITA)).toMatchObject({ state: 'superseded' });
  });

  async function reserved(orderId: string) {
    const rows = await world.db
      .selectFrom('orders')
      .select('reserved_quote')
      .where('order_id', '=', orderId)
      .execute();
    return { rows };
  }
});
