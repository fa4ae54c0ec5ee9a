/** Momentum, pairs and funding carry on hand-made bars; `play` also restarts them after every bar. */
import { describe, expect, it } from '@jest/globals';
import { emptyPosition } from '../core/ledger.ts';
import { T0 } from '../test/factories/market.ts';
import { play, TemplateStage } from '../test/factories/template-stage.ts';

const BTC = 'BTC/USDT:USDT';
const ETH = 'ETH/USDT:USDT';
const SOL = 'SOL/USDT:USDT';

/** A minute of several symbols. */
function minute(stage: TemplateStage, closes: Readonly<Record<string, number>>): void {
  for (const [symbol, close] of Object.entries(closes)) stage.bar(close, { symbol });
}

describe('cross-sectional-momentum', () => {
  const config = {
    ...{ symbols: [BTC, ETH, SOL], lookback: 2, hold: 3, top: 1, allocation: 0.5 },
  };

  /** Every order that is under way is told filled. */
  function fillAll(stage: TemplateStage, from = 0): void {
    for (const signal of stage.signals.slice(from)) stage.filled(signal);
  }

  it('holds the best by return once the others are flat', () => {
    const signals = play('cross-sectional-momentum', config, (stage) => {
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 110, [ETH]: 125, [SOL]: 90 });
      fillAll(stage);
      minute(stage, { [BTC]: 110, [ETH]: 125, [SOL]: 90 });
      minute(stage, { [BTC]: 110, [ETH]: 125, [SOL]: 90 });
      // Against two minutes before: 125 / 110, 125 / 125 and 91 / 90.
      minute(stage, { [BTC]: 125, [ETH]: 125, [SOL]: 91 });
      fillAll(stage, 3);
      minute(stage, { [BTC]: 125, [ETH]: 125, [SOL]: 91 });
      minute(stage, { [BTC]: 125, [ETH]: 125, [SOL]: 91 });
      minute(stage, { [BTC]: 120, [ETH]: 120, [SOL]: 90 });
    });
    expect(signals).toEqual([
      `3 ${BTC} dropped 0`,
      `3 ${SOL} dropped 0`,
      `3 ${ETH} winner 4`,
      `6 ${ETH} dropped 0`,
      `6 ${BTC} winner 4`,
      // Nothing rose.
      `9 ${BTC} dropped 0`,
    ]);
  });

  it('enters only when every exit is over, also one that came to nothing', () => {
    const stage = new TemplateStage('cross-sectional-momentum', config, true);
    minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
    minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
    minute(stage, { [BTC]: 110, [ETH]: 125, [SOL]: 90 });
    const [first, second] = stage.signals;
    expect(stage.signals).toMatchObject([{ symbol: BTC }, { symbol: SOL }]);
    expect(stage.order(first!, { state: 'working', status: 'partially_filled' })).toEqual([]);
    expect(stage.order(first!, { version: 2, state: 'denied', status: 'denied' })).toEqual([]);
    expect(stage.filled(second!)).toMatchObject([{ symbol: ETH, tag: 'winner' }]);
  });

  it('shrinks what is more than its part before it buys another', () => {
    const stage = new TemplateStage(
      'cross-sectional-momentum',
      { ...config, top: 2, lookback: 2, hold: 3, allocation: 0.8 },
      true,
    );
    const held = { ...emptyPosition(ETH), quantity: '8', cost: '800' };
    stage.standing = { ...stage.standing, freeFunds: '200', positions: { [ETH]: held } };
    minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
    minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
    minute(stage, { [BTC]: 110, [ETH]: 125, [SOL]: 90 });
    expect(stage.signals.map(({ symbol, tag }) => `${symbol} ${tag}`)).toEqual([
      `${ETH} winner`,
      `${SOL} dropped`,
    ]);
    stage.filled(stage.signals[1]!);
    expect(stage.filled(stage.signals[0]!)).toMatchObject([{ symbol: BTC, tag: 'winner' }]);
  });

  it('sells the losers short where told, in halves', () => {
    const signals = play('cross-sectional-momentum', { ...config, shorts: true }, (stage) => {
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 105, [ETH]: 125, [SOL]: 80 });
      fillAll(stage);
    });
    expect(signals).toEqual([`3 ${BTC} dropped 0`, `3 ${ETH} winner 2`, `3 ${SOL} loser -3.125`]);
  });

  it('leaves a symbol alone whose bar is missing, and waits for no one for ever', () => {
    const signals = play('cross-sectional-momentum', config, (stage) => {
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 100, [ETH]: 100, [SOL]: 100 });
      minute(stage, { [BTC]: 110, [SOL]: 125 });
      minute(stage, { [BTC]: 110, [SOL]: 125 });
      minute(stage, { [BTC]: 110, [SOL]: 125 });
      fillAll(stage);
    });
    // The slice of the third minute waits two; sizes are reckoned at the close by then.
    expect(signals).toEqual([`5 ${BTC} dropped 0`, `5 ${SOL} winner 4`]);
  });

  it('gives an entry a bar of its own interval to be sent', () => {
    const stage = new TemplateStage(
      'cross-sectional-momentum',
      { ...config, interval: '5m', lookback: 2, hold: 1 },
      true,
    );
    for (let at = 1; at <= 15; at += 1) {
      minute(stage, { [BTC]: 100 + at, [ETH]: 100, [SOL]: 100 });
    }
    fillAll(stage);
    const winner = stage.signals.find(({ tag }) => tag === 'winner');
    expect(winner).toMatchObject({ eventTime: T0 + 900_000, validUntil: T0 + 1_200_000 });
  });
});

describe('pairs-spread', () => {
  const config = { symbol: ETH, hedge: BTC, window: 20, allocation: 0.9, stop: 4, exit: 0.5 };

  /** The hedge swings by 1 %; log(ETH) = log(BTC) − log 2, and some noise. */
  function follow(stage: TemplateStage, from: number, to: number, dearer = 0): void {
    for (let at = from; at < to; at += 1) {
      const hedge = 100 * (1 + 0.01 * Math.sin(at));
      const noise = at % 2 === 0 ? 0.001 : -0.001;
      minute(stage, { [BTC]: hedge, [ETH]: (hedge / 2) * (1 + noise + dearer) });
    }
  }

  /** The words of a signal without its quantity, and the quantity. */
  function parted(signals: readonly string[]): { words: string[]; quantities: number[] } {
    const parts = signals.map((signal) => signal.split(' '));
    return {
      words: parts.map((part) => part.slice(0, 3).join(' ')),
      quantities: parts.map((part) => Number(part[3])),
    };
  }

  it('sells the dear one and buys the other for as much, and leaves when they have met', () => {
    const signals = play('pairs-spread', config, (stage) => {
      follow(stage, 1, 31);
      follow(stage, 31, 32, 0.005);
      follow(stage, 32, 40);
    });
    const { words, quantities } = parted(signals);
    expect(words).toEqual([
      `31 ${ETH} spread-dear`,
      `31 ${BTC} spread-dear`,
      `33 ${ETH} spread-closed`,
      `33 ${BTC} spread-closed`,
    ]);
    const [eth = 0, btc = 0, ...flat] = quantities;
    expect(flat).toEqual([0, 0]);
    expect(eth).toBeLessThan(0);
    const hedge = 100 * (1 + 0.01 * Math.sin(31));
    const worth = [-eth * (hedge / 2) * 1.004, btc * hedge];
    expect(worth[0]! + worth[1]!).toBeCloseTo(900, 1);
    // The slope is near one.
    expect(worth[1]! / worth[0]!).toBeGreaterThan(0.8);
    expect(worth[1]! / worth[0]!).toBeLessThan(1.2);
  });

  it('buys the cheap one, and gives up at the stop until the spread has come back', () => {
    const signals = play('pairs-spread', { ...config, stop: 2.75 }, (stage) => {
      follow(stage, 1, 31);
      follow(stage, 31, 32, -0.0025);
      follow(stage, 32, 33, -0.006);
      // Scores of −2.4, −1.3 and −2.2: it would enter again, had it not given up.
      follow(stage, 33, 36, -0.005);
    });
    expect(parted(signals).words.filter((word) => word.includes(ETH))).toEqual([
      `31 ${ETH} spread-cheap`,
      `32 ${ETH} spread-stop`,
    ]);
    expect(parted(signals).quantities[0]).toBeGreaterThan(0);
    expect(parted(signals).quantities[1]).toBeLessThan(0);
  });

  it('does not enter a pair that does not move together', () => {
    const signals = play('pairs-spread', { ...config, minCorrelation: 0.9 }, (stage) => {
      for (let at = 1; at < 40; at += 1) {
        const jump = at === 35 ? 5 : 0;
        minute(stage, { [BTC]: 100 + Math.sin(at), [ETH]: 50 + Math.cos(2.3 * at) + jump });
      }
    });
    expect(signals.filter((signal) => !signal.endsWith(' 0'))).toEqual([]);
  });

  it('asks both to be flat once, when it first finds them at home', () => {
    const signals = play('pairs-spread', { ...config, exit: 1.9 }, (stage) => {
      follow(stage, 1, 30);
    });
    expect(signals).toEqual([`20 ${ETH} spread-closed 0`, `20 ${BTC} spread-closed 0`]);
  });
});

describe('funding-carry', () => {
  const NAME = 'funding:binance:BTC/USDT:USDT';
  const config = { smoothing: 2, enter: 0.0002, exit: 0.00005, notional: 500 };

  /** Each rate is published with a bar. */
  function rates(stage: TemplateStage, ...values: readonly (number | null)[]): void {
    for (const value of values) {
      if (value !== null) {
        const publishedAt = (stage.aux.get(NAME)?.publishedAt ?? T0) + 1;
        stage.aux.set(NAME, { value, publishedAt });
      }
      stage.bar(100, { symbol: BTC });
    }
  }

  it('is short while longs pay, long while shorts pay, flat in between', () => {
    const signals = play('funding-carry', config, (stage) => {
      rates(stage, 0.0004, 0.0001, 0.0001, null, 0.00005, 0, -0.0003, -0.0003, 0);
    });
    expect(signals).toEqual([
      `2 ${BTC} longs-pay -5`,
      `6 ${BTC} funding-small 0`,
      `8 ${BTC} shorts-pay 5`,
    ]);
  });

  it('turns from one side to the other, and never goes long unless told', () => {
    const swing = [0.0003, 0.0003, -0.0009, -0.0009];
    expect(
      play('funding-carry', config, (stage) => {
        rates(stage, ...swing);
      }),
    ).toEqual([`2 ${BTC} longs-pay -5`, `3 ${BTC} shorts-pay 5`]);
    expect(
      play('funding-carry', { ...config, longs: false }, (stage) => {
        rates(stage, ...swing);
      }),
    ).toEqual([`2 ${BTC} longs-pay -5`, `3 ${BTC} funding-small 0`]);
  });

  it('asks to be flat, once, without a rate for a day', () => {
    const signals = play('funding-carry', config, (stage) => {
      rates(stage, 0.0003, 0.0003);
      for (let at = 0; at < 1440; at += 1) stage.bar(100, { symbol: BTC });
    });
    // It was published two milliseconds after the first bar opened.
    expect(signals).toEqual([`2 ${BTC} longs-pay -5`, `1441 ${BTC} funding-unknown 0`]);
    expect(
      play('funding-carry', config, (stage) => {
        stage.bar(100, { symbol: BTC });
        stage.bar(100, { symbol: BTC });
      }),
    ).toEqual([`1 ${BTC} funding-unknown 0`]);
  });
});
