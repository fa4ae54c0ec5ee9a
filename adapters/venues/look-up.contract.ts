/**
 * What every adapter owes whoever looks for an order that may be lost: null only when each place was asked and
 * answered, and no start from the beginning where one question fails.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Instrument } from '../../core/instrument.ts';
import { faultScriptSchema } from '../../simulator/faults.ts';
import type { Simulator } from '../../simulator/options.ts';
import type { TradeAdapter } from '../trade-adapter.ts';
import { orderRequest } from './trade-adapter.contract.ts';

export interface LookUpWorld {
  readonly venue: Simulator;
  readonly adapter: TradeAdapter;
  /** Of the venue as it is: the adapter's own asks each question again. It waits half a second for an answer. */
  readonly lookup: {
    everywhere(instrument: Instrument, clientOrderId: string): Promise<unknown>;
  };
}

const UNAVAILABLE = { kind: 'status', status: 503, when: 'before' };

/** @param places the paths at which the venue is asked for an order that it does not have, in turn */
export function describeLookUps(
  name: string,
  open: () => Promise<LookUpWorld>,
  { symbol, places }: { readonly symbol: string; readonly places: readonly string[] },
): void {
  describe(`a look-up at ${name}`, () => {
    let world: LookUpWorld;

    beforeEach(async () => {
      world = await open();
      await world.adapter.connect();
    });
    afterEach(async () => {
      await world.adapter.disconnect();
      await world.venue.close();
    });

    const inject = (fault: object, match: object): void => {
      world.venue.faults.add(
        faultScriptSchema.parse([{ match: { method: 'GET', ...match }, fault }]),
      );
    };
    const refused = { code: 'VENUE_UNAVAILABLE' };

    it.each<[string, object]>([
      ['503', UNAVAILABLE],
      ['HTML with status 200', { kind: 'html' }],
      ['silence', { kind: 'dropAnswer', how: 'hang' }],
    ])('throws, and does not say null, when it meets %s', async (_what, fault) => {
      const { adapter, lookup } = world;
      const instrument = await adapter.instrument(symbol);
      const { clientOrderId } = orderRequest();
      for (const path of places) {
        inject(fault, { path });
        await expect(lookup.everywhere(instrument, clientOrderId)).rejects.toMatchObject(refused);
      }
      expect(await lookup.everywhere(instrument, clientOrderId)).toBeNull();
    });

    it('goes on where one of its questions fails', async () => {
      const { adapter, venue } = world;
      for (const path of places) inject(UNAVAILABLE, { path });
      expect(await adapter.findOrder(orderRequest({ symbol }))).toBeNull();
      expect(venue.faults.report().total).toBe(places.length);
      inject(UNAVAILABLE, { path: places.at(-1), times: 0 });
      await expect(adapter.findOrder(orderRequest({ symbol }))).rejects.toMatchObject(refused);
    });
  });
}
