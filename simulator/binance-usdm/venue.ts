/** What the USDⓈ-M front reads and acts on, beside what every Binance front does. */
import type { Instrument } from '../../core/instrument.ts';
import { invalidSymbol } from '../binance/errors.ts';
import type { Venue } from '../binance/venue.ts';
import type { FundingSchedule } from '../funding.ts';
import type { EngineOrder } from '../orders.ts';

export interface UsdmVenue extends Venue {
  readonly funding: FundingSchedule;
  /** Settings of the account as a whole. */
  readonly account: { hedgeMode: boolean };
  /** Keys of user streams that were asked for. */
  readonly listenKeys: Set<string>;
}

/** Throws −1121. */
export function contractNamed(venue: UsdmVenue, venueSymbol: string): Instrument {
  const found = venue.instruments.find((instrument) => instrument.venueSymbol === venueSymbol);
  if (found === undefined) {
    throw invalidSymbol();
  }
  return found;
}

/** Conditional orders count by themselves: an algo id is never an order's. */
const ALGO_IDS = 2_000_000_000_000;

export function algoIdOf({ orderId }: EngineOrder): number {
  return ALGO_IDS + orderId;
}

export function isAlgo({ stopPrice }: EngineOrder): boolean {
  return stopPrice !== undefined;
}

/** In the matching engine: any order, and a conditional one once it is triggered. */
export function isInEngine(order: EngineOrder): boolean {
  return !isAlgo(order) || order.triggeredAt !== undefined;
}

export function isOpen({ state }: EngineOrder): boolean {
  return state === 'NEW' || state === 'PARTIALLY_FILLED';
}

/** What a triggered order is called: an id of the venue's own, not the algo order's. */
export function clientIdInEngine(order: EngineOrder): string {
  return isAlgo(order) ? `algo-${String(order.orderId)}` : order.clientOrderId;
}
