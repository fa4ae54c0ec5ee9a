/** What trading costs in a backtest: fees, slippage, delay, thin volume. */
import { plainNumber } from '../core/money.ts';
import type { Side } from '../core/fill.ts';
import { feeOf, marketFillPrice } from '../core/fill-model.ts';
import { KeelError } from '../core/errors.ts';
import { fromFixedPoint, placesOf, toFixedPoint, unitOf } from './fixed-point.ts';
import { FEE_PLACES, type Market } from './market.ts';
import { divideHalfEven, type Scaled, times } from './scaled.ts';

export interface CostModel {
  /** `received` (base on buys, quote on sells, as Binance spot), `quote`, or a third asset such as `BNB`. */
  readonly feeIn: string;
  /** Price of the third asset in quote. */
  readonly feeAssetPrice?: string;
  /** Of what trades at market, in hundredths of a per cent. */
  readonly slippageBps: number;
  /** Largest share of a bar's volume that an order may take; the rest waits for the next bar. Null: no bound. */
  readonly volumeShare: number | null;
  /**
   * Price impact at the whole bar's volume, as a fraction: an order that takes the share s of it pays impact × s²
   * more (the volume-share model of Zipline). 0: none.
   */
  readonly impact: number;
  /** Whole bars that pass between a signal and its order at the venue. */
  readonly latencyBars: number;
}

export const FREE_MARKET: CostModel = {
  feeIn: 'quote',
  slippageBps: 0,
  volumeShare: null,
  impact: 0,
  latencyBars: 0,
};

/** Throws INVALID_INPUT naming what is out of range. */
export function checkCosts(costs: CostModel): CostModel {
  const wrong = (name: string, value: unknown, allowed: string): KeelError =>
    new KeelError('INVALID_INPUT', `${name} is ${String(value)}; allowed is ${allowed}`);
  const { slippageBps, volumeShare, impact, latencyBars } = costs;
  if (!(slippageBps >= 0 && slippageBps < 10_000)) {
    throw wrong('slippageBps', slippageBps, '0 up to 10000, without it');
  }
  if (volumeShare !== null && !(volumeShare > 0 && volumeShare <= 1)) {
    throw wrong('volumeShare', volumeShare, 'above 0 up to 1');
  }
  if (!(impact >= 0 && impact <= 1)) throw wrong('impact', impact, '0 to 1');
  if (!Number.isInteger(latencyBars) || latencyBars < 0) {
    throw wrong('latencyBars', latencyBars, 'a whole number from 0');
  }
  return costs;
}

export interface Fee {
  /** With FEE_PLACES places. */
  readonly amount: Scaled;
  readonly asset: string;
}

/** The price of the moment and what a market order pays there, of the market's scale. */
export interface MarketPrice {
  readonly price: Scaled;
  readonly plain: Scaled;
}

/** The fee and price arithmetic of one market. */
export class Costs {
  readonly #market: Market;
  readonly #model: CostModel;
  readonly #rates: Readonly<Record<'maker' | 'taker', Scaled>>;
  /** What brings quantity × rate, and price × quantity × rate, to FEE_PLACES places. */
  readonly #baseUnit: Scaled;
  readonly #quoteUnit: Scaled;

  constructor(market: Market, model: CostModel) {
    this.#market = market;
    this.#model = model;
    const { makerFeeRate, takerFeeRate } = market.instrument;
    const places = Math.max(placesOf(makerFeeRate), placesOf(takerFeeRate));
    this.#rates = {
      maker: toFixedPoint(makerFeeRate, places),
      taker: toFixedPoint(takerFeeRate, places),
    };
    this.#baseUnit = unitOf(market.quantityPlaces + places - FEE_PLACES);
    this.#quoteUnit = unitOf(market.notionalPlaces + places - FEE_PLACES);
  }

  /** What a market order pays at the price of the moment. */
  atMarket(side: Side, price: number, share: number): MarketPrice {
    const { prices, everyPriceOnTick, instrument } = this.#market;
    const plain = prices.read(price);
    const slippageBps = this.#model.slippageBps + this.#model.impact * share ** 2 * 10_000;
    if (slippageBps === 0 && everyPriceOnTick) return { price: plain, plain };
    const { priceTick } = instrument;
    const moved = marketFillPrice({ side, price: plainNumber(price), slippageBps, priceTick });
    return { price: toFixedPoint(moved, prices.places), plain };
  }

  /** As `feeOf` of core/fill-model.ts: rounded half to even. */
  fee(side: Side, price: Scaled, quantity: Scaled, liquidity: 'maker' | 'taker'): Fee {
    const { instrument, quantityPlaces, prices } = this.#market;
    const { feeIn, feeAssetPrice } = this.#model;
    const { base, quote } = instrument;
    const rate = this.#rates[liquidity];
    const asset = this.#feeAsset(side);
    if (asset === quote) {
      return {
        amount: divideHalfEven(times(times(price, quantity), rate), this.#quoteUnit),
        asset,
      };
    }
    if (asset === base) {
      return { amount: divideHalfEven(times(quantity, rate), this.#baseUnit), asset };
    }
    const { feeAmount, feeAsset } = feeOf({
      side,
      price: fromFixedPoint(price, prices.places),
      quantity: fromFixedPoint(quantity, quantityPlaces),
      liquidity,
      instrument,
      feeIn,
      ...(feeAssetPrice === undefined ? {} : { feeAssetPrice }),
    });
    return { amount: toFixedPoint(feeAmount, FEE_PLACES), asset: feeAsset };
  }

  #feeAsset(side: Side): string {
    const { isContract, instrument } = this.#market;
    const { feeIn } = this.#model;
    if (isContract || feeIn === 'quote') return instrument.quote;
    if (feeIn !== 'received') return feeIn;
    return side === 'buy' ? instrument.base : instrument.quote;
  }
}
