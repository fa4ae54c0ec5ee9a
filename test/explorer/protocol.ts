/** The steps of an order, as its activities run them. A test breaks one of them and sees it caught. */
import { chaseStrategy } from '../../core/execution/chase.ts';
import {
  leftUnknown,
  placeLeg,
  resolveLeg,
  type LegOutcome,
  type LegPorts,
  type ResolveInput,
} from '../../activities/placement.ts';
import { settle, type Settled, type SettlePorts } from '../../activities/settling.ts';
import {
  cancelLeg,
  trackLeg,
  type TrackInput,
  type TrackPorts,
  type TrackResult,
} from '../../activities/tracking.ts';
import type { FinalState, NewLeg } from '../../adapters/order-repository.ts';
import type { Books } from './books.ts';

export interface Protocol {
  place(ports: LegPorts, leg: NewLeg, attempt: number): Promise<LegOutcome>;
  resolve(ports: LegPorts, input: ResolveInput): Promise<LegOutcome>;
  track(ports: TrackPorts, input: TrackInput): Promise<TrackResult>;
  cancel(ports: LegPorts, leg: NewLeg): Promise<LegOutcome>;
  settle(ports: SettlePorts, orderId: string, final: FinalState): Promise<Settled>;
  /** What the books do to settle: the reservation is freed; a final order stays as it is. */
  free(books: Books, final: FinalState): void;
  readonly chase: typeof chaseStrategy;
}

export const PROTOCOL: Protocol = {
  place: (ports, leg) =>
    placeLeg(ports, leg).catch((error: unknown) => leftUnknown(ports, leg, error)),
  resolve: (ports, input) =>
    resolveLeg(ports, input).catch((error: unknown) => leftUnknown(ports, input, error)),
  track: trackLeg,
  cancel: cancelLeg,
  settle,
  free: (books, final) => {
    books.settle(final);
  },
  chase: chaseStrategy,
};
