/**
 * Every template on recorded bars of Binance with its steps and a fee of 0.1 %, pinned to the last digit: a change of
 * any of these figures is a change of how strategies trade or how the engine fills, and has to be meant.
 */
import { describe, expect, it } from '@jest/globals';
import { defaultRegistry } from '../strategies/registry.ts';
import {
  fundingOf,
  perpetualMinutes,
  perpetualOf,
  spotHours,
  spotOf,
} from '../test/factories/recorded-series.ts';
import { runBacktest } from './engine.ts';
import { fundingAux } from './funding-aux.ts';
import { summarise } from './metrics.ts';
import type { BacktestResult } from './result.ts';

type Config = Readonly<Record<string, unknown>>;

const spot = (['BTC', 'ETH', 'SOL'] as const).map((asset) => ({
  series: spotHours(asset),
  instrument: spotOf(asset),
}));
const perpetuals = (['BTC', 'ETH'] as const).map((asset) => ({
  series: perpetualMinutes(asset),
  instrument: perpetualOf(asset),
}));
const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
const SOL = 'SOL/USDT';
const BTC_PERP = 'BTC/USDT:USDT';
const ETH_PERP = 'ETH/USDT:USDT';

/** On 10 000 USDT; spot fees are taken from what is received, as Binance does. */
function run(type: string, config: Config, symbols: readonly string[]): BacktestResult {
  const markets = [...spot, ...perpetuals].filter(({ series }) => symbols.includes(series.symbol));
  const series = markets.map((market) => market.series);
  const contracts = markets.some(({ instrument }) => instrument.contract !== undefined);
  const funding = contracts ? series.flatMap(fundingOf) : [];
  return runBacktest({
    strategy: defaultRegistry().create(type, config),
    strategyType: type,
    exchange: 'binance',
    series,
    instruments: Object.fromEntries(
      markets.map(({ instrument }) => [instrument.symbol, instrument]),
    ),
    wallet: '10000',
    funding,
    aux: fundingAux(funding, 'binance'),
    costs: { feeIn: contracts ? 'quote' : 'received' },
  });
}

function figures(result: BacktestResult) {
  const { maxDrawdown, feesPaid } = summarise(result);
  return {
    orders: result.orders.length,
    fills: result.fills.length,
    roundTrips: result.trades.filter(({ exitAt }) => exitAt !== null).length,
    fees: feesPaid,
    funding: result.funding,
    finalEquity: result.run.finalEquity,
    maxDrawdown: maxDrawdown.share.toFixed(6),
  };
}

/** How many orders ended how, by tag. */
function ends(result: BacktestResult): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { tag, status } of result.orders) {
    const end = `${tag} ${status}`;
    counts[end] = (counts[end] ?? 0) + 1;
  }
  return counts;
}

interface Case {
  readonly what: string;
  readonly type: string;
  readonly symbols: readonly string[];
  readonly config: Config;
  readonly figures: ReturnType<typeof figures>;
  readonly ends: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  {
    what: 'a day against five days, in a rising market',
    type: 'sma-cross',
    symbols: [BTC],
    config: { interval: '1h', fast: 24, slow: 120, allocation: 0.95 },
    figures: {
      orders: 60,
      fills: 60,
      roundTrips: 30,
      fees: '769.7568824318',
      funding: '0',
      finalEquity: '13871.75338474',
      maxDrawdown: '0.153809',
    },
    ends: { 'golden-cross filled': 30, 'death-cross filled': 30 },
  },
  {
    what: 'buys falls of ether that go on',
    type: 'rsi-mean-reversion',
    symbols: [ETH],
    config: { symbol: ETH, interval: '1h', oversold: 30, overbought: 60, allocation: 0.95 },
    figures: {
      orders: 61,
      fills: 60,
      roundTrips: 30,
      fees: '549.647001196',
      funding: '0',
      finalEquity: '7646.097949859',
      maxDrawdown: '0.404651',
    },
    ends: { 'overbought unneeded': 1, 'oversold filled': 30, 'overbought filled': 30 },
  },
  {
    what: 'four-hour crosses of a swinging market',
    type: 'macd',
    symbols: [SOL],
    config: { symbol: SOL, interval: '4h', allocation: 0.95 },
    figures: {
      orders: 128,
      fills: 128,
      roundTrips: 64,
      fees: '1177.93964989',
      funding: '0',
      finalEquity: '8637.74488596',
      maxDrawdown: '0.507171',
    },
    ends: { 'cross-up filled': 64, 'cross-down filled': 64 },
  },
  {
    what: 'four-hour breakouts',
    type: 'bollinger-breakout',
    symbols: [BTC],
    config: { symbol: BTC, interval: '4h', allocation: 0.95 },
    figures: {
      orders: 49,
      fills: 48,
      roundTrips: 24,
      fees: '586.8370207908',
      funding: '0',
      finalEquity: '12631.0404416',
      maxDrawdown: '0.236038',
    },
    ends: { 'below-mean unneeded': 1, 'above-band filled': 24, 'below-mean filled': 24 },
  },
  {
    what: 'daily breakouts in up to four units',
    type: 'turtle',
    symbols: [SOL],
    config: { symbol: SOL, interval: '1d', entry: 20, exit: 10, atr: 10 },
    figures: {
      orders: 22,
      fills: 21,
      roundTrips: 5,
      fees: '52.01464659',
      funding: '0',
      finalEquity: '10089.92945574',
      maxDrawdown: '0.141211',
    },
    ends: {
      'channel-exit unneeded': 1,
      'unit-1 filled': 5,
      'unit-2 filled': 5,
      'unit-3 filled': 5,
      'stop filled': 4,
      'unit-4 filled': 1,
      'channel-exit filled': 1,
    },
  },
  {
    what: 'hourly breakouts both ways, from minutes',
    type: 'turtle',
    symbols: [BTC_PERP],
    config: { symbol: BTC_PERP, interval: '1h', entry: 48, exit: 24, shorts: true },
    figures: {
      orders: 42,
      fills: 42,
      roundTrips: 15,
      fees: '127.3020626',
      funding: '-10.36753246',
      finalEquity: '9691.41700494',
      maxDrawdown: '0.087227',
    },
    ends: {
      'unit-1 filled': 15,
      'stop filled': 12,
      'unit-2 filled': 7,
      'unit-3 filled': 3,
      'unit-4 filled': 2,
      'channel-exit filled': 3,
    },
  },
  {
    what: 'eight rungs of 2 %, full when ether fell in August',
    type: 'grid',
    symbols: [ETH],
    config: { symbol: ETH, interval: '1h', levels: 8, spacing: 0.02, allocation: 0.1 },
    figures: {
      orders: 470,
      fills: 270,
      roundTrips: 0,
      fees: '297.396119511',
      funding: '0',
      finalEquity: '9381.088742127',
      maxDrawdown: '0.280621',
    },
    ends: {
      'grid-buy cancelled': 192,
      'grid-buy filled': 139,
      'grid-sell filled': 131,
      'grid-sell open': 8,
    },
  },
  {
    what: '250 USDT a week',
    type: 'dca',
    symbols: [BTC],
    config: { symbol: BTC, interval: '1d', every: 7, notional: 250 },
    figures: {
      orders: 36,
      fills: 36,
      roundTrips: 0,
      fees: '8.9887634701',
      funding: '0',
      finalEquity: '9724.42306146',
      maxDrawdown: '0.229043',
    },
    ends: { 'purchase filled': 36 },
  },
  {
    what: '250 USDT a week, 3 % below the close or not at all',
    type: 'dca',
    symbols: [BTC],
    config: { symbol: BTC, interval: '1d', every: 7, notional: 250, discount: 0.03 },
    figures: {
      orders: 36,
      fills: 18,
      roundTrips: 0,
      fees: '4.3590895234',
      funding: '0',
      finalEquity: '9756.3972702',
      maxDrawdown: '0.103972',
    },
    ends: { 'purchase cancelled': 18, 'purchase filled': 18 },
  },
  {
    what: 'the best of three, ranked every week',
    type: 'cross-sectional-momentum',
    symbols: [BTC, ETH, SOL],
    config: {
      symbols: [BTC, ETH, SOL],
      interval: '1d',
      lookback: 21,
      hold: 7,
      top: 1,
      allocation: 0.95,
    },
    figures: {
      orders: 35,
      fills: 32,
      roundTrips: 12,
      fees: '284.6654233529',
      funding: '0',
      finalEquity: '13289.34939207',
      maxDrawdown: '0.403409',
    },
    ends: {
      'dropped unneeded': 2,
      'winner filled': 20,
      'dropped filled': 12,
      'winner unneeded': 1,
    },
  },
  {
    what: 'ether against bitcoin while it ran away',
    type: 'pairs-spread',
    symbols: [BTC_PERP, ETH_PERP],
    config: { symbol: ETH_PERP, hedge: BTC_PERP, interval: '1h', window: 72 },
    figures: {
      orders: 38,
      fills: 36,
      roundTrips: 18,
      fees: '146.24770758',
      funding: '2.36948105',
      finalEquity: '8881.57549347',
      maxDrawdown: '0.145993',
    },
    ends: {
      'spread-closed unneeded': 2,
      'spread-dear filled': 12,
      'spread-closed filled': 16,
      'spread-cheap filled': 6,
      'spread-stop filled': 2,
    },
  },
  {
    what: 'short while longs pay, in a rising market',
    type: 'funding-carry',
    symbols: [BTC_PERP],
    config: { symbol: BTC_PERP, interval: '1h', smoothing: 3, enter: 0.00006, exit: 0.00003 },
    figures: {
      orders: 7,
      fills: 6,
      roundTrips: 3,
      fees: '29.7433229',
      funding: '18.27296503',
      finalEquity: '9800.71614213',
      maxDrawdown: '0.045024',
    },
    ends: { 'funding-small unneeded': 1, 'longs-pay filled': 3, 'funding-small filled': 3 },
  },
];

describe('the templates on recorded bars', () => {
  it.each(CASES)('$type: $what', ({ type, symbols, config, figures: pinned, ends: ended }) => {
    const result = run(type, config, symbols);
    expect({ ...figures(result), ends: ends(result) }).toEqual({ ...pinned, ends: ended });
  });

  it('are all of them', () => {
    const types = defaultRegistry()
      .list()
      .map(({ type }) => type);
    expect([...new Set(CASES.map(({ type }) => type))].sort()).toEqual([...types].sort());
  });
});

describe('what a trader sees in the runs', () => {
  function pinned(of: string): BacktestResult {
    const found = CASES.find(({ type }) => type === of);
    if (found === undefined) throw new Error(`no case of ${of}`);
    return run(found.type, found.config, found.symbols);
  }

  it('grid sells each rung one spacing above where it bought', () => {
    const { orders } = pinned('grid');
    const filled = orders.filter(({ status }) => status === 'filled');
    const bought = filled.filter(({ side }) => side === 'buy').map(({ price }) => Number(price));
    for (const { side, price } of filled) {
      if (side !== 'sell') continue;
      const rung = Number(price) / 1.02;
      // The venue's tick.
      expect(bought.some((one) => Math.abs(one - rung) <= 0.02)).toBe(true);
    }
  });

  it('dca buys at the same hour, a week apart', () => {
    const times = pinned('dca').orders.map(({ askedAt }) => askedAt);
    const weeks = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 604_800_000);
    expect(new Set(weeks)).toEqual(new Set([1]));
  });

  it('momentum holds one at a time and changes over at once', () => {
    const { trades } = pinned('cross-sectional-momentum');
    const changes = trades
      .slice(1)
      .map((trade, index) => trade.entryAt - (trades[index]?.exitAt ?? 0));
    expect(Math.min(...changes)).toBe(0);
  });

  it('pairs holds both sides, against each other, for the same time', () => {
    const { trades } = pinned('pairs-spread');
    const of = (symbol: string) => trades.filter((trade) => trade.symbol === symbol);
    const hedges = of(BTC_PERP);
    const opposite = { long: 'short', short: 'long' } as const;
    expect(
      of(ETH_PERP).map(({ entryAt, exitAt, side }) => [entryAt, exitAt, opposite[side]]),
    ).toEqual(hedges.map(({ entryAt, exitAt, side }) => [entryAt, exitAt, side]));
  });

  it('carry is short while longs pay, and is paid', () => {
    const result = pinned('funding-carry');
    expect(result.trades.map(({ side }) => side)).toEqual(['short', 'short', 'short']);
    expect(Number(result.funding)).toBeGreaterThan(0);
  });
});
