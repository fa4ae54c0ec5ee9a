/**
 * The kill switch with fifty orders in flight: milliseconds from the call of `POST /halts` to the last new
 * order at the venue. The bound is a second; the baseline column has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { haltSchema } from '../../api/schemas.ts';
import type { Session } from '../../cli/demo/session.ts';
import { buy, startOrder } from './orders.ts';
import { percentile, type Ratio } from './ratio.ts';

const IN_FLIGHT = 50;
const ROUNDS = 20;
const BOUND_MS = 1_000;

/** Halts while the first of the orders reach the venue; zero where none came after the call. */
async function haltOnce(session: Session, client: Client, strategyId: string, round: number) {
  const { api, simulator } = session;
  const count = (): number => simulator.state().orders;
  const before = count();
  const handles = await Promise.all(
    Array.from({ length: IN_FLIGHT }, (_, index) =>
      startOrder(client, buy(session, strategyId, `halt-${String(round)}-${String(index)}`)),
    ),
  );
  while (count() === before) await sleep(1);
  const calledAt = performance.now();
  const call = api.post('/halts', { scope: 'all', reason: 'bench' }, haltSchema);
  let seen = count();
  let lastAt = calledAt;
  const running = { orders: handles.length };
  const all = Promise.all(
    handles.map(async (handle) => {
      await handle.result();
      running.orders -= 1;
    }),
  );
  while (running.orders > 0) {
    await sleep(1);
    if (count() > seen) {
      seen = count();
      lastAt = performance.now();
    }
  }
  await all;
  const { id } = await call;
  await api.post(`/halts/${String(id)}/resume`, { reason: 'bench' }, haltSchema);
  return { ms: lastAt - calledAt, kept: IN_FLIGHT - (seen - before) };
}

export async function benchHalt(session: Session, strategyId: string): Promise<Ratio> {
  const connection = await Connection.connect({ address: session.config.temporal.address });
  const client = new Client({ connection });
  const times: number[] = [];
  let kept = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const halted = await haltOnce(session, client, strategyId, round);
    times.push(halted.ms);
    kept += halted.kept;
  }
  await connection.close();
  if (kept === 0) throw new Error('no halt came in time to keep an order back: nothing was measured');
  return {
    name: `p99 of ${String(ROUNDS)} halts to the last new order, ${String(IN_FLIGHT)} in flight, against its bound (lower is better)`,
    unit: 'ms',
    keel: [percentile(times, 0.99)],
    baseline: [BOUND_MS],
  };
}
