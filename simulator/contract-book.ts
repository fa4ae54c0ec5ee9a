/**
 * The account's linear contracts: one position a symbol (one-way mode), leverage, cross or isolated margin,
 * funding. All arithmetic is core's. Money is in `balances`, in the settlement asset.
 */
import {
  closingQuantity,
  fundingPayment,
  growth,
  initialMargin,
  liquidationPrice,
  maintenanceMargin,
} from '../core/contract.ts';
import { barPath, stopReachedPrice } from '../core/fill-model.ts';
import type { Instrument } from '../core/instrument.ts';
import {
  applyFill,
  applyFunding,
  type BookableFill,
  emptyPosition,
  realisedByFill,
  unrealisedPnl,
} from '../core/ledger.ts';
import { Decimal, decimal } from '../core/money.ts';
import type { Position } from '../core/position.ts';
import { parseSymbol } from '../core/symbol.ts';
import type { Balances } from './balances.ts';
import type { Candle } from './candles.ts';
import type { EngineOrder, FundingRecord, NewOrder, VenueCause } from './orders.ts';
import { distanceTo, restingPrice } from './order-terms.ts';

export interface ContractSettings {
  readonly leverage: number;
  readonly marginType: 'cross' | 'isolated';
}

export interface ContractTerms {
  /** What a symbol is set to until it is set otherwise. */
  readonly settings: ContractSettings;
  /** Maintenance margin as a fraction of notional. */
  readonly maintenanceRate: string;
  /** The mark of the moment. */
  readonly markPrice: (symbol: string) => string;
}

export type Ohlc = Pick<Candle, 'open' | 'high' | 'low' | 'close'>;

/** A part of a minute's path, in quote units walked since its open. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** How the venue closes a position by itself: all of it, or so much. */
export interface VenueClose {
  readonly cause: VenueCause;
  readonly price: string;
  readonly quantity?: string;
}

export class ContractBook {
  readonly #balances: Balances;
  readonly #terms: ContractTerms;
  readonly #positions = new Map<string, Position>();
  readonly #settings = new Map<string, ContractSettings>();
  readonly #funding: FundingRecord[] = [];

  constructor(balances: Balances, terms: ContractTerms) {
    this.#balances = balances;
    this.#terms = terms;
  }

  restore(kept: {
    readonly positions: readonly Position[];
    readonly settings: readonly (ContractSettings & { readonly symbol: string })[];
    readonly funding: readonly FundingRecord[];
  }): void {
    for (const position of kept.positions) {
      this.#positions.set(position.symbol, position);
    }
    for (const { symbol, ...settings } of kept.settings) {
      this.#settings.set(symbol, settings);
    }
    this.#funding.push(...kept.funding);
  }

  /** Of every symbol that was ever held, flat ones included. */
  positions(): readonly Position[] {
    return [...this.#positions.values()];
  }

  position(symbol: string): Position {
    return this.#positions.get(symbol) ?? emptyPosition(symbol);
  }

  /** What was set, by symbol. */
  allSettings(): readonly (ContractSettings & { readonly symbol: string })[] {
    return [...this.#settings].map(([symbol, settings]) => ({ symbol, ...settings }));
  }

  settings(symbol: string): ContractSettings {
    return this.#settings.get(symbol) ?? this.#terms.settings;
  }

  set(symbol: string, change: Partial<ContractSettings>): void {
    this.#settings.set(symbol, { ...this.settings(symbol), ...change });
  }

  /** Oldest first. */
  funding(): readonly FundingRecord[] {
    return this.#funding;
  }

  get maintenanceRate(): string {
    return this.#terms.maintenanceRate;
  }

  markPrice(symbol: string): string {
    return this.#terms.markPrice(symbol);
  }

  /** The most that a reduce-only order may trade now. */
  closable(order: EngineOrder): Decimal {
    const rest = order.quantity.sub(order.filled).toFixed();
    const { quantity } = this.position(order.instrument.symbol);
    return decimal(closingQuantity(quantity, order.side, rest));
  }

  /** Margin that a position holds: at the mark, or isolated at its entry. */
  marginOf({ symbol, quantity, cost }: Position): Decimal {
    const { leverage, marginType } = this.settings(symbol);
    const notional =
      marginType === 'isolated' ? cost : decimal(quantity).mul(this.markPrice(symbol));
    return decimal(initialMargin(notional, leverage));
  }

  /** Margin that an order needs for the part by which it grows the position. */
  orderMargin(order: EngineOrder, price: Decimal): Decimal {
    if (order.reduceOnly) {
      return new Decimal(0);
    }
    const { symbol } = order.instrument;
    const rest = order.quantity.sub(order.filled).toFixed();
    const grown = growth(this.position(symbol).quantity, order.side, rest);
    return decimal(initialMargin(price.mul(grown), this.settings(symbol).leverage));
  }

  /** Wallet, and profit at the mark of what is held by cross margin, less all margins: may be negative. */
  available(settle: string, openOrders: readonly EngineOrder[]): Decimal {
    const held = this.#heldIn(settle);
    const profit = held
      .filter(({ symbol }) => this.settings(symbol).marginType === 'cross')
      .map((position) => this.#profit(position));
    const ordered = openOrders
      .filter(({ instrument }) => instrument.settle === settle)
      .map((order) => this.orderMargin(order, restingPrice(order)));
    return sum([this.#balances.get(settle).free, ...profit])
      .sub(sum(held.map((position) => this.marginOf(position))))
      .sub(sum(ordered));
  }

  /** Books a fill: position, what it realises, and its fee. Returns what it realises. */
  fill(fill: BookableFill): Decimal {
    const before = this.position(fill.symbol);
    const realised = decimal(realisedByFill(before, fill));
    this.#positions.set(fill.symbol, applyFill(before, fill));
    this.#balances.addFree(settleOf(fill.symbol), realised.sub(fill.feeAmount));
    return realised;
  }

  /** Pays or takes funding on what is held; undefined for the flat. */
  fund(symbol: string, rate: string, at: number, nextId: () => number): FundingRecord | undefined {
    const position = this.position(symbol);
    const amount = fundingPayment({
      quantity: position.quantity,
      mark: this.markPrice(symbol),
      rate,
    });
    if (decimal(position.quantity).isZero()) {
      return undefined;
    }
    const asset = settleOf(symbol);
    const record = { fundingId: nextId(), symbol, asset, amount, rate, at };
    this.#positions.set(symbol, applyFunding(position, amount));
    this.#balances.addFree(asset, decimal(amount));
    this.#funding.push(record);
    return record;
  }

  /** The price at which a position is liquidated; null for the flat, and where no price is one. */
  liquidationPrice(symbol: string): string | null {
    const position = this.position(symbol);
    if (decimal(position.quantity).isZero()) {
      return null;
    }
    const { quantity, cost } = position;
    const isolated = this.settings(symbol).marginType === 'isolated';
    const settle = settleOf(symbol);
    const others = this.#heldIn(settle).filter((other) => other.symbol !== symbol);
    const shared = others.filter((other) => this.settings(other.symbol).marginType === 'cross');
    const alone = others.filter((other) => !shared.includes(other));
    const margin = isolated
      ? this.marginOf(position)
      : sum([this.#balances.get(settle).free, ...shared.map((other) => this.#profit(other))]).sub(
          sum(alone.map((other) => this.marginOf(other))),
        );
    const maintenance = shared.map((other) =>
      decimal(
        maintenanceMargin(other.quantity, this.markPrice(other.symbol), this.maintenanceRate),
      ),
    );
    return liquidationPrice({
      quantity,
      cost,
      margin: margin.toFixed(),
      maintenanceRate: this.maintenanceRate,
      otherMaintenance: isolated ? '0' : sum(maintenance).toFixed(),
    });
  }

  /** Where this stretch of a minute's path reaches the liquidation price of what is held; null where it does not. */
  liquidationWithin(symbol: string, bar: Ohlc, stretch: Stretch): string | null {
    const stopPrice = this.liquidationPrice(symbol);
    if (stopPrice === null) {
      return null;
    }
    const side = this.position(symbol).quantity.startsWith('-') ? 'buy' : 'sell';
    const price = stopReachedPrice({ side, stopPrice, bar });
    if (price === null) {
      return null;
    }
    const distance = distanceTo(barPath(bar).map(Number), Number(price));
    return distance >= stretch.from && distance <= stretch.to ? price : null;
  }

  /** The order by which the venue closes what is held, or so much of it; undefined for the flat. */
  closingOrder(instrument: Instrument, how: VenueClose, orderId: number): NewOrder | undefined {
    const held = decimal(this.position(instrument.symbol).quantity);
    if (held.isZero()) {
      return undefined;
    }
    const side = held.isNegative() ? 'buy' : 'sell';
    const bankrupt = this.#bankruptcyPrice(instrument);
    const tick = instrument.priceTick;
    // On the tick, and never so that the account ends in debt: the venue's own fund pays what is missing.
    const price =
      side === 'sell'
        ? Decimal.max(how.price, bankrupt).toNearest(tick, Decimal.ROUND_UP)
        : Decimal.min(how.price, bankrupt).toNearest(tick, Decimal.ROUND_DOWN);
    return {
      clientOrderId: how.cause === 'liquidation' ? `autoclose-${String(orderId)}` : 'adl_autoclose',
      instrument,
      side,
      kind: 'LIMIT',
      timeInForce: 'IOC',
      quantity: Decimal.min(held.abs(), how.quantity ?? held.abs()).toFixed(),
      price: price.toFixed(),
      reduceOnly: true,
    };
  }

  /** The price at which closing leaves nothing of the wallet after the fee: beyond it the venue's fund pays. */
  #bankruptcyPrice({ symbol, takerFeeRate }: Instrument): Decimal {
    const { quantity, cost } = this.position(symbol);
    const held = decimal(quantity);
    const wallet = this.#balances.get(settleOf(symbol)).free;
    const slope = held.sub(held.abs().mul(takerFeeRate));
    return Decimal.max(decimal(cost).sub(wallet).div(slope), 0);
  }

  #heldIn(settle: string): Position[] {
    return this.positions().filter(
      ({ symbol, quantity }) => quantity !== '0' && settleOf(symbol) === settle,
    );
  }

  #profit(position: Position): Decimal {
    return decimal(unrealisedPnl(position, this.markPrice(position.symbol)));
  }
}

export function settleOf(symbol: string): string {
  const { settle, quote } = parseSymbol(symbol);
  return settle ?? quote;
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.add(value), new Decimal(0));
}
