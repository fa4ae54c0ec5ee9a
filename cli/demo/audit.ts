/**
 * Compares what the venue says happened with what our books say: signals, orders, fills, fees and balances,
 * to the last digit. Any difference is a sentence in the result; an empty list is agreement.
 */
import { z } from 'zod';
import type { Repositories } from '../../adapters/repositories.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { isFinalLeg } from '../../core/leg-machine.ts';
import { CLIENT_ORDER_ID_PREFIX } from '../../core/signal.ts';
import { decimal, Decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';

/** What `GET /sim/orders` tells, in the venue's own words. */
export const venueBooks = z.object({
  orders: z.array(
    z.object({
      orderId: z.number(),
      clientOrderId: z.string(),
      status: z.string(),
      executedQty: z.string(),
      cummulativeQuoteQty: z.string(),
    }),
  ),
  trades: z.array(
    z.object({
      orderId: z.number(),
      id: z.coerce.string(),
      price: z.string(),
      qty: z.string(),
      commission: z.string(),
      commissionAsset: z.string(),
    }),
  ),
  balances: z.array(z.object({ asset: z.string(), free: z.string(), locked: z.string() })),
  /** Of contracts. */
  positions: z
    .array(z.object({ symbol: z.string(), quantity: z.string(), cost: z.string() }))
    .default([]),
});
export type VenueBooks = z.infer<typeof venueBooks>;

/** Statuses of an order that the venue may still fill. */
const LIVE_AT_VENUE: ReadonlySet<string> = new Set(['NEW', 'PARTIALLY_FILLED']);

export interface AuditResult {
  /** One sentence a difference; empty when both sides agree and every order is final. */
  readonly differences: readonly string[];
  readonly orders: number;
  readonly legs: number;
  readonly fills: number;
}

const PAGE = 500;

/** All orders of the books, oldest last. */
export async function allOrders(repositories: Repositories): Promise<OrderView[]> {
  const orders: OrderView[] = [];
  for (;;) {
    const after = orders.at(-1)?.orderId;
    const page = await repositories.orders.listOrders(
      after === undefined ? { limit: PAGE } : { limit: PAGE, after },
    );
    orders.push(...page);
    if (page.length < PAGE) return orders;
  }
}

export async function auditBooks(
  simulatorUrl: string,
  accountId: string,
  repositories: Repositories,
  runIds: Iterable<string>,
): Promise<AuditResult> {
  const response = await fetch(`${simulatorUrl}/sim/orders`);
  const venue = venueBooks.parse(await response.json());
  const orders = (await allOrders(repositories)).filter((order) => order.accountId === accountId);
  const fills = (
    await Promise.all(orders.map((order) => repositories.orders.orderFills(order.orderId)))
  ).flat();

  const balances = await repositories.accounts.balances(accountId);
  return {
    differences: [
      ...(await withoutOrder(repositories, runIds, orders)),
      ...compareBooks(venue, { orders, fills, balances }),
    ],
    orders: orders.length,
    legs: orders.reduce((sum, order) => sum + order.legs.length, 0),
    fills: fills.length,
  };
}

/** Our books of one account. */
export interface OurBooks {
  readonly orders: readonly OrderView[];
  readonly fills: readonly BookedFill[];
  readonly balances: readonly { readonly asset: string; readonly total: string }[];
}

/**
 * The books of one account against its venue's: one sentence a difference. Every order must be final but those
 * in `standing`: stops of guards, which rest as long as their positions are held.
 */
export function compareBooks(
  venue: VenueBooks,
  { orders, fills, balances }: OurBooks,
  standing: ReadonlySet<string> = new Set(),
): string[] {
  return [
    ...unfinished(orders.filter(({ orderId }) => !standing.has(orderId))),
    ...compareOrders(venue, orders),
    ...compareTrades(venue, fills),
    ...compareBalances(venue, balances),
  ];
}

async function withoutOrder(
  repositories: Repositories,
  runIds: Iterable<string>,
  orders: readonly OrderView[],
): Promise<string[]> {
  const known = new Set(orders.map((order) => order.orderId));
  const signals = await Promise.all(
    [...runIds].map((runId) => repositories.strategies.signalIds(runId)),
  );
  return signals
    .flat()
    .filter((id) => !known.has(id))
    .map((id) => `signal ${id} has no order`);
}

function unfinished(orders: readonly OrderView[]): string[] {
  return orders
    .filter((order) => !isFinalIntent(order.state))
    .map((order) => `order ${order.orderId} is not final: ${order.status}`);
}

function isOurs(order: { readonly clientOrderId: string }): boolean {
  return order.clientOrderId.startsWith(CLIENT_ORDER_ID_PREFIX);
}

function same(left: string, right: string): boolean {
  return decimal(left).eq(right);
}

function compareOrders(venue: VenueBooks, orders: readonly OrderView[]): string[] {
  const differences: string[] = [];
  const venueOrders = new Map<string, VenueBooks['orders'][number]>();
  for (const order of venue.orders) {
    if (!isOurs(order)) continue;
    if (venueOrders.has(order.clientOrderId)) {
      differences.push(`the venue has two orders with the client id ${order.clientOrderId}`);
    }
    venueOrders.set(order.clientOrderId, order);
  }
  for (const leg of orders.flatMap((order) => order.legs)) {
    const there = venueOrders.get(leg.clientOrderId);
    venueOrders.delete(leg.clientOrderId);
    if (there === undefined) {
      if (leg.venueOrderId !== null || !decimal(leg.filledQuantity).isZero()) {
        differences.push(`leg ${leg.clientOrderId} is ${leg.state} here and unknown at the venue`);
      }
      continue;
    }
    if (leg.venueOrderId !== String(there.orderId)) {
      differences.push(
        `leg ${leg.clientOrderId} names ${leg.venueOrderId ?? 'no order'} at the venue, which has order ${String(there.orderId)} under that client id`,
      );
    }
    if (isFinalLeg(leg.state) && LIVE_AT_VENUE.has(there.status)) {
      differences.push(`leg ${leg.clientOrderId} is ${leg.state} here and still live at the venue`);
    }
    if (
      !same(there.executedQty, leg.filledQuantity) ||
      !same(there.cummulativeQuoteQty, leg.filledQuote)
    ) {
      differences.push(
        `leg ${leg.clientOrderId}: the venue filled ${there.executedQty} for ${there.cummulativeQuoteQty}, ` +
          `we booked ${leg.filledQuantity} for ${leg.filledQuote}`,
      );
    }
  }
  for (const clientOrderId of venueOrders.keys()) {
    differences.push(`the venue has an order ${clientOrderId} that no leg of ours explains`);
  }
  return differences;
}

export interface BookedFill {
  readonly venueTradeId: string;
  readonly price: string;
  readonly quantity: string;
  readonly feeAmount: string;
  readonly feeAsset: string;
}

function compareTrades(venue: VenueBooks, fills: readonly BookedFill[]): string[] {
  const differences: string[] = [];
  const booked = new Map(fills.map((fill) => [fill.venueTradeId, fill]));
  const ours = new Set(venue.orders.filter(isOurs).map((order) => order.orderId));
  for (const trade of venue.trades) {
    if (!ours.has(trade.orderId)) continue;
    const fill = booked.get(trade.id);
    booked.delete(trade.id);
    if (fill === undefined) {
      differences.push(`the venue's trade ${trade.id} is not booked`);
    } else if (
      !same(trade.price, fill.price) ||
      !same(trade.qty, fill.quantity) ||
      !same(trade.commission, fill.feeAmount) ||
      trade.commissionAsset !== fill.feeAsset
    ) {
      differences.push(
        `trade ${trade.id}: the venue says ${trade.qty} at ${trade.price}, fee ${trade.commission} ` +
          `${trade.commissionAsset}; we booked ${fill.quantity} at ${fill.price}, fee ${fill.feeAmount} ${fill.feeAsset}`,
      );
    }
  }
  for (const id of booked.keys())
    differences.push(`we booked a fill ${id} that the venue does not know`);
  return differences;
}

function compareBalances(
  venue: VenueBooks,
  balances: readonly { readonly asset: string; readonly total: string }[],
): string[] {
  const ours = new Map(balances.map(({ asset, total }) => [asset, decimal(total)]));
  const theirs = new Map(
    venue.balances.map(({ asset, free, locked }) => [asset, decimal(free).plus(locked)]),
  );
  const zero = new Decimal(0);
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((asset) => {
    const here = ours.get(asset) ?? zero;
    const there = theirs.get(asset) ?? zero;
    return here.eq(there)
      ? []
      : [
          `${asset}: the venue holds ${toDecimalString(there)}, the ledger says ${toDecimalString(here)}`,
        ];
  });
}
