/**
 * What every `TradeAdapter` of linear perpetuals does, whoever stands behind it. An implementation's test opens a
 * world over `PERPETUAL_BARS` with 10000 USDT, leverage 10 of cross margin, fees of 0.05 % taker and 0.02 %
 * maker, no slippage, maintenance margin of 0.4 %, and funding of 0.01 % every two minutes; market time stands at
 * the first bar's open. `connect` and `prepareAccount` were called.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyFill, emptyPosition, ledgerEntries } from '../../core/ledger.ts';
import { Decimal, decimal, toDecimalString } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import { waitFor } from '../../test/wait-for.ts';
import type {
  ForeignTradeNotice,
  OrderNotice,
  PlaceOrderRequest,
  TradeAdapter,
} from '../trade-adapter.ts';
import { orderRequest, STARTS_AT, type TradingWorld } from './trade-adapter.contract.ts';

export interface PerpetualWorld extends TradingWorld {
  /** The venue takes so much of the position by an order of its own. */
  deleverage(quantity: string): void;
}

export const PERPETUAL = 'BTC/USDT:USDT';
export const WALLET = '10000';
export const FUNDING_EVERY_MS = 120_000;

/** open, high, low, close of the minutes from `STARTS_AT` on; the fifth falls by more than a tenth. */
export const PERPETUAL_BARS = [
  ['100000', '100100', '99900', '100000'],
  ['100000', '100200', '99800', '100000'],
  ['100000', '101000', '99500', '100900'],
  ['100900', '101500', '95000', '96000'],
  ['96000', '97000', '85000', '86000'],
  ['86000', '86100', '85900', '86000'],
] as const;

export function describePerpetuals(name: string, open: () => Promise<PerpetualWorld>): void {
  describe(`perpetuals of ${name}`, () => {
    let world: PerpetualWorld;
    let adapter: TradeAdapter;

    beforeEach(async () => {
      world = await open();
      adapter = world.adapter;
    });
    afterEach(() => world.close());

    const request = (change: Partial<PlaceOrderRequest> = {}): PlaceOrderRequest =>
      orderRequest({ symbol: PERPETUAL, quantity: '0.1', ...change });
    const advance = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute += 1) await world.advance();
    };
    const wallet = async (): Promise<string> => {
      const { free, locked } = await adapter.getBalance('USDT');
      return toDecimalString(decimal(free).plus(locked));
    };

    it('tell the contract, its settlement and the leverage it is traded at', async () => {
      expect(await adapter.instrument(PERPETUAL)).toMatchObject({
        base: 'BTC',
        quote: 'USDT',
        settle: 'USDT',
        contract: 'linear',
        leverage: '10',
        takerFeeRate: '0.0005',
      });
    });

    it('are sold short as they are bought: for margin, with the fee in the settlement asset', async () => {
      const { order, fills } = await adapter.placeOrder(request({ side: 'sell' }));
      expect(order).toMatchObject({ side: 'sell', state: 'filled', filledQuote: '10000' });
      expect(fills).toMatchObject([
        { price: '100000', quantity: '0.1', feeAmount: '5', feeAsset: 'USDT', liquidity: 'taker' },
      ]);
      expect(await adapter.getPositions()).toEqual([{ symbol: PERPETUAL, quantity: '-0.1' }]);
      expect(await adapter.getBalance('USDT')).toMatchObject({ free: '8995', locked: '1000' });
    });

    it('turn from long to short in one order', async () => {
      await adapter.placeOrder(request());
      await adapter.placeOrder(request({ side: 'sell', quantity: '0.3' }));
      expect(await adapter.getPositions()).toEqual([{ symbol: PERPETUAL, quantity: '-0.2' }]);
    });

    it('refuse what the margin does not cover', async () => {
      const dear = request({ quantity: '1.1' });
      await expect(adapter.placeOrder(dear)).rejects.toMatchObject({
        code: 'VENUE_INSUFFICIENT_BALANCE',
      });
      expect(await adapter.findOrder(dear)).toBeNull();
    });

    it('shrink a reduce-only order to what is held, and refuse one that finds nothing', async () => {
      const opening = request({ side: 'sell', reduceOnly: true });
      await expect(adapter.placeOrder(opening)).rejects.toMatchObject({
        code: 'VENUE_REDUCE_ONLY',
      });
      expect(await adapter.findOrder(opening)).toBeNull();
      await adapter.placeOrder(request());
      const closing = request({ side: 'sell', quantity: '0.3', reduceOnly: true });
      const { order } = await adapter.placeOrder(closing);
      expect(order.filledQuantity).toBe('0.1');
      expect(await adapter.getPositions()).toEqual([]);
    });

    it('let a limit order rest and fill as maker', async () => {
      const resting = request({ type: 'limit', price: '99850' });
      await adapter.placeOrder(resting);
      expect(await adapter.openOrders(PERPETUAL)).toMatchObject([
        { clientOrderId: resting.clientOrderId, type: 'limit', price: '99850', state: 'open' },
      ]);
      await advance(2);
      const { order, fills } = await adapter.getOrderStatus(resting);
      expect(order).toMatchObject({ state: 'filled', filledQuote: '9985' });
      expect(fills).toMatchObject([{ liquidity: 'maker', feeAmount: '1.997' }]);
    });

    it('guard a position by a stop that only reduces; what it becomes is told as the stop', async () => {
      const notices: OrderNotice[] = [];
      const foreign: ForeignTradeNotice[] = [];
      const watch = await adapter.watchOrders((notice) => notices.push(notice));
      const others = await adapter.watchForeignTrades((notice) => foreign.push(notice));
      const opened = await adapter.placeOrder(request({ side: 'sell' }));
      notices.length = 0;
      const stop = request({ side: 'buy', type: 'stop', stopPrice: '100500', reduceOnly: true });
      expect((await adapter.placeOrder(stop)).order).toMatchObject({
        clientOrderId: stop.clientOrderId,
        type: 'stop',
        stopPrice: '100500',
        state: 'open',
      });
      expect(await adapter.openOrders(PERPETUAL)).toMatchObject([
        { clientOrderId: stop.clientOrderId, type: 'stop', stopPrice: '100500' },
      ]);
      await advance(3);
      const { order, fills } = await adapter.getOrderStatus(stop);
      expect(order).toMatchObject({
        clientOrderId: stop.clientOrderId,
        type: 'stop',
        state: 'filled',
        filledQuote: '10050',
      });
      expect(fills).toMatchObject([
        { clientOrderId: stop.clientOrderId, price: '100500', liquidity: 'taker' },
      ]);
      expect(await adapter.findOrder(stop)).toEqual({ order, fills });
      expect(await adapter.fillsSince(PERPETUAL, 0)).toEqual([...opened.fills, ...fills]);
      expect(await adapter.getPositions()).toEqual([]);
      await waitFor(() => notices.length >= 2);
      const ids = new Set(notices.map(({ clientOrderId }) => clientOrderId));
      expect(ids).toEqual(new Set([stop.clientOrderId]));
      expect(foreign).toEqual([]);
      await watch.close();
      await others.close();
    });

    it('cancel a stop that waits, refuse one the market has passed', async () => {
      await adapter.placeOrder(request());
      const stop = request({ side: 'sell', type: 'stop', stopPrice: '99850', reduceOnly: true });
      await adapter.placeOrder(stop);
      await adapter.cancelOrder(stop);
      expect((await adapter.getOrderStatus(stop)).order.state).toBe('cancelled');
      await advance(2);
      expect(await adapter.getPositions()).toHaveLength(1);
      await expect(adapter.cancelOrder(stop)).rejects.toMatchObject({
        code: 'VENUE_ORDER_NOT_FOUND',
      });
      const passed = request({ side: 'sell', type: 'stop', stopPrice: '100001' });
      await expect(adapter.placeOrder(passed)).rejects.toMatchObject({
        code: 'VENUE_WOULD_TRIGGER',
      });
      expect(await adapter.findOrder(passed)).toBeNull();
    });

    it.each<[string, Partial<PlaceOrderRequest>, string]>([
      ['a quantity off the step', { quantity: '0.10000001' }, 'FILTER_LOT_SIZE'],
      ['a price off the tick', { type: 'limit', price: '99850.01' }, 'FILTER_PRICE'],
      ['an unknown symbol', { symbol: 'NO/SUCH:SUCH' }, 'VENUE_INVALID_SYMBOL'],
      ['a stop without a trigger', { type: 'stop' }, 'VENUE_INVALID_ORDER'],
      [
        'a stop-limit',
        { side: 'sell', type: 'stop-limit', stopPrice: '99850', price: '99800' },
        'VENUE_INVALID_ORDER',
      ],
    ])('do not send %s', async (_what, change, code) => {
      await expect(adapter.placeOrder(request(change))).rejects.toMatchObject({ code });
      expect(await adapter.openOrders(PERPETUAL)).toEqual([]);
      expect(await adapter.getPositions()).toEqual([]);
    });

    it('tell funding by an id of the venue, the same whenever it is asked for', async () => {
      await adapter.placeOrder(request());
      expect(await adapter.fundingSince(PERPETUAL, 0)).toEqual([]);
      await advance(2);
      const paid = await adapter.fundingSince(PERPETUAL, 0);
      expect(paid).toEqual([
        {
          venueFundingId: expect.stringMatching(/./),
          symbol: PERPETUAL,
          asset: 'USDT',
          amount: '-1',
          paidAt: STARTS_AT + FUNDING_EVERY_MS,
        },
      ]);
      await advance(2);
      const later = await adapter.fundingSince(PERPETUAL, 0);
      expect(later).toHaveLength(2);
      expect(later[0]).toEqual(paid[0]);
      expect(await adapter.fundingSince(PERPETUAL, STARTS_AT + FUNDING_EVERY_MS + 1)).toEqual([
        later[1],
      ]);
      expect(await wallet()).toBe('9993.04');
    });

    it('tell the rates at which funding was paid, whether anything was held or not', async () => {
      expect(await adapter.fundingRates(PERPETUAL, 0)).toEqual([]);
      await advance(4);
      const rates = await adapter.fundingRates(PERPETUAL, 0);
      expect(rates).toEqual(
        [1, 2].map((nth) => ({
          rate: '0.0001',
          publishedAt: STARTS_AT + nth * FUNDING_EVERY_MS,
        })),
      );
      const since = STARTS_AT + 2 * FUNDING_EVERY_MS;
      expect(await adapter.fundingRates(PERPETUAL, since)).toEqual(rates.slice(1));
      expect(await adapter.fundingRates(PERPETUAL, since + 1)).toEqual([]);
    });

    it('tell a liquidation as an order of the venue’s own, never as one of ours', async () => {
      await adapter.placeOrder(request({ quantity: '0.9' }));
      const since = await adapter.marketTime();
      await advance(5);
      expect(await adapter.getPositions()).toEqual([]);
      const [made, ...more] = await adapter.venueOrdersSince(PERPETUAL, since);
      expect(more).toEqual([]);
      expect(made).toMatchObject({
        cause: 'liquidation',
        order: { side: 'sell', filledQuantity: '0.9', state: 'filled' },
      });
      expect(made?.fills).toHaveLength(1);
      expect(await adapter.fillsSince(PERPETUAL, since + 1)).toEqual([]);
    });

    it('tell auto-deleveraging likewise, and that it is no trade of ours as it happens', async () => {
      const foreign: ForeignTradeNotice[] = [];
      const watch = await adapter.watchForeignTrades((notice) => foreign.push(notice));
      await adapter.placeOrder(request({ side: 'sell', quantity: '0.5' }));
      world.deleverage('0.2');
      await waitFor(() => foreign.length > 0);
      const { venueSymbol } = await adapter.instrument(PERPETUAL);
      expect(foreign).toEqual([{ venueSymbol }]);
      await watch.close();
      expect(await adapter.getPositions()).toEqual([{ symbol: PERPETUAL, quantity: '-0.3' }]);
      expect(await adapter.venueOrdersSince(PERPETUAL, 0)).toMatchObject([
        { cause: 'adl', order: { side: 'buy', filledQuantity: '0.2' } },
      ]);
    });

    it('stay as they are set when the account is prepared again', async () => {
      await adapter.placeOrder(request());
      await adapter.prepareAccount([PERPETUAL]);
      expect(await adapter.instrument(PERPETUAL)).toMatchObject({ leverage: '10' });
    });

    it('have a wallet that is fills, funding and the venue’s own orders together, to the last digit', async () => {
      await adapter.placeOrder(request({ quantity: '0.037' }));
      await adapter.placeOrder(request({ quantity: '0.021', type: 'limit', price: '99933.3' }));
      await advance(1);
      await adapter.placeOrder(request({ side: 'sell', quantity: '0.02' }));
      await advance(1);
      await adapter.placeOrder(request({ side: 'sell', quantity: '0.1' }));
      await advance(1);
      await adapter.placeOrder(request({ quantity: '0.95' }));
      await advance(3);
      const made = await adapter.venueOrdersSince(PERPETUAL, 0);
      expect(made).toHaveLength(1);
      const fills = [
        ...(await adapter.fillsSince(PERPETUAL, 0)),
        ...made.flatMap((one) => one.fills),
      ].sort(
        (a, b) => a.executedAt - b.executedAt || Number(a.venueTradeId) - Number(b.venueTradeId),
      );
      let position: Position = emptyPosition(PERPETUAL);
      let total = new Decimal(WALLET);
      for (const fill of fills) {
        for (const { amount } of ledgerEntries(fill, position)) total = total.plus(amount);
        position = applyFill(position, fill);
      }
      for (const { amount } of await adapter.fundingSince(PERPETUAL, 0)) {
        total = total.plus(amount);
      }
      expect(position.quantity).toBe('0');
      expect(await wallet()).toBe(toDecimalString(total));
    });
  });
}
