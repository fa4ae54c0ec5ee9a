/** What happens to an order, beside its own life, and the world in which it happens. */
import type { CancelRequest } from '../../workflows/order-outcome.ts';
import type { Books } from './books.ts';
import type { Protocol } from './protocol.ts';
import type { Chance, Schedule } from './schedule.ts';
import type { Passage, Venue } from './venue.ts';

/** What is to happen to the order, in milliseconds from its start. */
export interface Plot {
  readonly type: 'market' | 'limit';
  /** The nth request's way to the venue; after the last they arrive. */
  readonly passages: readonly Passage[];
  /** Of what rests, so much is traded then. */
  readonly trades: readonly { readonly afterMs: number; readonly quantity: string }[];
  /** A person cancels then. */
  readonly cancelAfterMs: number | null;
  /** What has not filled by then is cancelled. */
  readonly timeoutAfterMs: number | null;
  /** The answer of the step that places a leg is of no use to the workflow: it fails, and ends its order. */
  readonly placingBreaks: boolean;
  /** Limit with chase: how long a leg may rest before its remainder is placed anew, and how often. */
  readonly chase: { readonly repriceAfterMs: number; readonly maxLegs: number } | null;
  /** Somebody else (the user stream, reconciliation) reads then, and books what he saw so much later. */
  readonly witnesses: readonly { readonly afterMs: number; readonly bookAfterMs: number }[];
  /** The signal is delivered again then, to another run. */
  readonly redeliverAfterMs: number | null;
  readonly haltAfterMs: number | null;
}

export interface World {
  readonly schedule: Schedule;
  readonly venue: Venue;
  readonly books: Books;
  readonly chance: Chance;
  readonly protocol: Protocol;
  readonly plot: Plot;
}

/** What is asked of the order while it lives. */
export interface Wishes {
  cancel: CancelRequest | null;
}
