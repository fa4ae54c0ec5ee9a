/** The scaled integers of the backtest against core's decimals: the same figures, to the last digit. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { feeOf } from '../core/fill-model.ts';
import { applyFill, averageCost, emptyPosition } from '../core/ledger.ts';
import { Decimal } from '../core/money.ts';
import { createInstrument } from '../test/factories/market.ts';
import { barsOf, flat } from '../test/factories/run-backtest.ts';
import { Costs, FREE_MARKET } from './costs.ts';
import { fromFixedPoint, PriceScale, toFixedPoint } from './fixed-point.ts';
import { Holding } from './holding.ts';
import { Market } from './market.ts';
import { scaled } from './scaled.ts';
import { SeriesBar } from './series-bar.ts';

const MONEY_PLACES = 24;

const fills = fc.array(
  fc.record({
    buys: fc.boolean(),
    // Small ones and ones whose notionals are no safe integers.
    price: fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 1, max: 1e11 })),
    quantity: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1e11 })),
    feeIn: fc.constantFrom('received', 'quote'),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('fixed point', () => {
  it('reads and writes any decimal string as Decimal does', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.bigInt({ min: -(10n ** 4n), max: 10n ** 4n }),
          fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
          fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        ),
        fc.integer({ min: 0, max: 25 }),
        (value, places) => {
          const text = fromFixedPoint(scaled(value), places);
          expect(text).toBe(new Decimal(String(value)).div(new Decimal(10).pow(places)).toFixed());
          expect(BigInt(toFixedPoint(text, places))).toBe(value);
        },
      ),
      { numRuns: 1000 },
    );
    expect(toFixedPoint('1.500', 2)).toBe(150);
    expect(() => toFixedPoint('1.234', 2)).toThrow(/at most 2 places/);
    expect(() => toFixedPoint('1e3', 2)).toThrow(/no decimal number/);
  });

  it('reads every price of a column exactly, and refuses one with more places', () => {
    const scale = new PriceScale(6);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 12 }), (units) => {
        expect(scale.read(Number(fromFixedPoint(units, 6)))).toBe(units);
      }),
    );
    expect(() => scale.read(1.2345678)).toThrow(/at most 6 places/);
  });
});

describe.each([
  ['spot', createInstrument()],
  ['a contract', createInstrument({ symbol: 'BTC/USDT:USDT', settle: 'USDT', contract: 'linear' })],
])('a holding of %s', (_name, instrument) => {
  it('equals core/ledger.ts after any fills', () => {
    const market = new Market(
      new SeriesBar(barsOf([flat(100.01)], { symbol: instrument.symbol })),
      instrument,
      undefined,
      0,
    );
    fc.assert(
      fc.property(fills, (list) => {
        const holding = new Holding(market, MONEY_PLACES);
        let position = emptyPosition(instrument.symbol);
        for (const { buys, price, quantity, feeIn } of list) {
          const side = buys ? 'buy' : 'sell';
          const costs = new Costs(market, { ...FREE_MARKET, feeIn });
          const scaledPrice = price;
          const scaledQuantity = quantity * 1000;
          const fee = costs.fee(side, scaledPrice, scaledQuantity, 'taker');
          holding.apply({
            side,
            price: scaledPrice,
            quantity: scaledQuantity,
            fee: fee.amount,
            feeAsset: fee.asset,
          });
          const fill = {
            symbol: instrument.symbol,
            side,
            price: fromFixedPoint(scaledPrice, 2),
            quantity: fromFixedPoint(scaledQuantity, 8),
          } as const;
          const asked = { ...fill, liquidity: 'taker', instrument } as const;
          const expectedFee = feeOf({
            ...asked,
            feeIn: instrument.contract === undefined ? feeIn : 'quote',
          });
          expect(fromFixedPoint(fee.amount, 8)).toBe(expectedFee.feeAmount);
          position = applyFill(position, { ...fill, ...expectedFee });
        }
        expect(holding.view()).toEqual({
          symbol: instrument.symbol,
          quantity: position.quantity,
          averageCost: averageCost(position),
          realisedPnl: position.realisedPnl,
        });
        expect(fromFixedPoint(holding.cost, MONEY_PLACES)).toBe(position.cost);
        expect(fromFixedPoint(holding.quoteFlow, MONEY_PLACES)).toBe(position.quoteFlow);
      }),
      { numRuns: 300 },
    );
  });
});
