/**
 * The life of an order beside a guard: admitted, placed once, followed, settled, the guard told of each change.
 * How it is placed exactly once is explored in order-life.ts; here it is, so that it is the guard that is tried.
 */
import { KeelError } from '../../core/errors.ts';
import { decimal } from '../../core/money.ts';
import type { OrderStatus } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import { type GuardedWorld, type OrderLife, watchExits } from './guard-world.ts';
import type { CallKind, Process } from './schedule.ts';
import { SmallTemporal } from './small-temporal.ts';
import { isOpen } from './venue.ts';

const POLL_MS = 2_000;
const SEND_WINDOW_MS = 5_000;

export function call<T>(
  { schedule }: Pick<GuardedWorld, 'schedule'>,
  process: Process,
  kind: CallKind,
  name: string,
  effect: () => T | Promise<T>,
): Promise<T> {
  return schedule.call(
    process,
    kind,
    name,
    effect,
    () => new KeelError('UNAVAILABLE', 'no answer'),
  );
}

export async function liveGuardedOrder(
  world: GuardedWorld,
  signal: Signal,
  life: OrderLife,
): Promise<void> {
  const { schedule, books, venue } = world;
  const { id } = signal;
  const temporal = new SmallTemporal(schedule, `${signal.tag}${String(world.lives.size)}`);
  const store = <T>(name: string, effect: () => T): Promise<T> =>
    temporal.activity(name, (process) => call(world, process, 'store', name, effect));
  const tell = (): Promise<void> =>
    store('tellGuard', () => {
      world.tellGuard({ kind: 'positionChanged' });
    });
  const end = async (status: OrderStatus, reason: string | null = null): Promise<void> => {
    await store('settle', () => {
      books.settle(id, status, reason);
    });
    await tell();
  };

  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const answer = await store('admit', () => books.admit(signal, schedule.now));
    if (answer.verdict !== 'blocked') break;
    for (const other of answer.cancelFirst) {
      const blocking = world.lives.get(other);
      if (blocking !== undefined) blocking.cancel = true;
    }
    if (answer.standAside === true) {
      await store('askGuard', () => {
        world.tellGuard({ kind: 'standAside', orderId: id });
      });
    }
    await temporal.sleep(pauseMs);
  }
  if (books.order(id).final) return tell();
  await tell();

  const placed = await temporal.activity('place', async (process) => {
    const there = venue.orders.some(({ request }) => request.clientOrderId === id);
    if (there) return 'sent';
    if (life.cancel) return 'not sent';
    const deadline = schedule.now + SEND_WINDOW_MS;
    if (!(await call(world, process, 'store', 'claim', () => books.claim(id)))) return 'not sent';
    try {
      await call(world, process, 'venue', 'placeOrder', () => place(world, signal, deadline));
      return 'sent';
    } catch (error) {
      if (error instanceof KeelError && error.code === 'VENUE_INVALID_ORDER') return 'refused';
      throw new KeelError('UNAVAILABLE', String(error));
    }
  });
  if (placed === 'refused') return end('rejected', 'the venue refuses it');
  if (placed === 'not sent') return end('cancelled');

  // What a market order does not fill at once expires.
  if (signal.type === 'market') life.cancel = true;
  const there = venue.orders.find(({ request }) => request.clientOrderId === id);
  let known = '';
  for (;;) {
    if (life.cancel && there !== undefined && isOpen(there)) {
      await temporal.activity('cancel', (process) =>
        call(world, process, 'venue', 'cancelOrder', () => {
          if (isOpen(there)) venue.cancel(id);
        }),
      );
    }
    const state = await temporal.activity('track', async (process) => {
      const seen = await call(world, process, 'venue', 'getOrder', () => venue.find(id));
      if (seen === null) return null;
      await call(world, process, 'store', 'record', () => {
        books.record(id, seen);
      });
      return seen.order;
    });
    if (state !== null) {
      const now = `${state.state} ${state.filledQuantity}`;
      if (now !== known) await tell();
      known = now;
      if (state.state === 'filled' || state.state === 'cancelled') return end(state.state);
    }
    const changed = (): boolean =>
      (there !== undefined && `${there.state} ${there.filled.toFixed()}` !== known) || life.cancel;
    if (state === null) await temporal.sleep(POLL_MS);
    else await temporal.until(changed, 10 * POLL_MS);
  }
}

async function place(world: GuardedWorld, signal: Signal, deadline: number): Promise<void> {
  const { venue, books, plot, schedule } = world;
  const { id: clientOrderId, symbol, type, limitPrice, stopPrice } = signal;
  if (venue.orders.some(({ request }) => request.clientOrderId === clientOrderId)) return;
  if (schedule.now > deadline) throw new KeelError('VENUE_CLOCK', 'too late');
  const { side, quantity } = books.order(clientOrderId);
  const nth = schedule.trace.filter((line) => line.startsWith('request ')).length;
  const passage = plot.passages[nth] ?? { kind: 'arrives' };
  schedule.note(`request ${passage.kind}: ${type} ${side} ${quantity}`);
  venue.fillsAtOnce = (request) =>
    request.type === 'market' ? decimal(request.quantity).mul(plot.marketFills) : decimal('0');
  const answered = venue.place(
    {
      ...{ clientOrderId, symbol, side, type, quantity, deadline },
      ...(limitPrice === undefined ? {} : { price: limitPrice }),
      ...(stopPrice === undefined ? {} : { stopPrice }),
    },
    passage,
  );
  watchExits(world);
  await answered;
}
