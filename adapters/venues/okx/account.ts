/** The account's contracts: positions, how they are held, funding, and orders that the venue makes itself. */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import type { Instrument } from '../../../core/instrument.ts';
import { amount } from '../answers.ts';
import type { FundingPayment, VenueMadeOrder, VenuePosition } from '../../trade-adapter.ts';
import type { Listing } from '../listing.ts';
import { quantityOf } from './instruments.ts';
import type { OkxLookup } from './lookup.ts';
import { orderOf, withFills } from './orders.ts';
import { firstRow, type OkxRequests } from './requests.ts';
import { milliseconds, parseAnswer, rowsOf } from './shapes.ts';

const NET_MODE = 'net_mode';
/** Of a bill. */
const FUNDING = '8';
const PAGE = 100;

const positionRow = z.object({ instId: z.string(), posSide: z.string(), pos: amount });
const configRow = z.object({ posMode: z.string() });
const leverageRow = z.object({ lever: amount });
const billRow = z.object({
  billId: z.string().min(1),
  instId: z.string(),
  ccy: z.string().min(1),
  /** What funding changed, signed: also that of a position with a margin of its own. */
  pnl: amount,
  ts: milliseconds,
});

/** The venue's words for orders of its own. */
const CAUSES: Readonly<Record<string, VenueMadeOrder['cause']>> = {
  full_liquidation: 'liquidation',
  partial_liquidation: 'liquidation',
  adl: 'adl',
  delivery: 'settlement',
};

export interface OkxContracts {
  positions(): Promise<readonly VenuePosition[]>;
  /** As it is set at the venue. */
  leverage(instrument: Instrument): Promise<string>;
  /** Net mode and leverage as configured: set while nothing is open, else CONFLICT. */
  prepare(instruments: readonly Instrument[]): Promise<void>;
  fundingSince(instrument: Instrument, since: number): Promise<readonly FundingPayment[]>;
  venueOrdersSince(instrument: Instrument, since: number): Promise<readonly VenueMadeOrder[]>;
}

export function createOkxContracts(
  requests: OkxRequests,
  lookup: OkxLookup,
  terms: {
    readonly tdMode: 'cross' | 'isolated';
    readonly leverage: number;
    readonly listing: Listing;
  },
): OkxContracts {
  const read = async (path: string, params: Readonly<Record<string, string>>): Promise<unknown> =>
    (await requests.signed({ method: 'GET', path, params, purpose: 'read' })).json;

  /** Repeating it does no harm, so that a failure is that of a read. */
  const set = async (path: string, params: Readonly<Record<string, string>>): Promise<void> => {
    await requests.signed({ method: 'POST', path, params, purpose: 'read' });
  };

  const positions = async (): Promise<readonly VenuePosition[]> => {
    const json = await read('account/positions', { instType: 'SWAP' });
    return parseAnswer(rowsOf(positionRow), json, 'GET positions').data.flatMap((row) => {
      const instrument = terms.listing.ofVenue(row.instId);
      return instrument === undefined || row.pos === '0'
        ? []
        : [{ symbol: instrument.symbol, quantity: quantityOf(row.pos, instrument) }];
    });
  };

  const isBusy = async (instruments: readonly Instrument[]): Promise<boolean> => {
    const held = await positions();
    for (const instrument of instruments) {
      if (held.some(({ symbol }) => symbol === instrument.symbol)) return true;
      if ((await lookup.openOrders(instrument)).length > 0) return true;
    }
    return false;
  };

  const leverage = async ({ venueSymbol: instId }: Instrument): Promise<string> => {
    const json = await read('account/leverage-info', { instId, mgnMode: terms.tdMode });
    return firstRow(leverageRow, json, 'GET leverage-info').lever;
  };

  const refuse = (what: string, stands: string, wanted: string): KeelError =>
    new KeelError(
      'CONFLICT',
      `${what} is ${stands} at OKX, wanted is ${wanted}, and it is not changed while a position or an order ` +
        'is open: close them first',
    );

  return {
    positions,
    leverage,
    async prepare(instruments) {
      if (instruments.length === 0) return;
      const { posMode } = firstRow(configRow, await read('account/config', {}), 'GET config');
      if (posMode !== NET_MODE) {
        if (await isBusy(instruments)) throw refuse('the position mode', posMode, NET_MODE);
        await set('account/set-position-mode', { posMode: NET_MODE });
      }
      const wanted = String(terms.leverage);
      for (const instrument of instruments) {
        const stands = await leverage(instrument);
        if (stands === wanted) continue;
        if (await isBusy([instrument])) {
          throw refuse(`the leverage of ${instrument.symbol}`, stands, wanted);
        }
        const { venueSymbol: instId } = instrument;
        await set('account/set-leverage', { instId, lever: wanted, mgnMode: terms.tdMode });
      }
    },

    async fundingSince(instrument, since) {
      const found: z.infer<typeof billRow>[] = [];
      for (let after = {}; ;) {
        const { venueSymbol: instId } = instrument;
        const json = await read('account/bills', {
          ...{ instType: 'SWAP', type: FUNDING, instId, begin: String(since) },
          ...after,
        });
        const page = parseAnswer(rowsOf(billRow), json, 'GET bills').data;
        found.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) break;
        after = { after: last.billId };
      }
      return found
        .filter(({ instId, ts }) => instId === instrument.venueSymbol && ts >= since)
        .reverse()
        .map(({ billId, ccy, pnl, ts }) => ({
          venueFundingId: billId,
          symbol: instrument.symbol,
          asset: ccy,
          amount: pnl,
          paidAt: ts,
        }));
    },

    async venueOrdersSince(instrument, since) {
      const made: VenueMadeOrder[] = [];
      for (const raw of await lookup.ordersSince(instrument, since)) {
        const cause = CAUSES[raw.category];
        if (cause === undefined || raw.accFillSz === '0') continue;
        // The venue gives its own orders no client id.
        const named = { ...raw, clOrdId: raw.clOrdId === '' ? `okx-${raw.ordId}` : raw.clOrdId };
        const fills = await lookup.fillsOf(instrument, named);
        made.unshift({ cause, ...withFills(orderOf(named, instrument), fills) });
      }
      return made;
    },
  };
}
