/** A small world of one strategy and symbol: signals in any order and twice, sends, fills, cancels. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createInstrument, createSignal, T0 } from '../test/factories/market.ts';
import { decideAdmission, type OpenOrder } from './admission.ts';
import { Decimal, decimal, toDecimalString } from './money.ts';

const STEP = '0.00001';
const instrument = createInstrument({ minQuantity: STEP, minNotional: '0', quantityStep: STEP });

class World {
  position = new Decimal(0);
  readonly open = new Map<string, OpenOrder>();
  readonly seen = new Map<string, string>();
  newest = 0;
  newestTarget = new Decimal(0);

  /** Delivers a signal until it is decided; orders in the way are cancelled as the workflow does. */
  deliver(sequence: number, quantity: string): void {
    const signal = createSignal({ sequence, wanted: { kind: 'target', quantity } });
    if (this.seen.has(signal.id)) return;
    for (let tries = 0; tries < 5; tries += 1) {
      const decision = decideAdmission({
        signal,
        strategyStatus: 'running',
        currentRunId: 'run-1',
        marketTime: T0,
        position: toDecimalString(this.position),
        openOrders: [...this.open.values()],
        newestSequence: this.newest,
        instrument,
        buffer: '0',
      });
      if (decision.verdict === 'blocked') {
        expect(decision.cancelFirst.length).toBeGreaterThan(0);
        for (const id of decision.cancelFirst) {
          expect(this.open.get(id)?.sent).toBe(true);
          this.open.delete(id);
        }
        continue;
      }
      this.seen.set(signal.id, decision.verdict);
      if (sequence > this.newest) {
        this.newest = sequence;
        this.newestTarget = decimal(quantity);
      } else {
        expect(decision).toMatchObject({ verdict: 'ended', state: 'superseded' });
      }
      for (const id of decision.supersede) {
        expect(this.open.get(id)?.sent).toBe(false);
        this.open.delete(id);
      }
      if (decision.verdict === 'admitted') {
        this.open.set(signal.id, {
          orderId: signal.id,
          runId: 'run-1',
          sequence,
          side: decision.side,
          type: signal.type,
          remaining: decision.quantity,
          sent: false,
          guardStop: false,
        });
      }
      return;
    }
    throw new Error('still blocked after its orders were cancelled');
  }

  send(index: number): void {
    const order = [...this.open.values()][index % Math.max(this.open.size, 1)];
    if (order !== undefined) this.open.set(order.orderId, { ...order, sent: true });
  }

  /** Fills a share of a sent order. */
  fill(index: number, share: number): void {
    const sent = [...this.open.values()].filter((order) => order.sent);
    const order = sent[index % Math.max(sent.length, 1)];
    if (order === undefined) return;
    const lots = decimal(order.remaining).div(STEP);
    const quantity = Decimal.max(lots.mul(share).div(100).floor(), 1).mul(STEP);
    this.position = this.position.plus(order.side === 'buy' ? quantity : quantity.neg());
    const remaining = decimal(order.remaining).minus(quantity);
    if (remaining.isZero()) this.open.delete(order.orderId);
    else this.open.set(order.orderId, { ...order, remaining: toDecimalString(remaining) });
  }

  heldAndReserved(): Decimal {
    return [...this.open.values()].reduce(
      (total, { side, remaining }) =>
        side === 'buy' ? total.plus(remaining) : total.minus(remaining),
      this.position,
    );
  }
}

const quantity = fc
  .integer({ min: 0, max: 500_000 })
  .map((lots) => toDecimalString(new Decimal(lots).mul(STEP)));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('signal' as const), at: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('send' as const), at: fc.nat(200) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      at: fc.nat(200),
      share: fc.integer({ min: 1, max: 100 }),
    }),
  },
);

describe('admission over any sequence', () => {
  it('held + reserved reaches the newest target; late and repeated signals change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(quantity, { minLength: 1, maxLength: 12 }),
        fc.array(step, { maxLength: 60 }),
        (targets, steps) => {
          const world = new World();
          for (const action of steps) {
            if (action.kind === 'send') world.send(action.at);
            else if (action.kind === 'fill') world.fill(action.at, action.share);
            else {
              const at = action.at % targets.length;
              world.deliver(at + 1, targets[at] ?? '0');
            }
            expect(toDecimalString(world.heldAndReserved())).toBe(
              toDecimalString(world.newestTarget),
            );
            expect(world.position.isNegative() && !world.position.isZero()).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
