import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFill } from '../test/factories/market.ts';
import type { Fill } from './fill.ts';
import { applyFill, averageCost, emptyPosition, ledgerEntries, unrealisedPnl } from './ledger.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import { type Position, positionSchema } from './position.ts';

const FLAT = emptyPosition('BTC/USDT');

function book(...fills: Partial<Fill>[]): Position {
  return fills.reduce<Position>((position, fill) => applyFill(position, createFill(fill)), FLAT);
}

describe('applyFill', () => {
  it('averages the cost of two buys', () => {
    const position = book({ price: '100', quantity: '1' }, { price: '110', quantity: '3' });
    expect(position).toMatchObject({
      quantity: '4',
      cost: '430',
      realisedPnl: '0',
      quoteFlow: '-430',
    });
    expect(averageCost(position)).toBe('107.5');
    expect(unrealisedPnl(position, '120')).toBe('50');
  });

  it('takes a fee in base out of the quantity and leaves the cost', () => {
    const position = book({ quantity: '0.1', feeAmount: '0.0001', feeAsset: 'BTC' });
    expect(position).toEqual({
      symbol: 'BTC/USDT',
      quantity: '0.0999',
      cost: '10',
      realisedPnl: '0',
      quoteFlow: '-10',
      fees: { BTC: '0.0001' },
      funding: '0',
    });
  });

  it('takes a fee in quote out of P&L and flow', () => {
    const position = book(
      { quantity: '2', feeAmount: '0.2', feeAsset: 'USDT' },
      { side: 'sell', quantity: '1', price: '130', feeAmount: '0.13', feeAsset: 'USDT' },
    );
    // Sold for 130 what cost 100, fees 0.2 + 0.13.
    expect(position).toMatchObject({
      quantity: '1',
      cost: '100',
      realisedPnl: '29.67',
      quoteFlow: '-70.33',
      fees: { USDT: '0.33' },
      funding: '0',
    });
  });

  it('only records a fee in a third asset, and a rebate with its sign', () => {
    const position = book(
      { feeAmount: '0.001', feeAsset: 'BNB' },
      { feeAmount: '-0.0004', feeAsset: 'BNB' },
    );
    expect(position).toMatchObject({
      quantity: '2',
      cost: '200',
      realisedPnl: '0',
      fees: { BNB: '0.0006' },
      funding: '0',
    });
  });

  it('handles a short: average, partial cover, cover', () => {
    const short = book(
      { side: 'sell', price: '100', quantity: '1' },
      { side: 'sell', price: '120', quantity: '1' },
    );
    expect(short).toMatchObject({ quantity: '-2', cost: '-220', realisedPnl: '0' });
    expect(averageCost(short)).toBe('110');
    const half = applyFill(short, createFill({ price: '90' }));
    expect(half).toMatchObject({ quantity: '-1', cost: '-110', realisedPnl: '20' });
    const covered = applyFill(half, createFill({ price: '130' }));
    expect(covered).toMatchObject({ quantity: '0', cost: '0', realisedPnl: '0', quoteFlow: '0' });
  });

  it('crosses zero: closes the one side, opens the other at the fill price', () => {
    const position = book({ quantity: '1' }, { side: 'sell', price: '130', quantity: '3' });
    expect(position).toMatchObject({ quantity: '-2', cost: '-260', realisedPnl: '30' });
    const back = applyFill(position, createFill({ price: '120', quantity: '2.5' }));
    expect(back).toMatchObject({ quantity: '0.5', cost: '60', realisedPnl: '50' });
  });

  it('charges a base fee on a sell with the cost of what it took', () => {
    const position = book(
      { quantity: '2' },
      { side: 'sell', quantity: '1', price: '100', feeAmount: '1', feeAsset: 'BTC' },
    );
    expect(position).toMatchObject({ quantity: '0', cost: '0', realisedPnl: '-100' });
  });

  it("refuses another symbol's fill", () => {
    expect(() => applyFill(FLAT, createFill({ symbol: 'ETH/USDT' }))).toThrow(/ETH\/USDT/);
  });
});

describe('ledgerEntries', () => {
  it('moves base, quote and fee', () => {
    const fill = createFill({ side: 'sell', quantity: '0.5', feeAmount: '0.05' });
    expect(ledgerEntries(fill, FLAT)).toEqual([
      { asset: 'BTC', amount: '-0.5', kind: 'trade' },
      { asset: 'USDT', amount: '50', kind: 'trade' },
      { asset: 'USDT', amount: '-0.05', kind: 'fee' },
    ]);
    expect(ledgerEntries(createFill(), FLAT)).toHaveLength(2);
  });
});

const cents = fc
  .integer({ min: 1, max: 20_000_000 })
  .map((n) => toDecimalString(new Decimal(n).div(100)));
const lots = fc
  .integer({ min: 1, max: 500_000 })
  .map((n) => toDecimalString(new Decimal(n).div(100_000)));
const anyFill = fc
  .record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: cents,
    quantity: lots,
    rate: fc.constantFrom('0', '0.001', '-0.0002', '0.00075'),
    feeAsset: fc.constantFrom('BTC', 'USDT', 'BNB'),
  })
  .map(({ rate, ...fill }) => {
    const size = decimal(fill.quantity).mul(fill.feeAsset === 'USDT' ? fill.price : '1');
    const feeAmount = toDecimalString(size.mul(rate).toDecimalPlaces(8));
    return createFill({ ...fill, feeAmount });
  });

describe('conservation over any sequence of fills', () => {
  it('quantity and flow are the sums of the ledger, P&L is the change of equity, exactly', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { minLength: 1, maxLength: 40 }), cents, (fills, mark) => {
        const position = fills.reduce(applyFill, FLAT);
        const sums: Record<string, Decimal> = {};
        const fees: Record<string, Decimal> = {};
        for (const entry of fills.flatMap((fill) => ledgerEntries(fill, FLAT))) {
          sums[entry.asset] = (sums[entry.asset] ?? new Decimal(0)).plus(entry.amount);
          if (entry.kind === 'fee') {
            fees[entry.asset] = (fees[entry.asset] ?? new Decimal(0)).minus(entry.amount);
          }
        }
        expect(position.quantity).toBe(toDecimalString(sums['BTC'] ?? new Decimal(0)));
        expect(position.quoteFlow).toBe(toDecimalString(sums['USDT'] ?? new Decimal(0)));
        for (const [asset, amount] of Object.entries(fees)) {
          expect(position.fees[asset]).toBe(toDecimalString(amount));
        }
        expect(positionSchema.safeParse(position).success).toBe(true);
        const equityChange = decimal(position.quoteFlow).plus(decimal(position.quantity).mul(mark));
        const pnl = decimal(position.realisedPnl).plus(unrealisedPnl(position, mark));
        expect(toDecimalString(pnl)).toBe(toDecimalString(equityChange));
        if (decimal(position.quantity).isZero()) expect(position.cost).toBe('0');
      }),
      { numRuns: 300 },
    );
  });
});
