/**
 * What every `TradeAdapter` does, whoever stands behind it (with stop-orders.contract.ts beside it). An
 * implementation's test opens a world over `CONTRACT_BARS` with `OPENING_BALANCES`, fees of 0.1 % taken from
 * what is received, no slippage; market time stands at the first bar's open. What differs between venues is in
 * its `VenueFacts`.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../core/errors.ts';
import type { Instrument } from '../../core/instrument.ts';
import { emptyPosition, ledgerEntries } from '../../core/ledger.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import { waitFor } from '../../test/wait-for.ts';
import type { OrderNotice, PlaceOrderRequest, TradeAdapter } from '../trade-adapter.ts';

export interface TradingWorld {
  readonly adapter: TradeAdapter;
  /** Closes the minute that is forming. */
  advance(): Promise<void>;
  close(): Promise<void>;
}

export const SYMBOL = 'BTC/USDT';
export const STARTS_AT = 1_733_788_800_000;
export const OPENING_BALANCES = { USDT: '10000', BTC: '1' };

/** open, high, low, close of the minutes from `STARTS_AT` on. */
export const CONTRACT_BARS = [
  ['100000', '100100', '99900', '100050'],
  ['100050', '100200', '99800', '100000'],
  ['100000', '101000', '99500', '100900'],
  ['100900', '101500', '100800', '101400'],
  ['101400', '101600', '101300', '101500'],
] as const;

let lastId = 0;

/** An order that can be sent: a market buy of 0.01 BTC. */
export function orderRequest(change: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest {
  lastId += 1;
  return {
    clientOrderId: `keel${String(lastId).padStart(24, '0')}01`,
    symbol: SYMBOL,
    side: 'buy',
    type: 'market',
    quantity: '0.01',
    deadline: Date.now() + 5000,
    ...change,
  };
}

/** A limit buy that the second minute reaches. */
export function restingRequest(change: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest {
  return orderRequest({ type: 'limit', price: '99850', ...change });
}

/** An order that breaks a rule of the venue's, and the code it is refused with. */
export type RefusedOrder = readonly [
  what: string,
  change: Partial<PlaceOrderRequest>,
  code: ErrorCode,
];

/** What differs between venues. */
export interface VenueFacts {
  /** Of `SYMBOL`. */
  readonly instrument: Partial<Instrument>;
  /** The venue's word for a filled order. */
  readonly filledStatus: string;
  /** By the venue's own steps and limits. */
  readonly refused: readonly RefusedOrder[];
}

export const BINANCE_FACTS: VenueFacts = {
  instrument: {
    venueSymbol: 'BTCUSDT',
    priceTick: '0.01',
    quantityStep: '0.00001',
    minNotional: '5',
    takerFeeRate: '0.001',
  },
  filledStatus: 'FILLED',
  refused: [
    ['a quantity off the step', { quantity: '0.010001' }, 'FILTER_LOT_SIZE'],
    [
      'a limit quantity off the step',
      { type: 'limit', price: '99850', quantity: '0.0100001' },
      'FILTER_LOT_SIZE',
    ],
    [
      'a quantity over the largest',
      { type: 'limit', price: '99850', quantity: '9001' },
      'FILTER_LOT_SIZE',
    ],
    ['a market quantity over the largest', { quantity: '108' }, 'FILTER_LOT_SIZE'],
    ['a market notional too small', { quantity: '0.00004' }, 'FILTER_NOTIONAL'],
    [
      'a limit notional too small',
      { type: 'limit', price: '99850', quantity: '0.00005' },
      'FILTER_NOTIONAL',
    ],
  ],
};

export function describeTradeAdapter(
  name: string,
  open: () => Promise<TradingWorld>,
  facts: VenueFacts = BINANCE_FACTS,
): void {
  describe(`the trade adapter of ${name}`, () => {
    let world: TradingWorld;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      world = await open();
      adapter = world.adapter;
    });
    afterEach(() => world.close());

    const balance = async (asset: string): Promise<[free: string, locked: string]> => {
      const { free, locked } = await adapter.getBalance(asset);
      return [free, locked];
    };

    it('tells market time and the instrument', async () => {
      expect(await adapter.marketTime()).toBe(STARTS_AT);
      await world.advance();
      expect(await adapter.marketTime()).toBe(STARTS_AT + 60_000);
      expect(await adapter.instrument(SYMBOL)).toMatchObject({
        exchange: adapter.exchange,
        ...facts.instrument,
      });
    });

    it('shows the book, best first, as new as the question', async () => {
      const asked = adapter.venueTime();
      const { symbol, bids, asks, at } = await adapter.orderBook(SYMBOL, 5);
      expect(symbol).toBe(SYMBOL);
      expect(at).toBeGreaterThanOrEqual(asked - 1_000);
      for (const side of [bids, asks]) {
        expect(side.length).toBeGreaterThan(0);
        expect(side.length).toBeLessThanOrEqual(5);
        for (const [price, quantity] of side) {
          expect([price, quantity]).toEqual(
            [price, quantity].map((value) => toDecimalString(decimal(value))),
          );
        }
      }
      const prices = [...bids.toReversed(), ...asks].map(([price]) => Number(price));
      expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    });

    it('has no book of a symbol that is not listed', async () => {
      await expect(adapter.orderBook('NO/SUCH', 5)).rejects.toMatchObject({
        code: 'VENUE_INVALID_SYMBOL',
      });
    });

    it('fills a market buy at once; the fee is taken from the base received', async () => {
      const request = orderRequest();
      const { order, fills } = await adapter.placeOrder(request);
      expect(order).toMatchObject({
        clientOrderId: request.clientOrderId,
        symbol: SYMBOL,
        side: 'buy',
        type: 'market',
        price: null,
        quantity: '0.01',
        filledQuantity: '0.01',
        filledQuote: '1000',
        state: 'filled',
        rawStatus: facts.filledStatus,
        updatedAt: STARTS_AT,
      });
      expect(fills).toEqual([
        {
          exchange: adapter.exchange,
          symbol: SYMBOL,
          venueTradeId: expect.stringMatching(/./),
          venueOrderId: order.venueOrderId,
          clientOrderId: request.clientOrderId,
          side: 'buy',
          price: '100000',
          quantity: '0.01',
          feeAmount: '0.00001',
          feeAsset: 'BTC',
          liquidity: 'taker',
          executedAt: STARTS_AT,
        },
      ]);
      expect(await balance('BTC')).toEqual(['1.00999', '0']);
      expect(await balance('USDT')).toEqual(['9000', '0']);
      expect(await adapter.getPositions()).toEqual([{ symbol: SYMBOL, quantity: '1.00999' }]);
    });

    it('fills a market sell at once; the fee is taken from the quote received', async () => {
      const { fills } = await adapter.placeOrder(orderRequest({ side: 'sell', quantity: '0.5' }));
      expect(fills).toMatchObject([{ side: 'sell', feeAmount: '50', feeAsset: 'USDT' }]);
      expect(await balance('USDT')).toEqual(['59950', '0']);
      expect(await balance('BTC')).toEqual(['0.5', '0']);
    });

    it('lets a limit order rest, locks its funds, and fills it when the market comes', async () => {
      const request = restingRequest();
      const placed = await adapter.placeOrder(request);
      expect(placed.order).toMatchObject({ state: 'open', filledQuantity: '0', price: '99850' });
      expect(placed.fills).toEqual([]);
      expect(await balance('USDT')).toEqual(['9001.5', '998.5']);

      await world.advance();
      expect(await adapter.openOrders(SYMBOL)).toHaveLength(1);

      await world.advance();
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(order).toMatchObject({
        state: 'filled',
        filledQuantity: '0.01',
        filledQuote: '998.5',
      });
      expect(fills).toMatchObject([
        { price: '99850', liquidity: 'maker', feeAmount: '0.00001', feeAsset: 'BTC' },
      ]);
      // Within the minute whose prices made it.
      expect(fills[0]?.executedAt).toBe(STARTS_AT + 2 * 60_000 - 1);
      expect(await adapter.openOrders(SYMBOL)).toEqual([]);
      expect(await balance('USDT')).toEqual(['9001.5', '0']);
      expect(await balance('BTC')).toEqual(['1.00999', '0']);
    });

    it('locks the base of a resting sell', async () => {
      await adapter.placeOrder(restingRequest({ side: 'sell', quantity: '0.4', price: '100950' }));
      expect(await balance('BTC')).toEqual(['0.6', '0.4']);
      for (let bars = 0; bars < 3; bars += 1) await world.advance();
      expect(await balance('BTC')).toEqual(['0.6', '0']);
      expect(await balance('USDT')).toEqual(['50339.62', '0']);
    });

    it('takes a marketable limit order at the price of the moment', async () => {
      const { order, fills } = await adapter.placeOrder(restingRequest({ price: '100500' }));
      expect(order).toMatchObject({ state: 'filled', type: 'limit', filledQuote: '1000' });
      expect(fills).toMatchObject([{ price: '100000', liquidity: 'taker' }]);
    });

    it('cancels what rests, and frees its funds', async () => {
      const request = restingRequest();
      await adapter.placeOrder(request);
      await adapter.cancelOrder(request);
      const { order, fills } = await adapter.getOrderStatus(request);
      expect(order).toMatchObject({ state: 'cancelled', filledQuantity: '0' });
      expect(fills).toEqual([]);
      expect(await balance('USDT')).toEqual(['10000', '0']);
      await world.advance();
      await world.advance();
      expect((await adapter.getOrderStatus(request)).order.state).toBe('cancelled');
    });

    it('finds nothing to cancel where an order is filled, cancelled or unknown', async () => {
      const filled = orderRequest();
      await adapter.placeOrder(filled);
      const cancelled = restingRequest();
      await adapter.placeOrder(cancelled);
      await adapter.cancelOrder(cancelled);
      for (const request of [filled, cancelled, orderRequest()]) {
        await expect(adapter.cancelOrder(request)).rejects.toMatchObject({
          code: 'VENUE_ORDER_NOT_FOUND',
        });
      }
      expect((await adapter.getOrderStatus(filled)).order.state).toBe('filled');
    });

    it('touches no order that is not its own', async () => {
      const foreign = { clientOrderId: 'web_0123456789', symbol: SYMBOL };
      const refused = { code: 'VENUE_INVALID_ORDER' };
      await expect(adapter.placeOrder(orderRequest(foreign))).rejects.toMatchObject(refused);
      await expect(adapter.cancelOrder(foreign)).rejects.toMatchObject(refused);
      await expect(adapter.getOrderStatus(foreign)).rejects.toMatchObject(refused);
      await expect(adapter.findOrder(foreign)).rejects.toMatchObject(refused);
    });

    it('refuses an id that is in use', async () => {
      const request = restingRequest();
      await adapter.placeOrder(request);
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({
        code: 'VENUE_DUPLICATE_ID',
      });
      expect(await adapter.openOrders(SYMBOL)).toHaveLength(1);
    });

    it('refuses what the balance does not cover, what is locked included', async () => {
      const code = 'VENUE_INSUFFICIENT_BALANCE';
      await expect(adapter.placeOrder(orderRequest({ quantity: '0.11' }))).rejects.toMatchObject({
        code,
      });
      await expect(
        adapter.placeOrder(orderRequest({ side: 'sell', quantity: '1.1' })),
      ).rejects.toMatchObject({ code });
      await adapter.placeOrder(restingRequest({ quantity: '0.1' }));
      await expect(adapter.placeOrder(orderRequest({ quantity: '0.01' }))).rejects.toMatchObject({
        code,
      });
    });

    it.each<RefusedOrder>([
      ...facts.refused,
      ['a quantity of zero', { quantity: '0' }, 'FILTER_LOT_SIZE'],
      ['a price off the tick', { type: 'limit', price: '99850.001' }, 'FILTER_PRICE'],
      ['a price outside the band', { type: 'limit', price: '600000' }, 'FILTER_PRICE'],
      ['a limit order without a price', { type: 'limit' }, 'VENUE_INVALID_ORDER'],
      ['an unknown symbol', { symbol: 'NO/SUCH' }, 'VENUE_INVALID_SYMBOL'],
      ['a deadline that is past', { deadline: Date.now() - 1 }, 'VENUE_CLOCK'],
    ])('does not send %s', async (_what, change, code) => {
      const request = orderRequest(change);
      await expect(adapter.placeOrder(request)).rejects.toMatchObject({ name: 'KeelError', code });
      expect(await adapter.findOrder({ ...request, symbol: SYMBOL })).toBeNull();
      expect(await balance('USDT')).toEqual(['10000', '0']);
    });

    it('knows no symbol that is not listed', async () => {
      await expect(adapter.instrument('NO/SUCH')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(adapter.openOrders('NO/SUCH')).rejects.toMatchObject({
        code: 'VENUE_INVALID_SYMBOL',
      });
    });

    it('finds an order in every state, and says null only when there is none', async () => {
      const unknown = orderRequest();
      expect(await adapter.findOrder(unknown)).toBeNull();
      await expect(adapter.getOrderStatus(unknown)).rejects.toMatchObject({
        code: 'VENUE_ORDER_NOT_FOUND',
      });
      const open = restingRequest();
      const cancelled = restingRequest();
      const filled = orderRequest();
      for (const request of [open, cancelled, filled]) await adapter.placeOrder(request);
      await adapter.cancelOrder(cancelled);
      expect((await adapter.findOrder(open))?.order.state).toBe('open');
      expect((await adapter.findOrder(cancelled))?.order.state).toBe('cancelled');
      const found = await adapter.findOrder(filled);
      expect(found?.order.state).toBe('filled');
      expect(found?.fills).toHaveLength(1);
      expect(found).toEqual(await adapter.getOrderStatus(filled));
    });

    it('lists fills from a time on, oldest first, equal to those told before', async () => {
      const first = await adapter.placeOrder(orderRequest());
      await world.advance();
      const second = await adapter.placeOrder(orderRequest({ side: 'sell', quantity: '0.02' }));
      expect(await adapter.fillsSince(SYMBOL, STARTS_AT)).toEqual([
        ...first.fills,
        ...second.fills,
      ]);
      expect(await adapter.fillsSince(SYMBOL, STARTS_AT + 1)).toEqual(second.fills);
      expect(await adapter.fillsSince(SYMBOL, STARTS_AT + 60_001)).toEqual([]);
      expect(await adapter.accountTrades(SYMBOL, STARTS_AT + 1)).toEqual(second.fills);
    });

    it('tells of every change of an order', async () => {
      const notices: OrderNotice[] = [];
      const watch = await adapter.watchOrders((notice) => notices.push(notice));
      const request = restingRequest();
      const expected = { clientOrderId: request.clientOrderId, symbol: SYMBOL };
      const told = async (count: number): Promise<void> => {
        await waitFor(() => notices.length >= count);
        expect(notices.every((notice) => notice.clientOrderId === expected.clientOrderId)).toBe(
          true,
        );
        notices.length = 0;
      };
      await adapter.placeOrder(request);
      await told(1);
      await world.advance();
      await world.advance();
      await told(1);
      await watch.close();
      await adapter.placeOrder(orderRequest());
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(notices).toEqual([]);
    });

    it('has balances that are the opening ones and all fills together, to the last digit', async () => {
      await adapter.placeOrder(orderRequest({ quantity: '0.01234' }));
      await adapter.placeOrder(restingRequest({ quantity: '0.01111' }));
      await adapter.placeOrder(
        restingRequest({ side: 'sell', price: '100777.7', quantity: '0.3' }),
      );
      await world.advance();
      await adapter.placeOrder(orderRequest({ side: 'sell', quantity: '0.00777' }));
      for (let bars = 0; bars < 3; bars += 1) await world.advance();
      const total = new Map(Object.entries(OPENING_BALANCES));
      const fills = await adapter.fillsSince(SYMBOL, 0);
      expect(fills).toHaveLength(4);
      for (const { asset, amount } of fills.flatMap((fill) =>
        ledgerEntries(fill, emptyPosition(SYMBOL)),
      )) {
        total.set(asset, toDecimalString(decimal(total.get(asset) ?? '0').plus(amount)));
      }
      const balances = await adapter.getBalances();
      expect(new Map(balances.map(({ asset, free }) => [asset, free]))).toEqual(total);
    });
  });
}
