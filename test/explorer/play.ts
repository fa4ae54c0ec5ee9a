/** Plays a plot: the order's life, and what others do meanwhile. */
import { decimal } from '../../core/money.ts';
import { liveOrder } from './order-life.ts';
import type { Wishes, World } from './plot.ts';
import { STALL_MS } from './schedule.ts';
import { isOpen } from './venue.ts';

/** Plays the plot to its end, and on until nothing that is under way can come any more. */
export async function play(world: World): Promise<void> {
  const { schedule, plot, books, venue } = world;
  const stage = schedule.process('stage');
  const wishes: Wishes = { cancel: null };
  const at = async (ms: number, happen: () => void | Promise<void>): Promise<void> => {
    await schedule.sleep(stage, ms);
    await happen();
  };
  const happenings = [
    ...plot.trades.map(({ afterMs, quantity }) =>
      at(afterMs, () => {
        const open = venue.orders.find(isOpen);
        if (open !== undefined) venue.trade(open, decimal(quantity));
      }),
    ),
    ...plot.witnesses.map(({ afterMs, bookAfterMs }) =>
      at(afterMs, () => witness(world, bookAfterMs)),
    ),
  ];
  if (plot.cancelAfterMs !== null) {
    void at(plot.cancelAfterMs, () => {
      wishes.cancel ??= { by: 'a person' };
    });
  }
  if (plot.haltAfterMs !== null) {
    void at(plot.haltAfterMs, () => {
      books.halted = true;
    });
  }
  const lives = [liveOrder(world, 'run-1', wishes)];
  if (plot.redeliverAfterMs !== null) {
    lives.push(at(plot.redeliverAfterMs, () => liveOrder(world, 'run-2', wishes)));
  }
  await schedule.run(
    (async () => {
      await Promise.all(lives);
      await Promise.all(happenings);
      // The stalled wake up, the late arrive.
      await schedule.sleep(stage, 2 * STALL_MS);
    })(),
  );
}

/** Reads what the venue shows of the newest leg, and books it later: old news by then, perhaps. */
async function witness({ schedule, venue, books }: World, bookAfterMs: number): Promise<void> {
  const process = schedule.process('witness');
  const leg = [...books.legs.values()].at(-1);
  const seen = leg === undefined ? null : venue.find(leg.clientOrderId);
  if (leg === undefined || seen === null) return;
  await schedule.sleep(process, bookAfterMs);
  books.recordLeg({
    clientOrderId: leg.clientOrderId,
    venueOrder: seen.order,
    fills: seen.fills,
    seenBy: 'reconcile',
  });
}
