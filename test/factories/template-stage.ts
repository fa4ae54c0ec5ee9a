/** A stage for one strategy template: hand-made bars and order updates in, what it asked for out. */
import type { Kline } from '../../core/kline.ts';
import type { OrderView } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import type { AuxValue, Standing } from '../../strategies/base-strategy.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import {
  type RunnerCheckpoint,
  type RunnerResult,
  StrategyRunner,
} from '../../strategies/runner.ts';
import { createKline, createOrderView, T0 } from './market.ts';

const MINUTE = 60_000;

/** Rich enough that sizes come out round: 1000 quote. */
export const STAGE_FUNDS: Standing = {
  positions: {},
  openOrders: [],
  freeFunds: '1000',
  allocation: '1000',
};

export interface BarShape {
  readonly symbol?: string;
  readonly high?: number;
  readonly low?: number;
}

export class TemplateStage {
  readonly #type: string;
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #restarts: boolean;
  readonly #bars: Kline[] = [];
  readonly #counts = new Map<string, number>();
  #runner: StrategyRunner;
  readonly signals: Signal[] = [];
  readonly cancels: string[] = [];
  standing = STAGE_FUNDS;
  /** What `ctx.aux` answers, by name. */
  readonly aux = new Map<string, AuxValue>();

  /** @param restarts a new runner from the JSON of the checkpoint after every event */
  constructor(type: string, config: Readonly<Record<string, unknown>>, restarts: boolean) {
    this.#type = type;
    this.#config = { interval: '1m', ...config };
    this.#restarts = restarts;
    this.#runner = this.#make();
  }

  #make(restored?: RunnerCheckpoint): StrategyRunner {
    return new StrategyRunner({
      strategy: defaultRegistry().create(this.#type, this.#config),
      strategyId: 'strategy-1',
      strategyType: this.#type,
      runId: 'run-1',
      accountId: 'account-1',
      exchange: 'binance',
      aux: (name) => this.aux.get(name),
      ...(restored === undefined ? {} : { restored }),
    });
  }

  /** The next minute of a symbol, BTC/USDT unless stated; what was asked for on it. */
  bar(close: number, { symbol = 'BTC/USDT', high = close, low = close }: BarShape = {}): Signal[] {
    const count = this.#counts.get(symbol) ?? 0;
    this.#counts.set(symbol, count + 1);
    const bar = createKline({
      symbol,
      openAt: T0 + count * MINUTE,
      open: String(close),
      high: String(Math.max(high, close)),
      low: String(Math.min(low, close)),
      close: String(close),
    });
    this.#bars.push(bar);
    return this.#take(this.#runner.onKline(bar, this.standing));
  }

  /** BTC/USDT bars one after the other. */
  closes(...closes: readonly number[]): Signal[] {
    return closes.flatMap((close) => this.bar(close));
  }

  /** An update of the order of a signal. */
  order(of: Signal, overrides: Partial<OrderView>): Signal[] {
    const { wanted } = of;
    const order = createOrderView({
      orderId: of.id,
      version: 1,
      symbol: of.symbol,
      side: wanted.kind === 'order' ? wanted.side : 'buy',
      quantity: wanted.quantity,
      eventTime: of.eventTime,
      ...overrides,
    });
    return this.#take(this.#runner.onOrderUpdate(order, this.standing));
  }

  /** The order of a signal filled in full, in quote fees. */
  filled(of: Signal, overrides: Partial<OrderView> = {}): Signal[] {
    const filledQuantity = of.wanted.quantity;
    return this.order(of, { state: 'done', status: 'filled', filledQuantity, ...overrides });
  }

  #take(result: RunnerResult): Signal[] {
    if (result.kind !== 'handled') throw new Error(`expected handled, got ${result.kind}`);
    this.signals.push(...result.signals);
    this.cancels.push(...result.cancels);
    if (this.#restarts) {
      this.#runner = this.#make(JSON.parse(JSON.stringify(result.checkpoint)) as RunnerCheckpoint);
      const need = this.#runner.history().reduce((sum, { count }) => sum + count, 0);
      this.#runner.warmUp(this.#bars.slice(-need));
    }
    return [...result.signals];
  }
}

/** `14 BTC/USDT unit-1 0.5`, `3 BTC/USDT grid-buy buy 0.5 at 99`: the number counts the bars from 1. */
export function told(signal: Signal): string {
  const { wanted, symbol, tag, limitPrice, eventTime } = signal;
  const side = wanted.kind === 'order' ? `${wanted.side} ` : '';
  const price = limitPrice === undefined ? '' : ` at ${limitPrice}`;
  return `${String((eventTime - T0) / MINUTE)} ${symbol} ${tag} ${side}${wanted.quantity}${price}`;
}

/**
 * Plays a script twice, straight through and with a restart after every event, and returns all that was asked for.
 * Throws where the two differ.
 */
export function play(
  type: string,
  config: Readonly<Record<string, unknown>>,
  script: (stage: TemplateStage) => void,
): string[] {
  const [straight, restarted] = [false, true].map((restarts) => {
    const stage = new TemplateStage(type, config, restarts);
    script(stage);
    return [...stage.signals.map((signal) => `${signal.id} ${told(signal)}`), ...stage.cancels];
  });
  if (JSON.stringify(straight) !== JSON.stringify(restarted)) {
    throw new Error(
      `restarts changed the signals:\n${JSON.stringify(straight)}\n${JSON.stringify(restarted)}`,
    );
  }
  const stage = new TemplateStage(type, config, false);
  script(stage);
  return stage.signals.map(told);
}
