/** MACD, Bollinger breakout and turtle on hand-made bars; `play` also restarts them after every bar. */
import { describe, expect, it } from '@jest/globals';
import { play, type TemplateStage } from '../test/factories/template-stage.ts';

describe('macd', () => {
  const config = { fast: 2, slow: 3, signal: 2, allocation: 0.5 };

  it('buys when the line crosses up, is flat when it crosses down, once each', () => {
    const signals = play('macd', config, (stage) => {
      stage.closes(10, 10, 10, 10, 10, 12.5, 14, 16, 8, 7, 6);
    });
    expect(signals).toEqual(['6 BTC/USDT cross-up 40', '9 BTC/USDT cross-down 0']);
  });

  it('asks to be flat at a first cross downwards, whatever an earlier run left', () => {
    const signals = play('macd', config, (stage) => {
      stage.closes(10, 10, 10, 10, 10, 8, 7);
    });
    expect(signals).toEqual(['6 BTC/USDT cross-down 0']);
  });

  it('does not enter a move that it did not see begin', () => {
    expect(
      play('macd', config, (stage) => {
        stage.closes(10, 11, 12, 14, 17, 21, 26);
      }),
    ).toEqual([]);
  });
});

describe('bollinger-breakout', () => {
  const config = { period: 5, width: 1.5, notional: 500 };

  it('buys above the band and sells below the mean', () => {
    const signals = play('bollinger-breakout', config, (stage) => {
      // At 12.5: mean 10.5, deviation 1, band 12. At 12: mean 11.4, at 11: mean 11.6.
      stage.closes(10, 10, 10, 10, 10, 12.5, 12.5, 12, 11, 11);
    });
    expect(signals).toEqual(['6 BTC/USDT above-band 40', '9 BTC/USDT below-mean 0']);
  });

  it('leaves a close on the band or on the mean alone', () => {
    expect(
      play('bollinger-breakout', config, (stage) => {
        stage.closes(10, 10, 10, 10, 10, 10);
      }),
    ).toEqual([]);
    // Mean 10.46, deviation 0.571, band 11.317.
    expect(
      play('bollinger-breakout', config, (stage) => {
        stage.closes(10, 10, 10, 11, 11.3);
      }),
    ).toEqual([]);
  });
});

describe('turtle', () => {
  const config = {
    ...{ entry: 3, exit: 2, atr: 2, risk: 0.02, stopAtr: 2, addAtr: 1 },
    ...{ maxUnits: 2, maxAllocation: 5 },
  };
  const PERP = 'BTC/USDT:USDT';

  /** True ranges of 2 around 100, channel 99 to 101. */
  function quiet(stage: TemplateStage, symbol?: string): void {
    const shape = { high: 101, low: 99, ...(symbol === undefined ? {} : { symbol }) };
    for (let at = 0; at < 4; at += 1) stage.bar(100, shape);
  }

  it('sizes units by risk, adds one as the price runs, and leaves by the channel', () => {
    const signals = play('turtle', config, (stage) => {
      quiet(stage);
      // N stays 2: a unit of 2 % of 1000 over 4 is 5.
      stage.bar(102, { low: 100 });
      stage.bar(103, { low: 102, high: 104 });
      stage.bar(104, { low: 102 });
      stage.bar(108, { low: 106 });
      stage.bar(101, { low: 101 });
      stage.bar(100, { low: 99 });
    });
    expect(signals).toEqual([
      '5 BTC/USDT unit-1 5',
      '7 BTC/USDT unit-2 10',
      '9 BTC/USDT channel-exit 0',
    ]);
  });

  it('leaves when the low reached the stop, though the close is back above', () => {
    const signals = play('turtle', config, (stage) => {
      quiet(stage);
      stage.bar(102, { low: 100 });
      stage.bar(104, { low: 102 });
      // The second unit raised the stop from 98 to 100.
      stage.bar(103, { low: 100.1 });
      stage.bar(103, { low: 100 });
      stage.bar(103, { low: 99 });
    });
    expect(signals).toEqual(['5 BTC/USDT unit-1 5', '6 BTC/USDT unit-2 10', '8 BTC/USDT stop 0']);
  });

  it('spends no more than its share on a unit', () => {
    const capped = { ...config, risk: 0.1, maxAllocation: 0.204 };
    const signals = play('turtle', capped, (stage) => {
      quiet(stage);
      stage.bar(102, { low: 100 });
    });
    expect(signals).toEqual(['5 BTC/USDT unit-1 1']);
  });

  it('sells short where it may, mirrored', () => {
    const signals = play('turtle', { ...config, symbol: PERP, shorts: true }, (stage) => {
      const symbol = PERP;
      quiet(stage, PERP);
      stage.bar(98, { symbol, high: 100 });
      stage.bar(96, { symbol, high: 98 });
      stage.bar(97, { symbol, high: 100 });
    });
    expect(signals).toEqual([`5 ${PERP} unit-1 -5`, `6 ${PERP} unit-2 -10`, `7 ${PERP} stop 0`]);
  });

  it('does not sell short unless told to, but leaves what an earlier run may have held, once', () => {
    const signals = play('turtle', config, (stage) => {
      quiet(stage);
      stage.closes(98, 96, 94);
    });
    expect(signals).toEqual(['5 BTC/USDT channel-exit 0']);
  });

  it('asks for nothing while the price never moved', () => {
    const signals = play('turtle', config, (stage) => {
      stage.closes(100, 100, 100, 100, 100, 100);
    });
    expect(signals).toEqual([]);
  });
});
