import { expect, it } from '@jest/globals';
import { makeSeries } from '../test/factories/bars.ts';
import { createInstrument } from '../test/factories/market.ts';
import { CHUNK_ROWS } from './columns.ts';
import { FillLog } from './fill-log.ts';
import { Market } from './market.ts';
import { OrderLog } from './order-log.ts';
import { SeriesBar } from './series-bar.ts';

const market = new Market(new SeriesBar(makeSeries(1)), createInstrument(), undefined, 0);

function ask(log: OrderLog, index: number) {
  return log.make(
    {
      ...{
        id: `id-${String(index)}`,
        symbol: market.symbol,
        sequence: index,
        tag: `tag-${String(index)}`,
      },
      ...{ eventTime: index, validUntil: index, type: 'market', referencePrice: 1 },
      wanted: { kind: 'target', quantity: '1' },
      ...{
        limitPrice: undefined,
        stopPrice: undefined,
        timeoutMs: undefined,
        timeInForce: undefined,
      },
      ...{ execution: undefined, stops: undefined },
    },
    market,
    'sell',
  );
}

it('lists orders as they were asked for, however they ended, over more than one chunk', () => {
  const log = new OrderLog();
  const orders = Array.from({ length: CHUNK_ROWS + 2 }, (_, index) => ask(log, index));
  const [open, ...ended] = orders;
  for (const order of ended.reverse()) {
    order.quantity = market.quantity('2.5');
    order.end('done', 'cancelled', 99, null, 'why');
  }
  if (open !== undefined) log.keep(open);
  const listed = log.list();
  expect(listed.map(({ orderId }) => orderId)).toEqual(orders.map(({ request }) => request.id));
  expect(listed[0]).toMatchObject({ side: null, status: 'pending', endedAt: null });
  expect(listed.at(-1)).toMatchObject({
    ...{ side: 'sell', quantity: '2.5', filledQuantity: '0', status: 'cancelled' },
    ...{
      reason: 'why',
      askedAt: CHUNK_ROWS + 1,
      endedAt: 99,
      tag: `tag-${String(CHUNK_ROWS + 1)}`,
    },
  });
});

it('joins each fill with its order, over more than one chunk', () => {
  const log = new OrderLog();
  const fills = new FillLog();
  const orders = Array.from({ length: CHUNK_ROWS + 1 }, (_, index) => ask(log, index));
  for (const order of orders) {
    fills.add(order, 3, 4, { amount: 5, asset: 'USDT' }, order.number % 2 === 1, order.number);
    order.end('done', 'filled', order.number);
  }
  const listed = fills.list(log);
  expect(listed).toHaveLength(CHUNK_ROWS + 1);
  expect(listed.at(-1)).toEqual({
    ...{
      market,
      orderId: `id-${String(CHUNK_ROWS)}`,
      tag: `tag-${String(CHUNK_ROWS)}`,
      side: 'sell',
    },
    ...{ price: 3, quantity: 4, fee: 5, feeAsset: 'USDT', maker: true, at: CHUNK_ROWS + 1 },
  });
});
