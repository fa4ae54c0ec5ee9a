/** What every adapter owes when the venue fails: what is undecided stays so, and is found. Orders of spot. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultScriptSchema } from '../../simulator/faults.ts';
import type { Simulator } from '../../simulator/options.ts';
import { waitFor } from '../../test/wait-for.ts';
import type { OrderNotice, PlaceOrderRequest, TradeAdapter } from '../trade-adapter.ts';
import { orderRequest, restingRequest } from './trade-adapter.contract.ts';

export interface FailingWorld {
  readonly venue: Simulator;
  /** It waits half a second for an answer. */
  readonly adapter: TradeAdapter;
}

export interface FaultFacts {
  /** Orders that are sent in different ways, all of them taken. */
  readonly requests: () => readonly PlaceOrderRequest[];
  /** An error code that the venue does not document. */
  readonly unlistedCode: number;
  /** Of 0.004 filled as maker. */
  readonly partialFill: object;
  /** What the simulator calls the user stream's messages about orders. */
  readonly userEvent: string;
}

export function describeVenueFaults(
  name: string,
  open: () => Promise<FailingWorld>,
  facts: FaultFacts,
): void {
  describe(`the ${name} adapter when the venue fails as any does`, () => {
    let venue: Simulator;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      ({ venue, adapter } = await open());
      await adapter.connect();
    });
    afterEach(async () => {
      await adapter.disconnect();
      await venue.close();
    });

    const inject = (fault: object, match: object = { action: 'place' }): void => {
      venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
    };
    const venueOrders = (): number => venue.orders().orders.length;
    const undecided = { code: 'VENUE_UNKNOWN_OUTCOME' };

    it.each<[string, object]>([
      ['cuts the answer', { kind: 'dropAnswer', how: 'cut' }],
      ['never answers', { kind: 'dropAnswer', how: 'hang' }],
      ['answers HTML with status 200', { kind: 'html' }],
      ['answers 503 after it acted', { kind: 'status', status: 503, when: 'after' }],
      ['answers that it does not know the outcome', { kind: 'outcomeUnknown' }],
      [
        'answers a code that is not listed',
        { kind: 'status', status: 400, when: 'after', body: 'json', code: facts.unlistedCode },
      ],
    ])(
      'leaves a send undecided when it %s, and finds the one order that exists',
      async (_what, fault) => {
        const requests = facts.requests();
        for (const request of requests) {
          inject(fault);
          await expect(adapter.placeOrder(request)).rejects.toMatchObject(undecided);
          expect((await adapter.findOrder(request))?.order).toMatchObject({
            clientOrderId: request.clientOrderId,
            state: request.type === 'market' ? 'filled' : 'open',
          });
        }
        expect(venueOrders()).toBe(requests.length);
      },
    );

    it('leaves a send undecided when it never arrived, and finds nothing', async () => {
      inject({ kind: 'dropRequest' });
      const request = orderRequest();
      await expect(adapter.placeOrder(request)).rejects.toMatchObject(undecided);
      expect(await adapter.findOrder(request)).toBeNull();
      expect(venueOrders()).toBe(0);
    });

    it('measures its clock again where the venue refuses its time, and sends once more', async () => {
      inject({ kind: 'clock' });
      expect((await adapter.placeOrder(orderRequest())).order.state).toBe('filled');
      expect(venueOrders()).toBe(1);
    });

    it('tells partial fills, each once', async () => {
      inject({ kind: 'partialFill', quantities: ['0.004'], rest: 'leave' });
      const request = restingRequest();
      await adapter.placeOrder(request);
      venue.advance(2);
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(order).toMatchObject({ state: 'partially_filled', filledQuantity: '0.004' });
      expect(fills).toMatchObject([facts.partialFill]);
    });

    it('sees an order of its own that reads do not show yet only later, and throws nothing', async () => {
      inject({ kind: 'hideOrder', ms: 2_000 });
      const request = restingRequest();
      await adapter.placeOrder(request);
      await expect(adapter.getOrderStatus(request)).rejects.toMatchObject({
        code: 'VENUE_ORDER_NOT_FOUND',
      });
      let found = await adapter.findOrder(request);
      while (found === null) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        found = await adapter.findOrder(request);
      }
      expect(found.order.state).toBe('open');
    });

    it('is not harmed by malformed user events', async () => {
      const notices: OrderNotice[] = [];
      const watch = await adapter.watchOrders((notice) => notices.push(notice));
      inject({ kind: 'malformed' }, { method: 'USER', path: facts.userEvent });
      await adapter.placeOrder(restingRequest());
      const second = restingRequest();
      await adapter.placeOrder(second);
      await waitFor(() => notices.some((one) => one.clientOrderId === second.clientOrderId));
      await watch.close();
    });
  });
}
