/** Grid and DCA on hand-made bars and order updates; `play` also restarts them after every event. */
import { describe, expect, it } from '@jest/globals';
import type { Signal } from '../core/signal.ts';
import { play, STAGE_FUNDS, TemplateStage } from '../test/factories/template-stage.ts';

describe('grid', () => {
  const config = { levels: 2, spacing: 0.1, quantity: 1 };
  const cancelled = { state: 'done', status: 'cancelled' } as const;
  const FIRST = ['1 BTC/USDT grid-buy buy 1 at 110', '1 BTC/USDT grid-buy buy 1 at 100'];

  /** The rungs at 110 and 100 with their orders. */
  function hang(stage: TemplateStage): [Signal, Signal] {
    const [upper, lower] = stage.bar(121);
    return [upper!, lower!];
  }

  it('buys on its rungs, sells a rung higher what is left after the fee, and buys again', () => {
    const signals = play('grid', config, (stage) => {
      const [upper] = hang(stage);
      stage.closes(115, 109);
      const [sell] = stage.filled(upper, { fees: { BTC: '0.001' } });
      stage.closes(120);
      stage.filled(sell!);
      stage.closes(118);
    });
    expect(signals).toEqual([
      ...FIRST,
      '3 BTC/USDT grid-sell sell 0.999 at 121',
      '4 BTC/USDT grid-buy buy 1 at 110',
    ]);
  });

  it('offers what a cancelled buy got, and waits ten bars after one that got nothing', () => {
    const signals = play('grid', config, (stage) => {
      const [upper, lower] = hang(stage);
      stage.order(upper, { ...cancelled, filledQuantity: '0.4' });
      stage.order(lower, { state: 'denied', status: 'denied' });
      stage.closes(...Array<number>(11).fill(115));
    });
    expect(signals).toEqual([
      ...FIRST,
      '1 BTC/USDT grid-sell sell 0.4 at 121',
      '11 BTC/USDT grid-buy buy 1 at 100',
    ]);
  });

  it('waits for the end of an order, and ignores others', () => {
    const signals = play('grid', config, (stage) => {
      const [upper] = hang(stage);
      stage.order(upper, { state: 'working', status: 'partially_filled', filledQuantity: '0.4' });
      stage.filled({ ...upper, id: '0'.repeat(24) });
      stage.closes(109);
    });
    expect(signals).toEqual(FIRST);
  });

  it('goes on selling what a cancelled sell left, and stops where nothing is there to sell', () => {
    const signals = play('grid', config, (stage) => {
      const [upper] = hang(stage);
      const [sell] = stage.filled(upper);
      const [rest] = stage.order(sell!, { ...cancelled, filledQuantity: '0.25' });
      const reasonCode = 'NOTHING_TO_SELL';
      stage.order(rest!, { state: 'denied', status: 'denied', reasonCode });
      stage.closes(...Array<number>(10).fill(115));
    });
    expect(signals).toEqual([
      ...FIRST,
      '1 BTC/USDT grid-sell sell 1 at 121',
      '1 BTC/USDT grid-sell sell 0.75 at 121',
      '11 BTC/USDT grid-buy buy 1 at 110',
    ]);
  });

  it('hangs anew below a price that has left it, once its orders are gone', () => {
    const script = (stage: TemplateStage): void => {
      const [upper, lower] = hang(stage);
      stage.closes(133, 134);
      stage.order(upper, { ...cancelled });
      stage.closes(136);
      stage.order(lower, { ...cancelled });
      stage.closes(145.2);
    };
    expect(play('grid', config, script)).toEqual([
      ...FIRST,
      '5 BTC/USDT grid-buy buy 1 at 132',
      '5 BTC/USDT grid-buy buy 1 at 120',
    ]);
    const stage = new TemplateStage('grid', config, false);
    script(stage);
    const [upper, lower] = stage.signals;
    expect(stage.cancels).toEqual([upper?.id, lower?.id, lower?.id]);
  });

  it('stays where an order bought before its cancel came', () => {
    const signals = play('grid', config, (stage) => {
      const [upper, lower] = hang(stage);
      stage.closes(134);
      stage.filled(upper);
      stage.order(lower, { ...cancelled });
      stage.closes(...Array<number>(10).fill(134));
    });
    expect(signals).toEqual([
      ...FIRST,
      '2 BTC/USDT grid-sell sell 1 at 121',
      '12 BTC/USDT grid-buy buy 1 at 100',
    ]);
  });

  it('asks for nothing that its free funds do not pay for', () => {
    const signals = play('grid', config, (stage) => {
      stage.standing = { ...STAGE_FUNDS, freeFunds: '120.99' };
      stage.closes(121, 121);
    });
    expect(signals).toEqual([]);
  });

  it('spreads half its equity over the rungs unless told', () => {
    const signals = play('grid', { levels: 2, spacing: 0.1 }, (stage) => {
      stage.bar(100);
    });
    expect(signals).toEqual([
      '1 BTC/USDT grid-buy buy 2.5 at 90.90909091',
      '1 BTC/USDT grid-buy buy 2.5 at 82.6446281',
    ]);
  });
});

describe('dca', () => {
  it('buys at whole multiples of its bars since 1970, not at its start', () => {
    const signals = play('dca', { every: 3, notional: 50 }, (stage) => {
      stage.closes(100, 100, 100, 100, 100, 125, 100);
    });
    expect(signals).toEqual(['3 BTC/USDT purchase buy 0.5', '6 BTC/USDT purchase buy 0.4']);
  });

  it('buys one hundredth of its equity unless told', () => {
    const signals = play('dca', { every: 2 }, (stage) => {
      stage.closes(100, 100);
    });
    expect(signals).toEqual(['2 BTC/USDT purchase buy 0.1']);
  });

  it('rests a discounted order until the next purchase', () => {
    const stage = new TemplateStage('dca', { every: 3, quantity: 1, discount: 0.1 }, true);
    stage.closes(100, 100, 100);
    expect(stage.signals).toMatchObject([
      { type: 'limit', limitPrice: '90', timeoutMs: 180_000, wanted: { quantity: '1' } },
    ]);
  });

  it('stops when the money is spent', () => {
    const signals = play('dca', { every: 2, notional: 50 }, (stage) => {
      stage.standing = { ...STAGE_FUNDS, freeFunds: '49.99' };
      stage.closes(100, 100);
      stage.standing = { ...STAGE_FUNDS, freeFunds: '50' };
      stage.closes(100, 100);
      stage.standing = { ...STAGE_FUNDS, freeFunds: '0', allocation: '0' };
      stage.closes(100, 100);
    });
    expect(signals).toEqual(['4 BTC/USDT purchase buy 0.5']);
  });
});
