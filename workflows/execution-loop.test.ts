import { describe, expect, it } from '@jest/globals';
import type { ExecutionDecision, LegFact } from '../core/execution/strategy.ts';
import { workOrder, type ExecutionPorts, type WorkEnd } from './execution-loop.ts';
import type { CancelRequest } from './order-outcome.ts';

const LEG = { accountId: 'home', exchange: 'binance', quantity: '1', slot: 0, note: 'whole' };

/** An order that sends one leg, waits for its end and is done; the test says what happens meanwhile. */
class Order implements ExecutionPorts {
  clock = 0;
  facts: LegFact[] = [];
  learnt = 0;
  cancel: CancelRequest | null = null;
  due: number | null = null;
  readonly stopped: [number, CancelRequest][] = [];
  readonly waits: (number | null)[] = [];
  whileTelling = (): void => undefined;
  /** What happens while it waits and nothing has been learnt. */
  whileWaiting = (): void => undefined;

  now = (): number => this.clock;
  legs = (): readonly LegFact[] => this.facts;
  changes = (): number => this.learnt;
  cancelRequest = (): CancelRequest | null => this.cancel;
  deadline = (): number | null => this.due;
  timedOut = (): void => {
    this.cancel ??= { by: 'timeout' };
  };
  breathe = (): Promise<void> => Promise.resolve();
  tell = (): Promise<void> => {
    this.whileTelling();
    return Promise.resolve();
  };
  reprice = (): Promise<string> => Promise.resolve('100');
  send: ExecutionPorts['send'] = (plan) => {
    const begun = { begunAt: 0, live: true, state: 'open', filled: '0', errorCode: null } as const;
    this.facts.push({ ...plan, ...begun, legNumber: this.facts.length + 1 });
    this.learnt += 1;
  };
  stop = (legNumber: number, request: CancelRequest): void => {
    this.stopped.push([legNumber, request]);
    this.end({ state: 'cancelled' });
  };
  until: ExecutionPorts['until'] = (what, at) => {
    this.waits.push(at);
    if (!what()) this.whileWaiting();
    if (!what() && at === null) throw new Error('it waits, and nothing will come');
    if (at !== null) this.clock = Math.max(this.clock, at);
    return Promise.resolve();
  };

  end(change: Partial<LegFact>): void {
    this.facts = this.facts.map((leg) => ({ ...leg, ...change, live: false }));
    this.learnt += 1;
  }

  work(): Promise<WorkEnd> {
    const decide = ({ legs }: { readonly legs: readonly LegFact[] }): ExecutionDecision => {
      const [leg] = legs;
      if (leg === undefined) return { kind: 'send', legs: [{ ...LEG, repriced: true }] };
      return leg.live ? { kind: 'wait', until: null } : { kind: 'done', reason: leg.state };
    };
    return workOrder({ schedule: [], decide }, this);
  }
}

describe('the loop over an execution strategy', () => {
  it('sends, waits for a change, asks again and is done', async () => {
    const order = new Order();
    order.whileWaiting = () => {
      order.end({ state: 'filled' });
    };
    expect(await order.work()).toEqual({ kind: 'done', reason: 'filled' });
    expect(order.facts).toHaveLength(1);
  });

  it('does not sleep through what is learnt while the event is told', async () => {
    const order = new Order();
    order.whileTelling = () => {
      if (order.facts.some((leg) => leg.live)) order.end({ state: 'filled' });
    };
    expect(await order.work()).toEqual({ kind: 'done', reason: 'filled' });
  });

  it('sends nothing that was cancelled while its price was asked for', async () => {
    const order = new Order();
    order.reprice = () => {
      order.cancel = { by: 'ann' };
      return Promise.resolve('100');
    };
    expect(await order.work()).toEqual({ kind: 'cancelled', request: { by: 'ann' } });
    expect(order.facts).toEqual([]);
  });

  it('a cancel stops what lives and waits until it has ended', async () => {
    const order = new Order();
    order.whileWaiting = () => {
      order.cancel = { by: 'ann' };
    };
    expect(await order.work()).toMatchObject({ kind: 'cancelled' });
    expect(order.stopped).toEqual([[1, { by: 'ann' }]]);
    expect(order.facts[0]).toMatchObject({ live: false, state: 'cancelled' });
  });

  it('waits no longer than its deadline, and is timed out then', async () => {
    const order = new Order();
    order.due = 5_000;
    expect(await order.work()).toEqual({ kind: 'cancelled', request: { by: 'timeout' } });
    expect(order.waits[0]).toBe(5_000);
    expect(order.stopped).toHaveLength(1);
  });
});
