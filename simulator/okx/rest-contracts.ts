/** Swaps: positions, position mode, leverage, and funding among the account's bills, signed. */
import type { Instrument } from '../../core/instrument.ts';
import { unrealisedPnl } from '../../core/ledger.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { FundingRecord } from '../orders.ts';
import { badParameter, badRow, leverageTooHigh, settingsLocked } from './errors.ts';
import { sizeOf } from './instruments.ts';
import { mandatory, oneOf, pageOf, type Row, wholeNumber } from './parameters.ts';
import { instrumentOf } from './rest-trade.ts';
import { instrumentNamed, instTypeOf, type OkxVenue } from './venue.ts';

const MAX_LEVERAGE = 100;
/** Of a bill: funding, paid and received. */
const FUNDING = '8';
const PAID = '173';
const RECEIVED = '174';

/** GET /api/v5/account/positions: what is held, in net mode. */
export function getPositions(venue: OkxVenue, query: URLSearchParams): object[] {
  const { contracts } = venue.engine;
  const instId = query.get('instId');
  return contracts.positions().flatMap((position) => {
    const instrument = venue.instruments.find(({ symbol }) => symbol === position.symbol);
    const wanted = instId === null || instrument?.venueSymbol === instId;
    if (instrument === undefined || position.quantity === '0' || !wanted) {
      return [];
    }
    const { leverage, marginType } = contracts.settings(position.symbol);
    const mark = contracts.markPrice(position.symbol);
    return [
      {
        adl: '0',
        avgPx: toDecimalString(decimal(position.cost).div(position.quantity).abs()),
        ccy: instrument.settle,
        instId: instrument.venueSymbol,
        instType: 'SWAP',
        lever: String(leverage),
        liqPx: contracts.liquidationPrice(position.symbol) ?? '',
        markPx: mark,
        mgnMode: marginType,
        pos: sizeOf(position.quantity, instrument),
        posSide: 'net',
        upl: unrealisedPnl(position, mark),
        uTime: String(venue.replay.marketTime),
      },
    ];
  });
}

/** GET /api/v5/account/leverage-info. */
export function getLeverage(venue: OkxVenue, query: URLSearchParams): object[] {
  const { symbol, venueSymbol } = instrumentNamed(venue, query.get('instId') ?? '');
  const mgnMode = oneOf(query, 'mgnMode', ['cross', 'isolated']);
  const lever = String(venue.engine.contracts.settings(symbol).leverage);
  return [{ instId: venueSymbol, lever, mgnMode, posSide: 'net' }];
}

/** POST /api/v5/account/set-leverage. Throws `RowError`. */
export function setLeverage(venue: OkxVenue, row: Row): object {
  const instrument = instrumentOf(venue, row);
  const lever = mandatory(row, 'lever');
  const mgnMode = mandatory(row, 'mgnMode');
  if (!/^\d+$/.test(lever) || (mgnMode !== 'cross' && mgnMode !== 'isolated')) {
    throw badRow('lever');
  }
  if (Number(lever) > MAX_LEVERAGE) {
    throw leverageTooHigh();
  }
  venue.engine.contracts.set(instrument.symbol, { leverage: Number(lever) });
  return { instId: instrument.venueSymbol, lever, mgnMode, posSide: 'net' };
}

/** POST /api/v5/account/set-position-mode. Throws `RowError` while something is open. */
export function setPositionMode(venue: OkxVenue, row: Row): object {
  const posMode = mandatory(row, 'posMode');
  if (posMode !== 'net_mode' && posMode !== 'long_short_mode') {
    throw badRow('posMode');
  }
  const { contracts } = venue.engine;
  const held = contracts.positions().some(({ quantity }) => quantity !== '0');
  if (held || venue.engine.openOrders().length > 0) {
    throw settingsLocked();
  }
  venue.account.hedgeMode = posMode === 'long_short_mode';
  return { posMode };
}

/** GET /api/v5/account/bills: funding only, newest first, pages by billId. */
export function getBills(venue: OkxVenue, query: URLSearchParams): object[] {
  if (query.get('type') !== FUNDING) {
    throw badParameter('type');
  }
  const instId = query.get('instId');
  const begin = wholeNumber(query, 'begin') ?? 0;
  const end = wholeNumber(query, 'end') ?? Infinity;
  const named = ({ symbol }: FundingRecord): Instrument | undefined =>
    venue.instruments.find((instrument) => instrument.symbol === symbol);
  const newestFirst = venue.engine.contracts
    .funding()
    .filter(
      (record) =>
        record.at >= begin &&
        record.at <= end &&
        (instId === null || named(record)?.venueSymbol === instId),
    )
    .toReversed();
  return pageOf(newestFirst, query, ({ fundingId }) => fundingId).map((record) => {
    const instrument = named(record);
    return {
      bal: '',
      balChg: record.amount,
      billId: String(record.fundingId),
      ccy: record.asset,
      instId: instrument?.venueSymbol ?? '',
      instType: instrument === undefined ? '' : instTypeOf(instrument),
      pnl: record.amount,
      subType: decimal(record.amount).isNegative() ? PAID : RECEIVED,
      ts: String(record.at),
      type: FUNDING,
    };
  });
}
