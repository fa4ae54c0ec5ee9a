/**
 * What a venue says of an account, held against our books. Pure: both sides in, differences out.
 *
 * A difference is **certain** where the venue's word alone settles it (a trade that is not booked, an order
 * that is no longer open): it is repaired. It is **uncertain** where a person must judge (an order nobody
 * knows, a balance that is off): it is raised, and never repaired by itself.
 */
import { z } from 'zod';
import type { AccountTrade } from './fill.ts';
import { isFinalLeg } from './leg-machine.ts';
import { decimal, toDecimalString } from './money.ts';
import type { LegState } from './order.ts';
import { CLIENT_ORDER_ID_PREFIX } from './signal.ts';

/** One of our legs, as booked. */
export interface KnownLeg {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly state: LegState;
  readonly venueOrderId: string | null;
  readonly filledQuantity: string;
}

export interface OpenAtVenue {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly filledQuantity: string;
}

/** Kinds that a person must judge. */
export const findingKind = z.enum([
  /** An order with Keel's prefix is open at the venue, and no leg of ours that could be open accounts for it. */
  'stray-order',
  /** A leg of ours had an order at the venue, which the venue knows no more. */
  'lost-order',
  /** A trade with Keel's prefix belongs to no leg: booked to the account, to no strategy. */
  'unknown-trade',
  /** Others traded a contract: its one position an account is no longer what strategies believe. */
  'foreign-contract-trade',
  'balance-off',
  'position-off',
]);
export type FindingKind = z.infer<typeof findingKind>;

export type OrderDifference =
  /** The venue has moved on with a leg of ours: look it up and record it. */
  | {
      readonly kind: 'missed-news';
      readonly certain: true;
      readonly clientOrderId: string;
      readonly symbol: string;
      readonly detail: string;
    }
  /** Somebody else traded on the account. */
  | { readonly kind: 'foreign-trade'; readonly certain: true; readonly trade: AccountTrade }
  | { readonly kind: 'unknown-trade'; readonly certain: false; readonly trade: AccountTrade }
  | {
      readonly kind: 'stray-order';
      readonly certain: false;
      readonly clientOrderId: string;
      readonly symbol: string;
      readonly detail: string;
    };

/** Compares orders and trades. `legs` holds every leg that is not final and every one the venue's side names. */
export function compareOrders(
  venue: { readonly open: readonly OpenAtVenue[]; readonly trades: readonly AccountTrade[] },
  ours: { readonly legs: readonly KnownLeg[]; readonly booked: ReadonlySet<string> },
): readonly OrderDifference[] {
  const legs = new Map(ours.legs.map((leg) => [leg.clientOrderId, leg]));
  const byVenueOrder = new Map(
    ours.legs.flatMap((leg) =>
      leg.venueOrderId === null ? [] : [[`${leg.symbol} ${leg.venueOrderId}`, leg] as const],
    ),
  );
  const news = new Map<string, OrderDifference>();
  const rest: OrderDifference[] = [];
  const missed = ({ clientOrderId, symbol }: KnownLeg, detail: string): void => {
    if (news.has(clientOrderId)) return;
    news.set(clientOrderId, { kind: 'missed-news', certain: true, clientOrderId, symbol, detail });
  };

  for (const trade of venue.trades) {
    if (ours.booked.has(tradeKey(trade))) continue;
    const leg =
      legs.get(trade.clientOrderId ?? '') ??
      byVenueOrder.get(`${trade.symbol} ${trade.venueOrderId}`);
    if (leg !== undefined) missed(leg, `trade ${trade.venueTradeId} is not booked`);
    else if (trade.clientOrderId?.startsWith(CLIENT_ORDER_ID_PREFIX) === true) {
      rest.push({ kind: 'unknown-trade', certain: false, trade });
    } else rest.push({ kind: 'foreign-trade', certain: true, trade });
  }

  const open = new Map(venue.open.map((order) => [order.clientOrderId, order]));
  for (const leg of ours.legs) {
    // What was never acknowledged may still be on its way: its own protocol finds it.
    if (isFinalLeg(leg.state) || leg.venueOrderId === null) continue;
    const there = open.get(leg.clientOrderId);
    if (there === undefined) missed(leg, `${leg.state} here, no longer open at the venue`);
    else if (!decimal(there.filledQuantity).eq(leg.filledQuantity)) {
      missed(leg, `filled ${there.filledQuantity} at the venue, ${leg.filledQuantity} here`);
    }
  }

  for (const { clientOrderId, symbol } of venue.open) {
    if (!clientOrderId.startsWith(CLIENT_ORDER_ID_PREFIX)) continue;
    const leg = legs.get(clientOrderId);
    if (leg !== undefined && !isFinalLeg(leg.state)) continue;
    const detail =
      leg === undefined
        ? `order ${clientOrderId} is open at the venue, and no order of ours has that id`
        : `order ${clientOrderId} is open at the venue, and ${leg.state} in our books`;
    rest.push({ kind: 'stray-order', certain: false, clientOrderId, symbol, detail });
  }
  return [...news.values(), ...rest];
}

/** Names a trade among all of an account. */
export function tradeKey(trade: {
  readonly symbol: string;
  readonly venueTradeId: string;
}): string {
  return `${trade.symbol} ${trade.venueTradeId}`;
}

export interface HoldingDifference {
  readonly kind: 'balance-off' | 'position-off';
  readonly certain: false;
  /** The asset of a balance, the symbol of a position. */
  readonly subject: string;
  readonly venue: string;
  readonly ours: string;
  /** Venue − ours. */
  readonly off: string;
}

/**
 * What strategies believe to hold of an asset and the account does not: others sold it. Amounts by asset; an
 * account may hold more.
 */
export function uncovered(
  venue: Readonly<Record<string, string>>,
  held: Readonly<Record<string, string>>,
): readonly HoldingDifference[] {
  const named = Object.fromEntries(Object.keys(held).map((asset) => [asset, venue[asset] ?? '0']));
  return compareHoldings('position-off', named, held).filter(({ off }) => off.startsWith('-'));
}

/**
 * Compares amounts by asset (free and locked together) or by symbol; what one side does not name is zero
 * there. Read both sides with nothing in flight, or ask twice: what is on its way looks like a difference.
 */
export function compareHoldings(
  kind: HoldingDifference['kind'],
  venue: Readonly<Record<string, string>>,
  ours: Readonly<Record<string, string>>,
): readonly HoldingDifference[] {
  const subjects = [...new Set([...Object.keys(venue), ...Object.keys(ours)])].sort();
  return subjects.flatMap((subject): HoldingDifference[] => {
    const theirs = decimal(venue[subject] ?? '0');
    const own = decimal(ours[subject] ?? '0');
    const off = theirs.minus(own);
    if (off.isZero()) return [];
    const amounts = {
      venue: toDecimalString(theirs),
      ours: toDecimalString(own),
      off: toDecimalString(off),
    };
    return [{ kind, certain: false, subject, ...amounts }];
  });
}
