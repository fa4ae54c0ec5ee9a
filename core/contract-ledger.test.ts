/** The ledger of linear contracts: what fills and funding do to a position and to the settlement asset. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFill } from '../test/factories/market.ts';
import {
  applyFill,
  applyFunding,
  type BookableFill,
  emptyPosition,
  ledgerEntries,
  unrealisedPnl,
} from './ledger.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';
import { type Position, positionSchema } from './position.ts';

const SYMBOL = 'BTC/USDT:USDT';
const FLAT = emptyPosition(SYMBOL);
const fill = (change: Partial<BookableFill>): BookableFill =>
  createFill({ symbol: SYMBOL, feeAmount: '0', feeAsset: 'USDT', ...change });

describe('a linear contract', () => {
  it('moves no money but fees while it grows, and what it realises when it shrinks', () => {
    const opened = fill({ side: 'sell', price: '100', quantity: '2', feeAmount: '0.1' });
    expect(ledgerEntries(opened, FLAT)).toEqual([{ asset: 'USDT', amount: '-0.1', kind: 'fee' }]);
    const short = applyFill(FLAT, opened);
    expect(short).toMatchObject({ quantity: '-2', cost: '-200', realisedPnl: '-0.1' });
    expect(unrealisedPnl(short, '90')).toBe('20');

    const closed = fill({ side: 'buy', price: '90', quantity: '1' });
    expect(ledgerEntries(closed, short)).toEqual([{ asset: 'USDT', amount: '10', kind: 'trade' }]);
    expect(applyFill(short, closed)).toMatchObject({ quantity: '-1', realisedPnl: '9.9' });
  });

  it('realises only what closes when a fill crosses zero', () => {
    const long = applyFill(FLAT, fill({ side: 'buy', price: '100', quantity: '1' }));
    const turned = fill({ side: 'sell', price: '110', quantity: '3' });
    expect(ledgerEntries(turned, long)).toEqual([{ asset: 'USDT', amount: '10', kind: 'trade' }]);
    expect(applyFill(long, turned)).toMatchObject({ quantity: '-2', cost: '-220' });
  });

  it('does not shrink by a fee in its base: no base is held', () => {
    const odd = fill({ side: 'buy', quantity: '1', feeAmount: '0.01', feeAsset: 'BTC' });
    expect(applyFill(FLAT, odd).quantity).toBe('1');
  });

  it('books funding as realised P&L, and leaves quantity and cost alone', () => {
    const long = applyFill(FLAT, fill({ side: 'buy', price: '100', quantity: '1' }));
    const paid = applyFunding(applyFunding(long, '-0.5'), '0.2');
    expect(paid).toMatchObject({
      quantity: '1',
      cost: '100',
      realisedPnl: '-0.3',
      funding: '-0.3',
    });
  });
});

const cents = fc.integer({ min: 1, max: 20_000_000 }).map((n) => new Decimal(n).div(100).toFixed());
const anyEvent = fc.oneof(
  fc
    .record({
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price: cents,
      quantity: fc.integer({ min: 1, max: 5_000 }).map((n) => new Decimal(n).div(1_000).toFixed()),
      rate: fc.constantFrom('0', '0.0005', '-0.0002'),
    })
    .map(({ rate, ...change }) => {
      const due = decimal(change.price).mul(change.quantity).mul(rate).toDecimalPlaces(8);
      return fill({ ...change, feeAmount: toDecimalString(due) });
    }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => new Decimal(n).div(1e6).toFixed()),
);

describe('conservation over any sequence of fills and funding of a contract', () => {
  it('realised = quote flow + cost = the settlement ledger, P&L is the change of equity, exactly', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 40 }), cents, (events, mark) => {
        let position: Position = FLAT;
        let wallet = new Decimal(0);
        for (const event of events) {
          if (typeof event === 'string') {
            wallet = wallet.plus(event);
            position = applyFunding(position, event);
            continue;
          }
          for (const entry of ledgerEntries(event, position)) {
            expect(entry.asset).toBe('USDT');
            wallet = wallet.plus(entry.amount);
          }
          position = applyFill(position, event);
        }
        const { realisedPnl, quoteFlow, cost, quantity } = position;
        expect(toDecimalString(wallet)).toBe(realisedPnl);
        expect(wallet.dp()).toBeLessThanOrEqual(8);
        expect(toDecimalString(decimal(quoteFlow).plus(cost))).toBe(realisedPnl);
        const equityChange = decimal(quoteFlow).plus(decimal(quantity).mul(mark));
        expect(toDecimalString(wallet.plus(unrealisedPnl(position, mark)))).toBe(
          toDecimalString(equityChange),
        );
        expect(positionSchema.safeParse(position).success).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
