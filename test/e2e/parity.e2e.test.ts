/**
 * Live equals backtest: recorded minutes through the whole live pipeline (simulator, Temporal, workers, with a
 * restart of everything in the middle), and through the backtest with the same strategies. Signals, fills, fees
 * and equity must be the same to the last digit.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readBarCsv, seriesFrom } from '../../adapters/bars/read-bars.ts';
import {
  exchangeInfoSchema,
  instrumentOf as readInstrument,
  STANDARD_FEES,
} from '../../adapters/venues/binance/instruments.ts';
import { runBacktest } from '../../backtest/engine.ts';
import type { BacktestResult } from '../../backtest/result.ts';
import { DEMO_ACCOUNT, RECORDED_MARKET } from '../../cli/demo/config.ts';
import { replay } from '../../cli/demo/replay.ts';
import { openSession, type Session } from '../../cli/demo/session.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import type { Fill } from '../../core/fill.ts';
import type { Instrument } from '../../core/instrument.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { OrderView } from '../../core/order.ts';
import { startStack } from '../../stack/stack.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { describeWith } from '../servers.ts';

const TEST_TIMEOUT_MS = 15 * 60_000;
const BTC = 'BTC/USDT';
const ALLOCATION = '9000';
const QUIET_TIMEOUT_MS = 120_000;

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Both first templates and three others, quick enough to trade within hours. */
const STRATEGIES: readonly Entry[] = [
  { id: 'sma', type: 'sma-cross', config: { fast: 10, slow: 30, quantity: '0.05' } },
  { id: 'rsi', type: 'rsi-mean-reversion', config: { oversold: 30, overbought: 60 } },
  { id: 'macd', type: 'macd', config: { interval: '5m', allocation: 0.8 } },
  { id: 'bands', type: 'bollinger-breakout', config: { interval: '1m', notional: '3000' } },
  { id: 'turtle', type: 'turtle', config: { interval: '5m', entry: 10, exit: 5, atr: 10 } },
];

/** What one strategy did, as both sides can tell it. */
interface Figures {
  readonly signals: readonly string[];
  readonly fills: readonly string[];
  readonly equity: string;
}

function fillText(
  fill: Pick<Fill, 'side' | 'price' | 'quantity' | 'feeAmount' | 'feeAsset'>,
  tag: string,
): string {
  const { side, price, quantity, feeAmount, feeAsset } = fill;
  return `${tag} ${side} ${quantity} at ${price}, fee ${feeAmount} ${feeAsset}`;
}

/** An order of nothing, a target that is met, has no side worth telling. */
function signalText(
  order: Pick<OrderView, 'tag'> & {
    readonly side: string | null;
    readonly at: number;
    readonly quantity: string;
    readonly end: string;
  },
): string {
  const asked = order.quantity === '0' ? 'nothing' : `${order.side ?? '?'} ${order.quantity}`;
  return `${new Date(order.at).toISOString()} ${order.tag} ${asked}: ${order.end}`;
}

async function liveFigures(session: Session, id: string, close: string): Promise<Figures> {
  const { orders: book, strategies } = session.repositories;
  const found = await book.listOrders({ strategyId: id, limit: 1000 });
  const orders = [...found].sort((a, b) => a.eventTime - b.eventTime || a.createdAt - b.createdAt);
  const fills: string[] = [];
  for (const order of orders) {
    for (const fill of await book.orderFills(order.orderId)) fills.push(fillText(fill, order.tag));
  }
  const { positions, allocation } = await strategies.snapshot(id);
  const equity = Object.values(positions).reduce(
    (sum, { quoteFlow, quantity }) => sum.plus(quoteFlow).plus(decimal(quantity).mul(close)),
    decimal(allocation),
  );
  const signals = orders.map((order) =>
    signalText({ ...order, at: order.eventTime, end: order.status }),
  );
  return { signals, fills, equity: toDecimalString(equity) };
}

function backtestFigures(result: BacktestResult): Figures {
  return {
    signals: result.orders.map((order) =>
      signalText({ ...order, at: order.askedAt, end: order.status }),
    ),
    fills: result.fills.map((fill) => fillText(fill, fill.tag)),
    equity: result.run.finalEquity,
  };
}

/** Plays so many bars; everything but the servers is stopped and started again after half of them. */
async function live(dataDir: string, startAt: number, bars: number) {
  const stack = await startStack({ mode: 'embedded', dataDir, environment: {} });
  const open = (): Promise<Session> =>
    openSession({ mode: 'embedded', stack, dataDir, startAt, onStep: () => undefined });
  const play = (session: Session, count: number): Promise<number> =>
    replay({
      simulatorUrl: session.simulator.httpUrl,
      strategies: session.repositories.strategies,
      bars: count,
      quietTimeoutMs: QUIET_TIMEOUT_MS,
      pauseMs: 0,
      signal: new AbortController().signal,
      onBar: () => undefined,
    });
  try {
    let session = await open();
    try {
      const from = session.simulator.state().marketTime;
      for (const { id, type, config } of STRATEGIES) {
        const quota = { allocation: ALLOCATION };
        await session.api.post(
          '/strategies',
          { id, type, config, accountId: DEMO_ACCOUNT, quota },
          z.unknown(),
        );
        await session.api.post(`/strategies/${id}/start`, {}, z.unknown());
      }
      await untilRunning(session);
      await play(session, Math.floor(bars / 2));
      await session.close();
      session = await open();
      await untilRunning(session);
      await play(session, Math.ceil(bars / 2));
      const { marketTime } = session.simulator.state();
      const close = await closeAt(session, marketTime);
      const figures = new Map<string, Figures>();
      for (const { id } of STRATEGIES) {
        figures.set(id, await liveFigures(session, id, close));
      }
      return { figures, from, to: marketTime, instrument: await instrumentOf(session) };
    } finally {
      await session.close();
    }
  } finally {
    await stack.stop();
  }
}

/** The close of the bar that ended at that time, once the collector has stored it. */
async function closeAt(session: Session, at: number): Promise<string> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const newest = await session.repositories.klines.newest('binance', BTC, '1m');
    if (newest?.closeAt === at) return newest.close;
    if (Date.now() > deadline) throw new Error(`no bar that closed at ${String(at)} is stored`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function untilRunning(session: Session): Promise<void> {
  const schema = z.object({ status: z.string(), statusReason: z.string().nullable() });
  for (const { id } of STRATEGIES) {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const { status, statusReason } = await session.api.get(`/strategies/${id}`, schema);
      if (status === 'running') break;
      if (Date.now() > deadline) throw new Error(`${id} is ${status}: ${statusReason ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function instrumentOf(session: Session): Promise<Instrument> {
  const response = await fetch(`${session.simulator.httpUrl}/api/v3/exchangeInfo`);
  const info = exchangeInfoSchema.parse(await response.json());
  const [first] = info.symbols;
  if (first === undefined) throw new Error('the simulator lists nothing');
  return readInstrument('binance', first, STANDARD_FEES);
}

function backtest(
  series: BarSeries,
  instrument: Instrument,
  entry: Entry,
  from: number,
  to: number,
): Figures {
  const result = runBacktest({
    strategy: defaultRegistry().create(entry.type, entry.config),
    strategyType: entry.type,
    exchange: 'binance',
    series: [series],
    instruments: { [BTC]: instrument },
    wallet: ALLOCATION,
    from,
    to,
    costs: { feeIn: 'received' },
  });
  return backtestFigures(result);
}

describeWith(['postgres', 'temporal'], 'live and backtest', () => {
  let dataDir = '';
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'keel-parity-'));
    // PostgreSQL, run as another user where we are root, must be able to walk in.
    chmodSync(dataDir, 0o755);
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each([
    ['a whole day', Date.UTC(2024, 11, 10), 1440],
    ['hours of a quick fall', Date.UTC(2024, 11, 5, 20), 300],
    ['hours of another week', Date.UTC(2024, 11, 18, 17), 300],
  ])(
    'do the same to the last digit: %s',
    async (_name, startAt, bars) => {
      const { figures, from, to, instrument } = await live(dataDir, startAt, bars);
      const [recording] = RECORDED_MARKET.recordings;
      const series = seriesFrom(readBarCsv(recording.file, { exchange: 'binance', symbol: BTC }));
      let fills = 0;
      for (const entry of STRATEGIES) {
        const expected = backtest(series, instrument, entry, from, to);
        expect({ id: entry.id, ...figures.get(entry.id) }).toEqual({ id: entry.id, ...expected });
        fills += expected.fills.length;
      }
      expect(fills).toBeGreaterThan(STRATEGIES.length);
    },
    TEST_TIMEOUT_MS,
  );
});
