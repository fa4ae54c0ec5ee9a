/** The account: wallet, positions, own trades, income, and its settings, signed. */
import { decimal } from '../../core/money.ts';
import { VenueError } from '../binance/errors.ts';
import { mandatoryText, optionalInteger, symbolName } from '../binance/parameters.ts';
import type { VenueRequest } from '../binance/venue.ts';
import { positionRecord, tradeRecord } from './shapes.ts';
import { contractNamed, isOpen, type UsdmVenue } from './venue.ts';

function assetRecord(venue: UsdmVenue, asset: string): Record<string, unknown> {
  const { balances, contracts } = venue.engine;
  const wallet = balances.get(asset).free;
  const available = contracts.available(asset, venue.engine.openOrders());
  return {
    asset,
    accountAlias: 'SgsR',
    balance: wallet.toFixed(),
    walletBalance: wallet.toFixed(),
    crossWalletBalance: wallet.toFixed(),
    availableBalance: (available.isNegative() ? decimal('0') : available).toFixed(),
    updateTime: venue.replay.marketTime,
  };
}

export function getBalances(venue: UsdmVenue): object[] {
  return venue.engine.balances.all().map(({ asset }) => assetRecord(venue, asset));
}

function held(venue: UsdmVenue): object[] {
  return venue.engine.contracts
    .positions()
    .filter(({ quantity }) => quantity !== '0')
    .map((position) => positionRecord(venue, position));
}

export function getAccount(venue: UsdmVenue): object {
  return { assets: getBalances(venue), positions: held(venue) };
}

export function getPositionRisk(venue: UsdmVenue, { params }: VenueRequest): object[] {
  const name = params.get('symbol');
  if (name === null) {
    return held(venue);
  }
  const { symbol } = contractNamed(venue, name);
  return [positionRecord(venue, venue.engine.contracts.position(symbol))];
}

/** GET /fapi/v1/userTrades: from `fromId` or `startTime` on, of `orderId`, else the newest; oldest first. */
export function getUserTrades(venue: UsdmVenue, { params }: VenueRequest): object[] {
  const { venueSymbol } = contractNamed(venue, symbolName(params));
  const orderId = optionalInteger(params, 'orderId');
  const fromId = optionalInteger(params, 'fromId');
  const from = optionalInteger(params, 'startTime');
  const to = optionalInteger(params, 'endTime') ?? Infinity;
  const limit = optionalInteger(params, 'limit') ?? 500;
  const found = venue.engine
    .trades()
    .filter(
      ({ order, tradeId, at }) =>
        order.instrument.venueSymbol === venueSymbol &&
        !venue.isHidden(order.orderId) &&
        (orderId === undefined || order.orderId === orderId) &&
        tradeId >= (fromId ?? 0) &&
        at >= (from ?? 0) &&
        at <= to,
    );
  const anchored = fromId !== undefined || from !== undefined;
  return (anchored ? found.slice(0, limit) : found.slice(-limit)).map(tradeRecord);
}

/** GET /fapi/v1/income: funding only; what trades earn is in userTrades. */
export function getIncome(venue: UsdmVenue, { params }: VenueRequest): object[] {
  const name = params.get('symbol');
  const from = optionalInteger(params, 'startTime') ?? 0;
  const to = optionalInteger(params, 'endTime') ?? Infinity;
  const limit = optionalInteger(params, 'limit') ?? 100;
  const type = params.get('incomeType');
  if (type !== null && type !== 'FUNDING_FEE') {
    return [];
  }
  return venue.engine.contracts
    .funding()
    .map((record) => ({
      ...record,
      name: venue.instruments.find((one) => one.symbol === record.symbol)?.venueSymbol ?? '',
    }))
    .filter(
      (record) => (name === null || record.name === name) && record.at >= from && record.at <= to,
    )
    .slice(0, limit)
    .map((record) => ({
      symbol: record.name,
      incomeType: 'FUNDING_FEE',
      income: record.amount,
      asset: record.asset,
      info: 'FUNDING_FEE',
      time: record.at,
      tranId: record.fundingId,
      tradeId: '',
    }));
}

export function getCommissionRate(venue: UsdmVenue, { params }: VenueRequest): object {
  const instrument = contractNamed(venue, symbolName(params));
  return {
    symbol: instrument.venueSymbol,
    makerCommissionRate: instrument.makerFeeRate,
    takerCommissionRate: instrument.takerFeeRate,
  };
}

/** GET /fapi/v1/symbolConfig: leverage and margin type. */
export function getSymbolConfig(venue: UsdmVenue, { params }: VenueRequest): object[] {
  const name = params.get('symbol');
  return venue.instruments
    .filter((instrument) => name === null || instrument.venueSymbol === name)
    .map(({ symbol, venueSymbol }) => {
      const { leverage, marginType } = venue.engine.contracts.settings(symbol);
      return {
        symbol: venueSymbol,
        marginType: marginType === 'cross' ? 'CROSSED' : 'ISOLATED',
        isAutoAddMargin: false,
        leverage,
        maxNotionalValue: '1000000',
      };
    });
}

export function setLeverage(venue: UsdmVenue, { params }: VenueRequest): object {
  const { symbol, venueSymbol } = contractNamed(venue, symbolName(params));
  const leverage = optionalInteger(params, 'leverage') ?? 0;
  if (leverage < 1 || leverage > 125) {
    throw new VenueError(-4028, `Leverage ${String(leverage)} is not valid`);
  }
  venue.engine.contracts.set(symbol, { leverage });
  return { leverage, maxNotionalValue: '1000000', symbol: venueSymbol };
}

export function setMarginType(venue: UsdmVenue, { params }: VenueRequest): object {
  const { symbol } = contractNamed(venue, symbolName(params));
  const word = mandatoryText(params, 'marginType', '^(ISOLATED|CROSSED)$');
  const marginType = word === 'CROSSED' ? 'cross' : 'isolated';
  const { contracts } = venue.engine;
  if (contracts.settings(symbol).marginType === marginType) {
    throw new VenueError(-4046, 'No need to change margin type.');
  }
  if (contracts.position(symbol).quantity !== '0') {
    throw new VenueError(-4048, 'Margin type cannot be changed if there exists position.');
  }
  if (venue.engine.openOrders().some(({ instrument }) => instrument.symbol === symbol)) {
    throw new VenueError(-4047, 'Margin type cannot be changed if there exists open orders.');
  }
  contracts.set(symbol, { marginType });
  return { code: 200, msg: 'success' };
}

export function getPositionMode(venue: UsdmVenue): object {
  return { dualSidePosition: venue.account.hedgeMode };
}

export function setPositionMode(venue: UsdmVenue, { params }: VenueRequest): object {
  const hedgeMode = mandatoryText(params, 'dualSidePosition', '^(true|false)$') === 'true';
  if (venue.account.hedgeMode === hedgeMode) {
    throw new VenueError(-4059, 'No need to change position side.');
  }
  const busy =
    venue.engine.contracts.positions().some(({ quantity }) => quantity !== '0') ||
    venue.engine.orders().some(isOpen);
  if (busy) {
    throw new VenueError(-4068, 'Position side cannot be changed if there exists position.');
  }
  venue.account.hedgeMode = hedgeMode;
  return { code: 200, msg: 'success' };
}
