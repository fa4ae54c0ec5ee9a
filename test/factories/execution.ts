/** Orders, places and venues for the tests of execution strategies, and a venue that fills what is sent. */
import type {
  ExecutionStrategy,
  LegFact,
  OrderTerms,
  Place,
} from '../../core/execution/strategy.ts';
import type { Venue } from '../../core/execution/venues.ts';
import { decimal, toDecimalString } from '../../core/money.ts';

export function createTerms(change: Partial<OrderTerms> = {}): OrderTerms {
  return {
    orderId: 'a'.repeat(24),
    side: 'buy',
    type: 'market',
    price: null,
    quantity: '1',
    referencePrice: '100',
    ...change,
  };
}

export function createPlace(change: Partial<Place> = {}): Place {
  return {
    accountId: 'home',
    exchange: 'binance',
    step: '0.01',
    minQuantity: '0.01',
    maxQuantity: '1000',
    minNotional: '5',
    capacity: null,
    ...change,
  };
}

export function createVenue(change: Partial<Venue> = {}): Venue {
  return {
    ...createPlace(),
    takerFeeRate: '0.001',
    makerFeeRate: '0.0005',
    book: { bids: [['99', '10']], asks: [['101', '10']] },
    fault: null,
    ...change,
  };
}

/** The order's legs as they end, by what `fill` says of each: the filled quantity and its last state. */
export function runToEnd(
  strategy: ExecutionStrategy,
  options: {
    readonly startsAt: number;
    readonly fill?: (leg: LegFact) => Pick<LegFact, 'filled' | 'state' | 'live'>;
    /** Later than asked for by as much, at each wait: an outage. */
    readonly oversleepMs?: (waits: number) => number;
  },
): { readonly legs: readonly LegFact[]; readonly reason: string | null; readonly endedAt: number } {
  const fill =
    options.fill ?? ((leg) => ({ filled: leg.quantity, state: 'filled' as const, live: false }));
  let legs: readonly LegFact[] = [];
  let now = options.startsAt;
  let waits = 0;
  for (let rounds = 0; rounds < 5_000; rounds += 1) {
    const decision = strategy.decide({ now, legs });
    switch (decision.kind) {
      case 'done':
        return { legs, reason: decision.reason, endedAt: now };
      case 'send':
        for (const plan of decision.legs) {
          const born: LegFact = {
            ...plan,
            legNumber: legs.length + 1,
            begunAt: now,
            live: true,
            state: 'open',
            filled: '0',
            errorCode: null,
          };
          legs = [...legs, { ...born, ...fill(born) }];
        }
        break;
      case 'cancel':
        legs = legs.map((leg) =>
          decision.legNumbers.includes(leg.legNumber)
            ? { ...leg, live: false, state: 'cancelled' as const }
            : leg,
        );
        break;
      case 'wait':
        if (decision.until === null) throw new Error('it waits for a leg that never changes');
        now = Math.max(now, decision.until) + (options.oversleepMs?.((waits += 1)) ?? 0);
    }
  }
  throw new Error('the order did not come to an end');
}

export function totalOf(legs: readonly { readonly quantity: string }[]): string {
  return toDecimalString(legs.reduce((sum, leg) => sum.plus(leg.quantity), decimal('0')));
}
