/** A halt as an operator sets it in the middle of a chaos run, and as a person lifts it again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toKeelError } from '../../adapters/storage/postgres-errors.ts';
import type { ChaosHouse } from './chaos-house.ts';
import type { PlannedHalt } from './plan.ts';
import type { HaltFacts } from './verdict-guards.ts';

/** Does the work again and again until the world it asks is there. */
export type Persist = (work: () => Promise<void>) => Promise<void>;

/**
 * Halts the symbol, waits, lifts. Each reading of the legs lies within the time in which the halt was in force,
 * so what was claimed between them was claimed in spite of it, whatever any clock says.
 */
export async function haltForAWhile(
  { repositories, workflows, db }: ChaosHouse,
  { symbol, forMs }: PlannedHalt,
  persist: Persist,
): Promise<HaltFacts | undefined> {
  const legs = () =>
    db
      .selectFrom('legs')
      .innerJoin('orders', 'orders.order_id', 'legs.order_id')
      .select([
        'legs.client_order_id as clientOrderId',
        'legs.send_count as sends',
        'orders.reducing',
        'orders.source_kind as sourceKind',
      ])
      .where('legs.symbol', '=', symbol)
      .execute()
      .catch((error: unknown) => {
        throw toKeelError(error);
      });
  let haltId: number | undefined;
  let onceSet: Awaited<ReturnType<typeof legs>> = [];
  let beforeLift: typeof onceSet | undefined;
  await persist(async () => {
    const { id } = await repositories.halts.set({
      scope: 'symbol',
      target: symbol,
      reason: 'an operator halts in the middle of it all',
      setBy: 'chaos',
      flatten: false,
    });
    haltId = id;
  });
  if (haltId === undefined) return undefined;
  const id = haltId;
  await persist(async () => {
    onceSet = await legs();
  });
  // Where Temporal is away, whoever supervises halts begins the cleaning up.
  await workflows.startHalt({ haltId: id }, `halt of ${symbol}`).catch(() => undefined);
  await sleep(forMs);
  await persist(async () => {
    beforeLift = await legs();
  });
  await persist(async () => {
    await repositories.halts.lift(id, 'chaos', 'seen enough');
  });
  if (beforeLift === undefined) return undefined;
  return {
    symbol,
    sendsOnceSet: Object.fromEntries(
      onceSet.map(({ clientOrderId, sends }) => [clientOrderId, sends]),
    ),
    sendsBeforeLift: beforeLift,
  };
}
