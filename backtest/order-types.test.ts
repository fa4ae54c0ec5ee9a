/** How the types of order fill: limit and stop orders, and how long they work. */
import { describe, expect, it } from '@jest/globals';
import { T0 } from '../test/factories/market.ts';
import { backtest, flat, type Row } from '../test/factories/run-backtest.ts';

const MINUTE = 60_000;
const QUIET: readonly Row[] = [flat(100), flat(100), flat(100), flat(100)];
const BTC = 'BTC/USDT';

describe('limit orders', () => {
  it('rest until the path touches them, fill as maker at their price, at the open where it is better', () => {
    const result = backtest([flat(100), [100, 101, 99, 100], [97, 98, 96, 97], flat(97)], {
      0: (ctx) => {
        ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'near', limitPrice: 99 });
        ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'far', limitPrice: '98.5' });
      },
    });
    expect(result.fills).toMatchObject([
      { tag: 'near', price: '99', liquidity: 'maker', executedAt: T0 + 2 * MINUTE - 1 },
      { tag: 'far', price: '97', liquidity: 'maker' },
    ]);
  });

  it('that are marketable fill at once as taker, at the price of the moment', () => {
    const result = backtest(QUIET, {
      0: (ctx) => ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'in', limitPrice: 105 }),
    });
    expect(result.fills).toMatchObject([
      { price: '100', liquidity: 'taker', executedAt: T0 + MINUTE },
    ]);
  });

  it('time out, can be cancelled, and make way for a target', () => {
    const ids: string[] = [];
    const result = backtest([...QUIET, flat(100)], {
      0: (ctx) => {
        ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'timed', limitPrice: 90, timeoutMs: MINUTE });
        ids.push(ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'unwanted', limitPrice: 91 }));
      },
      1: (ctx) => {
        expect(ctx.open(BTC).map(({ tag, status }) => [tag, status])).toEqual([
          ['timed', 'open'],
          ['unwanted', 'open'],
        ]);
        ctx.cancel(ids[0] ?? '');
        ctx.target(BTC, { qty: '2' }, { tag: 'rest', limitPrice: 92 });
      },
      3: (ctx) => ctx.target(BTC, 'flat', { tag: 'out' }),
    });
    expect(result.orders.map(({ tag, status }) => [tag, status])).toEqual([
      ['timed', 'cancelled'],
      ['unwanted', 'cancelled'],
      ['rest', 'cancelled'],
      ['out', 'unneeded'],
    ]);
  });
});

describe('stop orders', () => {
  it('become market orders where they are reached, at the open across a gap', () => {
    const result = backtest([flat(100), [100, 103, 99, 102], [102, 102, 96, 97], flat(97)], {
      0: (ctx) => ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'breakout', stopPrice: 101 }),
      1: (ctx) => ctx.order(BTC, 'sell', { qty: '1' }, { tag: 'stop', stopPrice: 98 }),
    });
    expect(result.fills).toMatchObject([
      { tag: 'breakout', price: '101', liquidity: 'taker' },
      { tag: 'stop', price: '98' },
    ]);
    const late = backtest([flat(100), [103, 103, 103, 103]], {
      0: (ctx) => ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'late', stopPrice: 101 }),
    });
    expect(late.orders).toMatchObject([{ status: 'rejected', reasonCode: 'VENUE_WOULD_TRIGGER' }]);
  });
});

describe('stop-limit orders', () => {
  const breakout = (limitPrice: number, rows: readonly Row[], qty = '1', volumeShare?: number) => {
    const result = backtest(
      [flat(100), ...rows],
      {
        0: (ctx) => ctx.order(BTC, 'buy', { qty }, { tag: 'in', stopPrice: 105, limitPrice }),
      },
      volumeShare === undefined ? {} : { costs: { volumeShare } },
    );
    const { orders, ambiguousBars } = result;
    const fills = result.fills.map(({ price, quantity, liquidity }) => [
      price,
      quantity,
      liquidity,
    ]);
    return { fills, order: orders[0], ambiguousBars };
  };
  // 100 → 99 → 108 → 102.
  const up: Row = [100, 108, 99, 102];

  it('take at the price that triggers them, where their limit lets them', () => {
    expect(breakout(106, [up])).toMatchObject({
      fills: [['105', '1', 'taker']],
      ambiguousBars: 0,
      order: { type: 'stop-limit', price: '106', status: 'filled' },
    });
  });

  it('are triggered by a gap, and rest where it opens beyond their limit', () => {
    expect(breakout(106, [flat(100), [107, 109, 106.5, 108], [108, 108, 106, 107]]).fills).toEqual([
      ['106', '1', 'maker'],
    ]);
    expect(breakout(109, [flat(100), [107, 109, 106.5, 108]]).fills).toEqual([
      ['107', '1', 'taker'],
    ]);
  });

  it('rest from where they are triggered on: what came before does not fill them', () => {
    expect(breakout(103, [up])).toMatchObject({
      fills: [['103', '1', 'maker']],
      // Whether the price came to the limit after the trigger or before, the path decides.
      ambiguousBars: 1,
    });
    const missed = breakout(99.5, [up, [102, 103, 101, 102]]);
    expect(missed).toMatchObject({ fills: [], order: { status: 'open' }, ambiguousBars: 1 });
    expect(breakout(99.5, [up, [102, 103, 99, 100]]).fills).toEqual([['99.5', '1', 'maker']]);
  });

  it('take what the volume allows, and the rest waits at the limit', () => {
    const rows: Row[] = [
      [100, 108, 99, 102, 10],
      [107, 107, 107, 107, 10],
      [106, 106, 106, 106, 10],
    ];
    expect(breakout(106, rows, '2', 0.1).fills).toEqual([
      ['105', '1', 'taker'],
      ['106', '1', 'maker'],
    ]);
  });

  it('lock what their limit costs, are told of when triggered, and make way for a close', () => {
    const told: string[] = [];
    const free: string[] = [];
    const result = backtest(
      [flat(100), up, flat(102), flat(102)],
      {
        0: (ctx) =>
          ctx.order(BTC, 'buy', { qty: '1' }, { tag: 'in', stopPrice: 105, limitPrice: 90 }),
        1: (ctx) => free.push(ctx.funds.free),
        2: (ctx) => ctx.target(BTC, 'flat', { tag: 'out' }),
      },
      {},
      ({ tag, status, version }) => told.push(`${tag} ${status} ${String(version)}`),
    );
    expect(free).toEqual(['9909.91']);
    expect(told).toEqual(['in open 1', 'in open 2', 'in cancelled 3', 'out unneeded 1']);
    expect(result.fills).toEqual([]);
  });

  it('are refused behind the market, and where the wallet does not cover the limit', () => {
    const { order } = breakout(106, [[105, 108, 104, 107]]);
    expect(order).toMatchObject({ status: 'rejected', reasonCode: 'VENUE_WOULD_TRIGGER' });
    expect(breakout(106, [up], '95').order).toMatchObject({ reasonCode: 'RISK_BALANCE' });
  });
});

describe('time in force', () => {
  const thin: Row = [100, 100, 100, 100, 10];
  const ask = (
    timeInForce: 'gtc' | 'ioc' | 'fok' | 'post-only',
    { limitPrice = 101, qty = '2.5', rows = [thin, thin, thin, [100, 100, 98, 100, 10]] } = {},
  ) => {
    const told: string[] = [];
    const result = backtest(
      rows as Row[],
      {
        0: (ctx) => ctx.order(BTC, 'buy', { qty }, { tag: 'in', limitPrice, timeInForce }),
        2: (ctx) => told.push(...ctx.open(BTC).map(({ status }) => status)),
      },
      { costs: { volumeShare: 0.1 } },
    );
    const [order] = result.orders;
    const fills = result.fills.map(({ price, quantity, liquidity }) => [
      price,
      quantity,
      liquidity,
    ]);
    return { order, fills, openLater: told };
  };

  it('gtc trades what it can and waits with the rest', () => {
    const { order, fills, openLater } = ask('gtc');
    expect(fills[0]).toEqual(['100', '1', 'taker']);
    expect(order).toMatchObject({ filledQuantity: '2.5', status: 'filled' });
    expect(openLater).toEqual([]);
  });

  it('ioc trades what it can at once, and the rest expires', () => {
    const { order, fills } = ask('ioc');
    expect(fills).toEqual([['100', '1', 'taker']]);
    expect(order).toMatchObject({
      ...{ state: 'done', status: 'expired', filledQuantity: '1', endedAt: T0 + MINUTE },
      reason: 'ioc: the rest could not trade at once',
    });
  });

  it('fok trades whole at once, or not at all', () => {
    const { order, fills } = ask('fok');
    expect(fills).toEqual([]);
    expect(order).toMatchObject({
      ...{ state: 'done', status: 'expired', filledQuantity: '0', endedAt: T0 + MINUTE },
      reason: 'fok: it could not trade whole at once',
    });
    expect(ask('fok', { qty: '1' }).fills).toEqual([['100', '1', 'taker']]);
  });

  it.each(['ioc', 'fok'] as const)('%s that the market has not come to expires', (timeInForce) => {
    const { order, fills } = ask(timeInForce, { limitPrice: 99, qty: '1' });
    expect(fills).toEqual([]);
    expect(order).toMatchObject({ status: 'expired', endedAt: T0 + MINUTE, reasonCode: null });
  });

  it('post-only is refused where it would trade at once, and rests as a maker where not', () => {
    const refused = ask('post-only', { limitPrice: 100 });
    expect(refused.fills).toEqual([]);
    expect(refused.order).toMatchObject({
      ...{ state: 'failed', status: 'rejected', reasonCode: 'VENUE_WOULD_MATCH' },
      reason: 'post-only at 100, it would trade at once with the market at 100',
    });
    const rests = ask('post-only', { limitPrice: 99, qty: '1' });
    expect(rests.openLater).toEqual(['open']);
    expect(rests.fills).toEqual([['99', '1', 'maker']]);
  });

  it('tells the strategy once of an order that traded a part and expired, and frees its funds', () => {
    const told: unknown[] = [];
    const free: string[] = [];
    backtest(
      [thin, thin, thin],
      {
        0: (ctx) =>
          ctx.order(BTC, 'buy', { qty: '2' }, { tag: 'in', limitPrice: 101, timeInForce: 'ioc' }),
        1: (ctx) => free.push(ctx.funds.free),
      },
      { costs: { volumeShare: 0.1 } },
      ({ status, filledQuantity }) => told.push([status, filledQuantity]),
    );
    expect(told).toEqual([['expired', '1']]);
    expect(free).toEqual(['9899.9']);
  });
});
