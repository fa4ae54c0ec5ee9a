/** The small value modules: money, symbols, times, signals, errors, instruments. */
import { describe, expect, it } from '@jest/globals';
import {
  createFill,
  createInstrument,
  createKline,
  createMarketData,
  createSignal,
  T0,
} from '../test/factories/market.ts';
import { ERROR_CODES, KeelError } from './errors.ts';
import { fillSchema } from './fill.ts';
import { instrumentSchema } from './instrument.ts';
import { klineSchema } from './kline.ts';
import { marketDataSchema } from './market-data.ts';
import { decimalString, positiveDecimal } from './decimal-strings.ts';
import { Decimal, decimal, floorToStep, toDecimalString } from './money.ts';
import { actionOf, clientOrderId, signalId, signalSchema } from './signal.ts';
import { parseSymbol } from './symbol.ts';
import { intervalMs, tradingDay } from './time.ts';

describe('money', () => {
  it('adds as people do and writes plain numbers', () => {
    expect(toDecimalString(decimal('0.1').plus('0.2'))).toBe('0.3');
    expect(toDecimalString(decimal('0.00000001').div(1000))).toBe('0.00000000001');
    expect(toDecimalString(new Decimal('-0'))).toBe('0');
    expect(toDecimalString(decimal('1.500'))).toBe('1.5');
  });

  it('floors towards zero', () => {
    expect(floorToStep(decimal('-1.29'), '0.1').toFixed()).toBe('-1.2');
  });

  it.each(['1e5', '+1', ' 1', '1.', '.5', 'NaN', ''])('refuses "%s"', (text) => {
    expect(decimalString.safeParse(text).success).toBe(false);
  });

  it('knows what is more than zero', () => {
    expect(positiveDecimal.safeParse('0.00').success).toBe(false);
    expect(positiveDecimal.safeParse('-1').success).toBe(false);
    expect(positiveDecimal.safeParse('0.01').success).toBe(true);
  });
});

describe('symbols and times', () => {
  it('splits symbols', () => {
    expect(parseSymbol('BTC/USDT')).toEqual({ base: 'BTC', quote: 'USDT' });
    expect(parseSymbol('BTC/USDT:USDT').settle).toBe('USDT');
    expect(() => parseSymbol('BTCUSDT')).toThrow(/write BTC\/USDT/);
  });

  it('knows bars and days', () => {
    expect(intervalMs('4h')).toBe(14_400_000);
    expect([tradingDay(T0 - 1), tradingDay(T0)]).toEqual(['2024-12-09', '2024-12-10']);
  });
});

describe('signals', () => {
  it('have an id by key alone', () => {
    const signal = createSignal();
    expect(signalId(signal)).toBe(signal.id);
    expect(signalId({ ...signal, sequence: 2 })).not.toBe(signal.id);
    expect(signalId({ ...signal, tag: 'other' } as typeof signal)).toBe(signal.id);
  });

  it('need a limit price with, and only with, a limit', () => {
    expect(signalSchema.safeParse(createSignal()).success).toBe(true);
    expect(signalSchema.safeParse(createSignal({ type: 'limit' })).success).toBe(false);
    expect(signalSchema.safeParse(createSignal({ limitPrice: '1' })).success).toBe(false);
  });

  it('name client order ids and actions', () => {
    expect(clientOrderId('a'.repeat(24), 36)).toBe(`keel${'a'.repeat(24)}10`);
    expect(() => clientOrderId('a', 0)).toThrow(RangeError);
    expect(actionOf({ wanted: { kind: 'target', quantity: '0.00' } })).toBe('flat');
    expect(actionOf({ wanted: { kind: 'target', quantity: '-1' } })).toBe('sell');
    expect(actionOf({ wanted: { kind: 'target', quantity: '1' } })).toBe('buy');
    expect(actionOf({ wanted: { kind: 'order', side: 'sell', quantity: '1' } })).toBe('sell');
  });
});

describe('errors', () => {
  it('know whether trying again can help', () => {
    expect(new KeelError('UNAVAILABLE', 'x', { retryAfterMs: 5 })).toMatchObject({
      retryable: true,
      retryAfterMs: 5,
    });
    const cause = new Error('inner');
    expect(new KeelError('STRATEGY_FAILED', 'x', { cause }).cause).toBe(cause);
    expect(ERROR_CODES.STRATEGY_FAILED.retryable).toBe(false);
    expect(ERROR_CODES.VENUE_UNKNOWN_OUTCOME.retryable).toBe(true);
  });
});

describe('factories', () => {
  it('make what the schemas take', () => {
    expect(klineSchema.safeParse(createKline()).success).toBe(true);
    expect(fillSchema.safeParse(createFill()).success).toBe(true);
    expect(instrumentSchema.safeParse(createInstrument()).success).toBe(true);
    expect(marketDataSchema.safeParse(createMarketData()).success).toBe(true);
  });
});
