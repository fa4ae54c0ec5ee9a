/** What happens around a guarded position, and the world in which it happens. */
import { decimal, Decimal } from '../../core/money.ts';
import type { Side } from '../../core/fill.ts';
import type { GuardMessage } from '../../core/guard.ts';
import type { PositionSide } from '../../core/guard-levels.ts';
import type { Signal } from '../../core/signal.ts';
import type { GuardBooks } from './guard-books.ts';
import type { Chance, Schedule } from './schedule.ts';
import { isOpen, type Passage, type Venue } from './venue.ts';

interface Moment {
  readonly afterMs: number;
}

export interface GuardPlot {
  /** Short positions are of a linear contract. */
  readonly side: PositionSide;
  readonly entry: 'market' | 'limit';
  readonly venueStops: boolean;
  /** The nth request's way to the venue; after the last they arrive. */
  readonly passages: readonly Extract<
    Passage,
    { kind: 'arrives' | 'refused' | 'answer-lost' | 'hidden' }
  >[];
  /** Somebody trades with the entry, with the guard's stop, or with a limit exit, if it rests then. */
  readonly trades: readonly (Moment & {
    readonly of: 'entry' | 'stop' | 'exit';
    readonly quantity: string;
  })[];
  /** The strategy leaves: all of it at the market, or so much by a limit order. */
  readonly exits: readonly (Moment & { readonly limit: string | null })[];
  /** The risk monitor saw a price; it names the levels that stand then. */
  readonly prices: readonly (Moment & {
    readonly kind: 'stop' | 'takeProfit' | 'ratchet';
    readonly price: string;
  })[];
  readonly clearAfterMs: number | null;
  /** A market order fills so much of itself; the rest expires. */
  readonly marketFills: '1' | '0.5';
  /** The nth message to the guard comes so much later each time it is delivered; then at once, once. */
  readonly deliveries: readonly (readonly number[])[];
}

/** An order's workflow. */
export interface OrderLife {
  cancel: boolean;
  over: boolean;
}

export interface GuardedWorld {
  readonly schedule: Schedule;
  readonly venue: Venue;
  readonly books: GuardBooks;
  readonly chance: Chance;
  readonly plot: GuardPlot;
  readonly lives: Map<string, OrderLife>;
  /** What was wrong on the way. */
  readonly wrong: Set<string>;
  tellGuard(message: GuardMessage): void;
  startOrder(signal: Signal): 'on' | 'over';
}

/** The side of orders that open the position of the plot, and of those that leave it. */
export function sidesOf({ side }: Pick<GuardPlot, 'side'>): {
  readonly entry: Side;
  readonly exit: Side;
} {
  return side === 'long' ? { entry: 'buy', exit: 'sell' } : { entry: 'sell', exit: 'buy' };
}

/** Exits at the venue that rest there, together never more than is held there. */
export function watchExits({ venue, plot, wrong }: GuardedWorld): void {
  const { exit } = sidesOf(plot);
  const net = heldAtVenue(venue);
  const held = plot.side === 'long' ? net : net.neg();
  const offered = venue.orders
    .filter((order) => isOpen(order) && order.request.side === exit)
    .reduce((sum, { request, filled }) => sum.plus(request.quantity).minus(filled), decimal('0'));
  if (held.lt(0)) wrong.add('exits traded more than was held');
  if (offered.gt(held)) wrong.add('two exits were at the venue at once for the same holding');
}

/** Signed. */
export function heldAtVenue(venue: Venue): Decimal {
  return venue.orders.reduce(
    (sum, { request, filled }) => (request.side === 'buy' ? sum.plus(filled) : sum.minus(filled)),
    new Decimal(0),
  );
}
