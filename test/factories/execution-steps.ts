/** Fake steps of an order of several legs: a venue in memory that does with each leg what the test says. */
import type { NewLeg, OrderActivities } from '../../activities/order-activities.ts';
import type { Place, OrderTerms } from '../../core/execution/strategy.ts';
import type { Route } from '../../core/execution/route.ts';
import { isFinalLeg } from '../../core/leg-machine.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { LegView } from '../../core/order.ts';
import { clientOrderId } from '../../core/signal.ts';
import { createPlace, createTerms } from './execution.ts';
import { facts, fakeSteps, legView, type FakeSteps } from './order-steps.ts';

export interface LegSteps extends FakeSteps {
  /** Quantities of the legs sent, by their numbers. */
  readonly sent: Map<number, string>;
  /** As they are at the venue. */
  readonly legs: Map<number, LegView>;
  /** A fill, or an end, that the venue made by itself. */
  change(legNumber: number, change: Partial<LegView>): void;
}

/**
 * @param options.atVenue what becomes of a leg as it is sent; default: filled
 * @param options.places default: `home`, that takes all
 */
export function legSteps(options: {
  readonly kind: Route['kind'];
  readonly terms?: Partial<OrderTerms>;
  readonly places?: readonly Place[];
  readonly shares?: Route['shares'];
  readonly atVenue?: (leg: NewLeg) => Partial<LegView>;
  readonly steps?: Partial<OrderActivities>;
}): LegSteps {
  const sent = new Map<number, string>();
  const legs = new Map<number, LegView>();
  const terms = createTerms(options.terms);
  const places = [...(options.places ?? [createPlace()])];
  const outcome = (leg: LegView) => ({
    leg,
    finished: isFinalLeg(leg.state),
    order: facts({
      state: 'working',
      status: 'partially_filled',
      quantity: terms.quantity,
      filledQuantity: filledBy([...legs.values()]),
    }),
  });
  const ofLeg = (legNumber: number): LegView => {
    const leg = legs.get(legNumber);
    if (leg === undefined) throw new Error(`leg ${String(legNumber)} was never sent`);
    return leg;
  };
  const put = (leg: NewLeg, change: Partial<LegView>): LegView => {
    const view = legView({
      clientOrderId: clientOrderId(leg.orderId, leg.legNumber),
      legNumber: leg.legNumber,
      accountId: leg.accountId ?? 'home',
      venueOrderId: String(leg.legNumber),
      quantity: leg.quantity,
      price: leg.price,
      ...change,
    });
    legs.set(leg.legNumber, view);
    return view;
  };
  const place = (leg: NewLeg, resend: boolean): LegView => {
    const known = legs.get(leg.legNumber);
    if (known !== undefined) return known;
    if (!resend) return put(leg, { state: 'cancelled', venueOrderId: null });
    sent.set(leg.legNumber, leg.quantity);
    const filled = { state: 'filled', filledQuantity: leg.quantity } as const;
    return put(leg, options.atVenue?.(leg) ?? filled);
  };
  const base = fakeSteps({
    routeOrder: ({ orderId }) =>
      Promise.resolve({
        route: { kind: options.kind, places, shares: options.shares ?? [], why: ['home'] },
        terms: { ...terms, orderId },
      }),
    placeOrder: ({ leg }) => Promise.resolve(outcome(place(leg, true))),
    resolveOrder: ({ leg, resend }) => Promise.resolve(outcome(place(leg, resend))),
    trackOrder: async ({ clientOrderId: id, lastSeen }) => {
      for (let looks = 0; ; looks += 1) {
        const leg = [...legs.values()].find((one) => one.clientOrderId === id);
        if (leg === undefined) throw new Error(`no leg ${id}`);
        const news = leg.state !== lastSeen.state || leg.filledQuantity !== lastSeen.filledQuantity;
        if (news || looks > 200) return { kind: 'changed', ...outcome(leg) };
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    cancelOrder: ({ leg }) => {
      const view = place(leg, false);
      const ended = isFinalLeg(view.state) ? view : { ...view, state: 'cancelled' as const };
      legs.set(leg.legNumber, ended);
      return Promise.resolve(outcome(ended));
    },
    ...options.steps,
  });
  return {
    ...base,
    sent,
    legs,
    change: (legNumber, change) => {
      legs.set(legNumber, { ...ofLeg(legNumber), ...change });
    },
  };
}

export function filledBy(legs: readonly Pick<LegView, 'filledQuantity'>[]): string {
  return toDecimalString(legs.reduce((sum, leg) => sum.plus(leg.filledQuantity), decimal('0')));
}
