/** The engine's perpetuals: margin, both sides, reduce-only, funding, liquidation, ADL. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Decimal, decimal } from '../core/money.ts';
import { createInstrument } from '../test/factories/market.ts';
import { candle } from '../test/factories/recordings.ts';
import type { ContractSettings } from './contract-book.ts';
import { MatchingEngine } from './matching.ts';
import { Refusal } from './order-terms.ts';
import type { EngineEvent, EngineOrder, NewOrder } from './orders.ts';

const SYMBOL = 'BTC/USDT:USDT';
const instrument = createInstrument({
  symbol: SYMBOL,
  settle: 'USDT',
  contract: 'linear',
  priceTick: '0.1',
  quantityStep: '0.001',
  takerFeeRate: '0.0005',
  makerFeeRate: '0.0002',
});

function engine(settings: Partial<ContractSettings> = {}) {
  const market = { mark: '100' };
  const books = new MatchingEngine({
    openingBalances: { USDT: '1000' },
    feeIn: 'received',
    feeAssetPrice: () => undefined,
    slippageBps: 0,
    contracts: {
      settings: { leverage: 10, marginType: 'cross', ...settings },
      maintenanceRate: '0.004',
      markPrice: () => market.mark,
    },
    idBase: 1000,
  });
  let orders = 0;
  const order = (
    side: 'buy' | 'sell',
    quantity: string,
    more: Partial<NewOrder> = {},
  ): NewOrder => ({
    clientOrderId: `keel${String((orders += 1))}`,
    instrument,
    side,
    kind: 'MARKET',
    timeInForce: 'GTC',
    quantity,
    ...more,
  });
  const trade = (side: 'buy' | 'sell', quantity: string, price = '100', more = {}): EngineOrder =>
    books.place(order(side, quantity, more), price, 0);
  return { books, market, order, trade };
}

const wallet = (books: MatchingEngine): string => books.balances.get('USDT').free.toFixed();
const available = (books: MatchingEngine): string =>
  books.contracts.available('USDT', books.openOrders()).toFixed();

describe('contracts of the engine', () => {
  it('hold margin by leverage; fees and what is realised move the wallet, nothing else', () => {
    const { books, market, trade } = engine();
    trade('sell', '10');
    expect(wallet(books)).toBe('999.5');
    expect(available(books)).toBe('899.5');
    expect(books.contracts.position(SYMBOL)).toMatchObject({ quantity: '-10', cost: '-1000' });
    market.mark = '90';
    // 100 of profit counts, and margin follows the mark.
    expect(available(books)).toBe('1009.5');
    const closed = trade('buy', '10', '90');
    expect(books.tradesOf(closed)[0]?.realised.toFixed()).toBe('100');
    expect(wallet(books)).toBe('1099.05');
    expect(books.balances.get('BTC').free.toFixed()).toBe('0');
  });

  it('refuse what the margin does not cover, open orders counted; turning needs margin for the rest', () => {
    const { books, trade } = engine();
    expect(() => trade('buy', '100.1')).toThrow(new Refusal('INSUFFICIENT_MARGIN'));
    const resting = trade('buy', '90', '99', { kind: 'LIMIT', price: '90' });
    expect(available(books)).toBe('190');
    expect(() => trade('buy', '20')).toThrow(new Refusal('INSUFFICIENT_MARGIN'));
    trade('buy', '15');
    books.cancel(resting, 'bye', 0);
    // From 15 long to 25 short: 10 more held.
    expect(trade('sell', '40').state).toBe('FILLED');
    expect(books.contracts.position(SYMBOL).quantity).toBe('-25');
  });

  it('shrink a reduce-only order to what is held, and refuse one that would open', () => {
    const { books, trade } = engine();
    expect(() => trade('sell', '1', '100', { reduceOnly: true })).toThrow(
      new Refusal('REDUCE_ONLY'),
    );
    trade('buy', '2');
    expect(() => trade('buy', '1', '100', { reduceOnly: true })).toThrow(
      new Refusal('REDUCE_ONLY'),
    );
    const closing = trade('sell', '5', '100', { reduceOnly: true });
    expect([closing.state, closing.filled.toFixed()]).toEqual(['EXPIRED', '2']);
    expect(books.contracts.position(SYMBOL).quantity).toBe('0');
  });

  it('expire a resting reduce-only order when nothing is left to reduce', () => {
    const { books, trade } = engine();
    trade('buy', '2');
    const target = trade('sell', '2', '100', { kind: 'LIMIT', price: '110', reduceOnly: true });
    trade('sell', '2');
    books.matchBar(SYMBOL, candle(0, ['100', '111', '100', '111']), 1);
    expect([target.state, target.filled.toFixed()]).toEqual(['EXPIRED', '0']);
    expect(books.contracts.position(SYMBOL).quantity).toBe('0');
  });

  it('stop out a short by a stop that only reduces', () => {
    const { books, trade } = engine();
    trade('sell', '2');
    const stop = trade('buy', '2', '100', { kind: 'STOP', stopPrice: '105', reduceOnly: true });
    books.matchBar(SYMBOL, candle(0, ['100', '106', '100', '106']), 1);
    expect([stop.state, stop.filledQuote.toFixed()]).toEqual(['FILLED', '210']);
    expect(books.contracts.position(SYMBOL).quantity).toBe('0');
  });

  it('pay funding on what is held, to the shorts at a positive rate', () => {
    const { books, trade } = engine();
    expect(books.fund(SYMBOL, '0.001', 1)).toBeUndefined();
    trade('sell', '10');
    const events: EngineEvent[] = [];
    books.onEvent((event) => events.push(event));
    expect(books.fund(SYMBOL, '0.001', 2)).toMatchObject({ amount: '1', asset: 'USDT', at: 2 });
    expect(wallet(books)).toBe('1000.5');
    expect(books.contracts.position(SYMBOL).funding).toBe('1');
    expect(events).toMatchObject([{ kind: 'balances', reason: 'funding', symbol: SYMBOL }]);
  });

  it.each(['cross', 'isolated'] as const)(
    'are liquidated by an order of the venue: %s',
    (marginType) => {
      const { books, trade } = engine({ marginType, leverage: 10 });
      trade('buy', marginType === 'cross' ? '99' : '50');
      const resting = trade('buy', '0.001', '100', { kind: 'LIMIT', price: '50' });
      const price = decimal(books.contracts.liquidationPrice(SYMBOL) ?? '0');
      // A tenth of the entry is margin, less what must be maintained.
      expect(price.gt(90) && price.lt(91)).toBe(true);
      books.matchBar(SYMBOL, candle(0, ['100', '101', '91', '95']), 1);
      expect(books.contracts.position(SYMBOL).quantity).not.toBe('0');
      books.matchBar(SYMBOL, candle(1, ['95', '96', '80', '85']), 2);
      expect(books.contracts.position(SYMBOL).quantity).toBe('0');
      expect(resting.state).toBe('EXPIRED');
      const closed = books.orders().at(-1);
      expect(closed).toMatchObject({ cause: 'liquidation', side: 'sell', state: 'FILLED' });
      expect(closed?.clientOrderId).toMatch(/^autoclose-/);
      expect(books.trades().at(-1)?.price.toFixed()).toBe(
        price.toNearest('0.1', Decimal.ROUND_UP).toFixed(),
      );
      expect(decimal(wallet(books)).gt(0)).toBe(true);
    },
  );

  it('leave no debt when the market opens far beyond the liquidation price', () => {
    const { books, trade } = engine();
    trade('buy', '99');
    books.matchBar(SYMBOL, candle(0, ['50', '51', '49', '50']), 1);
    expect(books.contracts.position(SYMBOL).quantity).toBe('0');
    // Rounded to the tick: 0.1 on each of the 99.
    expect(decimal(wallet(books)).gte(0) && decimal(wallet(books)).lt('9.9')).toBe(true);
  });

  it('stop out before the liquidation price is reached', () => {
    const { books, trade } = engine();
    trade('buy', '99');
    trade('sell', '99', '100', { kind: 'STOP', stopPrice: '95', reduceOnly: true });
    books.matchBar(SYMBOL, candle(0, ['100', '101', '80', '85']), 1);
    expect(books.orders().some(({ cause }) => cause === 'liquidation')).toBe(false);
    expect(books.contracts.position(SYMBOL).quantity).toBe('0');
  });

  it('are reduced by ADL at the venue’s own word', () => {
    const { books, trade } = engine();
    trade('sell', '10');
    books.closeByVenue(SYMBOL, { cause: 'adl', price: '90', quantity: '4' }, 5);
    expect(books.contracts.position(SYMBOL).quantity).toBe('-6');
    expect(books.orders().at(-1)).toMatchObject({ clientOrderId: 'adl_autoclose', cause: 'adl' });
  });

  it('keep wallet = opening + realised − fees + funding, whatever happens', () => {
    const action = fc.record({
      what: fc.constantFrom('market', 'limit', 'stop', 'bar', 'fund'),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price: fc.integer({ min: 60, max: 140 }).map(String),
      quantity: fc.integer({ min: 1, max: 40_000 }).map((n) => new Decimal(n).div(1000).toFixed()),
      reduceOnly: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { books, market, order } = engine();
        for (const { what, side, price, quantity, reduceOnly } of actions) {
          const kind = what === 'limit' ? 'LIMIT' : what === 'stop' ? 'STOP' : 'MARKET';
          const terms = {
            kind,
            reduceOnly,
            ...(what === 'limit' ? { price } : {}),
            ...(what === 'stop' ? { stopPrice: price } : {}),
          } as const;
          if (what === 'bar') {
            books.matchBar(SYMBOL, candle(0, [market.mark, '160', '40', price]), 1);
            market.mark = price;
          } else if (what === 'fund') {
            books.fund(SYMBOL, '0.0001', 1);
          } else {
            try {
              books.place(order(side, quantity, terms), market.mark, 0);
            } catch (error) {
              expect(error).toBeInstanceOf(Refusal);
            }
          }
        }
        const moved = books
          .trades()
          .map(({ realised, feeAmount }) => realised.sub(feeAmount))
          .concat(books.contracts.funding().map(({ amount }) => decimal(amount)));
        const expected = moved.reduce((total, amount) => total.add(amount), decimal('1000'));
        expect(wallet(books)).toBe(expected.toFixed());
        expect(wallet(books)).toBe(
          decimal(books.contracts.position(SYMBOL).realisedPnl).add(1000).toFixed(),
        );
      }),
    );
  });
});
