/**
 * The account as it must be set to trade: one position a contract (one-way mode), margin type and leverage as
 * configured. What differs is set while nothing is open, else a person is told.
 */
import { KeelError } from '../../../../core/errors.ts';
import type { Instrument } from '../../../../core/instrument.ts';
import type { BinanceRequests, SignedRequest } from '../requests.ts';
import { parseAnswer } from '../shapes.ts';
import { positionModeSchema, type SymbolConfig, symbolConfigSchema } from './shapes.ts';

export interface ContractAccountTerms {
  readonly leverage: number;
  readonly marginType: 'cross' | 'isolated';
}

/** "No need to change …": it is so already. */
const AS_WANTED = ['-4046', '-4059'];

export function createContractAccount(
  requests: BinanceRequests,
  terms: ContractAccountTerms,
  /** Whether a position or an order is open, on one contract or, without a name, on any. */
  isBusy: (instrument?: Instrument) => Promise<boolean>,
) {
  const read = async (path: string, params: SignedRequest['params'], weight: number) =>
    (await requests.signed({ method: 'GET', path, params, purpose: 'read', weight })).json;

  const set = async (path: string, params: SignedRequest['params']): Promise<void> => {
    try {
      await requests.signed({ method: 'POST', path, params, purpose: 'read', weight: 1 });
    } catch (error) {
      const code = error instanceof KeelError ? String(error.details?.venueCode) : '';
      if (!AS_WANTED.includes(code)) throw error;
    }
  };

  const refuse = (what: string, stands: string, wanted: string): KeelError =>
    new KeelError(
      'CONFLICT',
      `${what} is ${stands} at Binance, configured is ${wanted}, and it cannot be changed while a position or ` +
        `an order is open: close them, or configure ${stands}`,
    );

  const config = async (instrument: Instrument): Promise<SymbolConfig> => {
    const json = await read('symbolConfig', { symbol: instrument.venueSymbol }, 5);
    const [found] = parseAnswer(symbolConfigSchema, json, 'GET symbolConfig');
    if (found !== undefined) return found;
    throw new KeelError('VENUE_UNAVAILABLE', `Binance tells no settings of ${instrument.symbol}`);
  };

  return {
    config,

    async prepare(instruments: readonly Instrument[]): Promise<void> {
      const mode = parseAnswer(
        positionModeSchema,
        await read('positionSide/dual', {}, 30),
        'GET positionSide/dual',
      );
      if (mode.dualSidePosition) {
        if (await isBusy()) throw refuse('the position mode', 'hedge mode', 'one-way mode');
        await set('positionSide/dual', { dualSidePosition: 'false' });
      }
      const marginType = terms.marginType === 'cross' ? 'CROSSED' : 'ISOLATED';
      for (const instrument of instruments) {
        const stands = await config(instrument);
        const symbol = instrument.venueSymbol;
        const same =
          stands.marginType === marginType && stands.leverage === terms.leverage ? true : null;
        if (same !== null) continue;
        if (await isBusy(instrument)) {
          const said = (type: string, leverage: number): string =>
            `${type.toLowerCase()} ${String(leverage)}x`;
          throw refuse(
            `the margin of ${instrument.symbol}`,
            said(stands.marginType, stands.leverage),
            said(marginType, terms.leverage),
          );
        }
        if (stands.marginType !== marginType) await set('marginType', { symbol, marginType });
        if (stands.leverage !== terms.leverage) {
          await set('leverage', { symbol, leverage: terms.leverage });
        }
      }
    },
  };
}
