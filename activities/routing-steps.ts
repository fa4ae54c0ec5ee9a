/**
 * Where an order with an execution plan is worked: its accounts, their books, what each can pay or holds. The
 * first route that is written down stands, so a step that runs twice routes once.
 */
import type { OrderRepository, RoutingFacts } from '../adapters/order-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import { chasePrice } from '../core/execution/chase.ts';
import { placeOf } from '../core/execution/place.ts';
import { accountsOf } from '../core/execution/plan.ts';
import { needsBooks, routeOrder, workingOf, type Route } from '../core/execution/route.ts';
import type { OrderTerms } from '../core/execution/strategy.ts';
import type { Venue } from '../core/execution/venues.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import { bookFault } from '../core/order-book.ts';

export interface RoutingDeps {
  readonly orders: Pick<OrderRepository, 'routingFacts' | 'recordRoute'>;
  /** Throws UNAVAILABLE for an account this worker does not have. */
  readonly adapterOf: (accountId: string) => TradeAdapter;
}

export interface RouteStep {
  readonly orderId: string;
}

export interface RepriceStep extends RouteStep {
  readonly accountId: string;
}

export interface RouteResult {
  readonly route: Route;
  readonly terms: OrderTerms;
}

/** Levels a side: the most that costs Binance's smallest weight. */
const BOOK_DEPTH = 100;
/** What is sized by funds is rounded down to so many places; every step is coarser. */
const CAPACITY_PLACES = 18;

export function createRoutingSteps({ orders, adapterOf }: RoutingDeps) {
  /** An account that cannot be used loses, with the reason; where there is no other the step fails instead. */
  async function venueOf(accountId: string, facts: RoutingFacts, alone: boolean): Promise<Venue> {
    const { signal, reducing } = facts;
    const adapter = adapterOf(accountId);
    const capacity = capacityOf(accountId, facts);
    try {
      const instrument = await adapter.instrument(signal.symbol);
      const { takerFeeRate, makerFeeRate } = instrument;
      const account = { accountId, exchange: adapter.exchange, capacity };
      const place = { ...placeOf(account, instrument, signal.type), takerFeeRate, makerFeeRate };
      if (!needsBooks(workingOf(signal.execution, reducing))) {
        return { ...place, book: null, fault: null };
      }
      const book = await adapter.orderBook(signal.symbol, BOOK_DEPTH);
      return { ...place, book, fault: bookFault(book, adapter.venueTime()) };
    } catch (error) {
      if (alone || !(error instanceof KeelError)) throw error;
      return { ...UNUSABLE, accountId, exchange: adapter.exchange, capacity, fault: error.message };
    }
  }

  return {
    /** Chooses the order's route and writes it down; one that was chosen before stands. */
    async routeOrder({ orderId }: RouteStep): Promise<RouteResult> {
      const facts = await orders.routingFacts(orderId);
      const { signal, side, quantity, price } = facts;
      const { type, referencePrice } = signal;
      const terms = { orderId, side, type, price, quantity, referencePrice };
      if (facts.route !== null) return { route: facts.route, terms };
      const accounts = candidates(facts);
      const venues = await Promise.all(
        accounts.map((account) => venueOf(account, facts, accounts.length === 1)),
      );
      const route = routeOrder(workingOf(signal.execution, facts.reducing), terms, venues);
      return { route: await orders.recordRoute(orderId, route), terms };
    },

    /** The price at which the next leg of a chase is placed, by the account's book as it is now. */
    async repriceLeg({ orderId, accountId }: RepriceStep): Promise<{ readonly price: string }> {
      const { signal, side } = await orders.routingFacts(orderId);
      const { execution, symbol } = signal;
      if (execution?.kind !== 'chase') {
        throw new KeelError('INVALID_INPUT', `order ${orderId} chases no price`);
      }
      const adapter = adapterOf(accountId);
      const book = await adapter.orderBook(symbol, BOOK_DEPTH);
      return { price: chasePrice(execution, side, book, await adapter.instrument(symbol)) };
    },
  };
}

const UNUSABLE = {
  step: '1',
  minQuantity: '0',
  maxQuantity: '0',
  minNotional: '0',
  takerFeeRate: '0',
  makerFeeRate: '0',
  book: null,
} as const;

/** An exit goes where the position is held, the strategy's own account first; an entry where its plan says. */
function candidates({ signal, reducing, holdings }: RoutingFacts): readonly string[] {
  const home = signal.accountId;
  if (reducing && holdings.length > 0) {
    const holders = holdings.map(({ accountId }) => accountId);
    return holders.includes(home) ? [home, ...holders.filter((id) => id !== home)] : holders;
  }
  const named = accountsOf(signal.execution);
  return named.length === 0 ? [home] : named;
}

/** The most an account can take, in base: what it holds of an exit, what it can pay of an entry. */
function capacityOf(accountId: string, facts: RoutingFacts): string | null {
  if (facts.reducing && facts.holdings.length > 0) {
    const held = facts.holdings.find((part) => part.accountId === accountId)?.quantity ?? '0';
    return toDecimalString(decimal(held).abs());
  }
  const free = facts.free[accountId];
  if (free === undefined || decimal(facts.reservePrice).isZero()) return null;
  const payable = decimal(free).div(facts.reservePrice).toDecimalPlaces(CAPACITY_PLACES, 1);
  return payable.isNegative() ? '0' : toDecimalString(payable);
}
