/**
 * Ending an order: final in the books, and what it still holds back is freed, once. A plain function over
 * ports, like placement.ts; run again after a crash at any point it does no harm.
 */
import type { FinalState, OrderRepository } from '../adapters/order-repository.ts';
import { isFinalLeg } from '../core/leg-machine.ts';
import type { OrderView } from '../core/order.ts';
import { giveUp, type LegPorts } from './placement.ts';

export interface SettlePorts {
  readonly store: Pick<OrderRepository, 'getLeg'> & {
    getOrder(orderId: string): Promise<{
      readonly legs: readonly Pick<OrderView['legs'][number], 'clientOrderId' | 'state'>[];
    }>;
    settle(orderId: string, final: FinalState): Promise<unknown>;
  };
  /** Of the account that trades a leg; throws UNAVAILABLE where it is not known here. */
  legPorts(accountId: string): LegPorts;
}

export type Settled =
  | { readonly settled: true }
  /** This leg may live at the venue: it is resolved, or cancelled and verified, first. */
  | { readonly settled: false; readonly clientOrderId: string };

/** Settles the order, unless a leg of it may be live. A leg that nobody has claimed to send is given up. */
export async function settle(
  ports: SettlePorts,
  orderId: string,
  final: FinalState,
): Promise<Settled> {
  const { store } = ports;
  const { legs } = await store.getOrder(orderId);
  for (const { clientOrderId } of legs.filter((leg) => !isFinalLeg(leg.state))) {
    const leg = await store.getLeg(clientOrderId);
    if (leg.sendState !== 'new') return { settled: false, clientOrderId };
    const given = await giveUp(ports.legPorts(leg.accountId), leg, 'cancelled');
    if (!('finished' in given)) return { settled: false, clientOrderId };
  }
  await store.settle(orderId, final);
  return { settled: true };
}
