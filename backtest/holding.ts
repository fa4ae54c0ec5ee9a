/**
 * What a backtest holds of one symbol: core/ledger.ts in scaled integers. Every figure equals that of
 * `applyFill` after the same fills, to the last digit; a property test holds it to that.
 */
import type { Side } from '../core/fill.ts';
import type { PositionView } from '../strategies/base-strategy.ts';
import { divideHalfEven, fromFixedPoint, magnitude, unitOf } from './fixed-point.ts';
import { FEE_PLACES, type Market } from './market.ts';

/** As core/ledger.ts. */
const COST_PLACES = 18;
const CONTRACT_COST_PLACES = 8;

export interface BookedFill {
  readonly side: Side;
  /** Scaled as the market's prices and quantities. */
  readonly price: bigint;
  readonly quantity: bigint;
  /** With FEE_PLACES places. */
  readonly fee: bigint;
  readonly feeAsset: string;
}

export class Holding {
  readonly market: Market;
  /** Signed, scaled as the market's quantities. */
  quantity = 0n;
  /** Scaled as money. */
  cost = 0n;
  quoteFlow = 0n;
  /** The quantity as a double, for marks and curves. */
  quantityNumber = 0;

  readonly #money: number;
  readonly #notionalUnit: bigint;
  readonly #feeUnit: bigint;
  readonly #baseFeeUnit: bigint;
  /** What a cost is rounded to, scaled as money. */
  readonly #costUnit: bigint;
  #view: PositionView | undefined;

  /** @param moneyPlaces of all amounts in quote; at least those of price × quantity, and 18 */
  constructor(market: Market, moneyPlaces: number) {
    this.market = market;
    this.#money = moneyPlaces;
    this.#notionalUnit = unitOf(moneyPlaces - market.notionalPlaces);
    this.#feeUnit = unitOf(moneyPlaces - FEE_PLACES);
    this.#baseFeeUnit = unitOf(market.quantityPlaces - FEE_PLACES);
    const places = market.isContract ? CONTRACT_COST_PLACES : COST_PLACES;
    this.#costUnit = unitOf(moneyPlaces - places);
  }

  get realised(): bigint {
    return this.quoteFlow + this.cost;
  }

  apply({ side, price, quantity, fee, feeAsset }: BookedFill): void {
    const { base, quote } = this.market.instrument;
    const traded = side === 'buy' ? quantity : -quantity;
    const tradeFlow = -traded * price * this.#notionalUnit;
    const inBase = feeAsset === base && !this.market.isContract;
    const moved = inBase ? traded - fee * this.#baseFeeUnit : traded;
    const held = this.quantity;
    const after = held + moved;
    this.cost = this.#nextCost(held, after, moved, tradeFlow);
    this.quantity = after;
    this.quoteFlow += tradeFlow;
    if (feeAsset === quote) this.quoteFlow -= fee * this.#feeUnit;
    this.quantityNumber = Number(after) / 10 ** this.market.quantityPlaces;
    this.#view = undefined;
  }

  /** Books funding received (+) or paid (−), scaled as money. */
  fund(amount: bigint): void {
    this.quoteFlow += amount;
    this.#view = undefined;
  }

  view(): PositionView {
    this.#view ??= {
      symbol: this.market.symbol,
      quantity: fromFixedPoint(this.quantity, this.market.quantityPlaces),
      averageCost: this.#averageCost(),
      realisedPnl: fromFixedPoint(this.realised, this.#money),
    };
    return this.#view;
  }

  /** See `nextCost` of core/ledger.ts. */
  #nextCost(held: bigint, after: bigint, moved: bigint, tradeFlow: bigint): bigint {
    if (after === 0n) return 0n;
    if (held !== 0n && held < 0n !== after < 0n) return this.#round(-tradeFlow * after, moved);
    if (magnitude(after) >= magnitude(held)) return this.cost - tradeFlow;
    return this.#round(this.cost * after, held);
  }

  /** a / b, rounded to the places of a cost. */
  #round(a: bigint, b: bigint): bigint {
    const [top, bottom] = b < 0n ? [-a, -b] : [a, b];
    return divideHalfEven(top, bottom * this.#costUnit) * this.#costUnit;
  }

  #averageCost(): string | null {
    if (this.quantity === 0n) return null;
    const scale = unitOf(this.market.quantityPlaces + COST_PLACES - this.#money + 18);
    const top = this.cost * scale;
    const [a, b] = this.quantity < 0n ? [-top, -this.quantity] : [top, this.quantity];
    return fromFixedPoint(divideHalfEven(a, b * unitOf(18)), COST_PLACES);
  }
}
