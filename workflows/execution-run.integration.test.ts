/** Orders of several legs, by the real workflows over fake steps: schedules, outages, cancels, lost children. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { ExecutionPlan } from '../core/execution/plan.ts';
import type { Signal } from '../core/signal.ts';
import { createPlace } from '../test/factories/execution.ts';
import { filledBy, legSteps, type LegSteps } from '../test/factories/execution-steps.ts';
import { openOrderRuns, type OrderRuns } from '../test/factories/order-runs.ts';
import { facts, testSignal } from '../test/factories/order-steps.ts';
import type { Progress } from './order-messages.ts';
import { legWorkflowId } from './order-names.ts';

const MINUTE = 60_000;
const twap = (change: Partial<Extract<ExecutionPlan, { kind: 'twap' }>> = {}): ExecutionPlan => ({
  kind: 'twap',
  durationMs: 4 * MINUTE,
  slices: 4,
  jitter: 0,
  catchUp: 'spread',
  ...change,
});
const ICEBERG: ExecutionPlan = { kind: 'iceberg', displayQuantity: '0.3' };
const SPLIT: ExecutionPlan = { kind: 'split', accounts: ['home', 'other'] };
const ON_TWO = {
  kind: 'split',
  places: [createPlace(), createPlace({ accountId: 'other' })],
  shares: [
    { accountId: 'home', exchange: 'binance', quantity: '0.4' },
    { accountId: 'other', exchange: 'okx', quantity: '0.6' },
  ],
} satisfies Partial<Parameters<typeof legSteps>[0]>;
const limit = (execution: ExecutionPlan): Signal =>
  testSignal({ execution, type: 'limit', limitPrice: '100' });

describe('an order of several legs', () => {
  let orders: OrderRuns;

  beforeAll(async () => {
    orders = await openOrderRuns();
  }, 120_000);
  afterAll(async () => {
    await orders.close();
  });

  const until = async (what: () => boolean): Promise<void> => {
    for (let looks = 0; !what(); looks += 1) {
      if (looks > 1_000) throw new Error(`it never came to be: ${what.toString()}`);
      await pause(10);
    }
  };
  const quantities = (steps: LegSteps): string[] =>
    [...steps.sent].sort(([a], [b]) => a - b).map(([, quantity]) => quantity);

  /** After the first slice PostgreSQL is away for so long: the workflow stands still, its slots go by. */
  async function withOutage(execution: ExecutionPlan, awayMs: number): Promise<LegSteps> {
    let away = true;
    const steps = legSteps({
      kind: 'twap',
      steps: {
        publishOrder: () => {
          if (!away) return Promise.resolve(facts());
          away = false;
          throw ApplicationFailure.create({ type: 'UNAVAILABLE', nextRetryDelay: awayMs });
        },
      },
    });
    await orders.run(steps, testSignal({ execution }));
    return steps;
  }

  describe('TWAP', () => {
    it('sends a slice a slot, each in a child, and sums up exactly', async () => {
      const steps = legSteps({ kind: 'twap', terms: { quantity: '1.01' } });
      const signal = testSignal({ execution: twap() });
      let progress: Progress | undefined;
      await orders.runLocal(steps, signal, async (handle) => {
        await handle.result();
        progress = await handle.query<Progress>('state');
      });
      expect(quantities(steps)).toEqual(['0.25', '0.25', '0.25', '0.26']);
      expect(steps.settled[0]?.final).toEqual({ state: 'done' });
      const { client } = orders.environment;
      const child = await client.workflow.getHandle(legWorkflowId(signal.id, 3)).describe();
      expect(child.status.name).toBe('COMPLETED');
      expect(progress?.execution?.legs.map(({ note, finished }) => [note, finished])).toEqual([
        ['slice 1 of 4', true],
        ['slice 2 of 4', true],
        ['slice 3 of 4', true],
        ['slice 4 of 4', true],
      ]);
      const [first, second] = progress?.execution?.schedule ?? [];
      expect(first).toMatch(/^slice 1: 0\.25 at 2/);
      expect(second).toMatch(/^slice 2: 0\.25 at 2/);
    });

    // The second slot is late when the third is open.
    it.each<[string, ExecutionPlan, string[], string]>([
      ['spread', twap({ catchUp: 'spread' }), ['0.25', '0.37', '0.38'], ''],
      ['burst', twap({ catchUp: 'burst' }), ['0.25', '0.5', '0.25'], ''],
      ['skip', twap({ catchUp: 'skip' }), ['0.25', '0.25', '0.25'], '0.25 of 1 is left unfilled'],
    ])('after an outage: %s', async (_rule, execution, expected, reason) => {
      const steps = await withOutage(execution, 2.5 * MINUTE);
      expect(quantities(steps)).toEqual(expected);
      expect(steps.settled[0]?.final.reason ?? '').toContain(reason);
    });

    it.each<[string, ExecutionPlan, string[], string]>([
      ['spread', twap({ catchUp: 'spread' }), ['0.25'], 'late: spread'],
      ['burst', twap({ catchUp: 'burst' }), ['0.25', '0.75'], ''],
    ])('after an outage over the whole span: %s', async (_rule, execution, expected, reason) => {
      const steps = await withOutage(execution, 60 * MINUTE);
      expect(quantities(steps)).toEqual(expected);
      expect(steps.settled[0]?.final.reason ?? '').toContain(reason);
    });

    it('ends with the reason when a halt keeps a slice from being sent', async () => {
      const steps = legSteps({
        kind: 'twap',
        atVenue: ({ legNumber, quantity }) =>
          legNumber < 3
            ? { state: 'filled', filledQuantity: quantity }
            : { state: 'expired', venueOrderId: null, errorCode: 'HALTED', errorMessage: 'halted' },
      });
      await orders.runLocal(steps, testSignal({ execution: twap() }));
      expect(quantities(steps)).toHaveLength(3);
      expect(steps.settled[0]?.final).toEqual({
        state: 'done',
        reasonCode: 'HALTED',
        reason: 'slice 3 of 4: HALTED, no more is sent',
      });
    });

    it('cancelled between two slices: no more is sent', async () => {
      const steps = legSteps({ kind: 'twap' });
      await orders.runLocal(steps, testSignal({ execution: twap() }), async (handle) => {
        await until(() => steps.sent.size === 1);
        await handle.signal('cancel', { by: 'ann' });
      });
      expect(quantities(steps)).toEqual(['0.25']);
      expect(steps.settled[0]?.final).toEqual({ state: 'done', reason: 'cancelled by ann' });
    });

    it('ends with the order’s time-out', async () => {
      const steps = legSteps({ kind: 'twap' });
      await orders.runLocal(steps, testSignal({ execution: twap(), timeoutMs: 1.5 * MINUTE }));
      expect(quantities(steps)).toEqual(['0.25', '0.25']);
      expect(steps.settled[0]?.final.reason).toContain('not filled within 90000 ms');
    });
  });

  describe('iceberg', () => {
    it('shows the next tip when the last is filled; the last is the exact rest', async () => {
      const steps = legSteps({ kind: 'iceberg', terms: { type: 'limit', price: '100' } });
      await orders.runLocal(steps, limit(ICEBERG));
      expect(quantities(steps)).toEqual(['0.3', '0.3', '0.3', '0.1']);
      expect(steps.settled[0]?.final).toEqual({ state: 'done' });
    });

    it('tells partial fills of the tip that is out', async () => {
      const steps = legSteps({
        kind: 'iceberg',
        terms: { type: 'limit', price: '100', quantity: '0.6' },
        atVenue: () => ({ state: 'open' }),
      });
      await orders.runLocal(steps, limit(ICEBERG), async (handle) => {
        await until(() => steps.legs.size === 1);
        steps.change(1, { state: 'partially_filled', filledQuantity: '0.1' });
        await until(() => steps.calls.filter((call) => call === 'publishOrder').length >= 2);
        const progress = await handle.query<Progress>('state');
        expect(progress.execution?.legs[0]?.view).toMatchObject({ filledQuantity: '0.1' });
        steps.change(1, { state: 'filled', filledQuantity: '0.3' });
        await until(() => steps.legs.size === 2);
        steps.change(2, { state: 'filled', filledQuantity: '0.3' });
      });
      expect(filledBy([...steps.legs.values()])).toBe('0.6');
      expect(new Set(steps.versions).size).toBe(steps.versions.length);
    });
  });

  describe('split', () => {
    it('sends its legs at once, each to its account', async () => {
      const steps = legSteps(ON_TWO);
      await orders.runLocal(steps, testSignal({ execution: SPLIT }));
      expect(
        [...steps.legs.values()].map(({ accountId, quantity }) => [accountId, quantity]).sort(),
      ).toEqual([
        ['home', '0.4'],
        ['other', '0.6'],
      ]);
      expect(steps.settled[0]?.final).toEqual({ state: 'done' });
    });

    it('gives what a venue refuses to the other, once', async () => {
      const steps = legSteps({
        ...ON_TWO,
        atVenue: ({ accountId, quantity }) =>
          accountId === 'other'
            ? {
                state: 'rejected',
                venueOrderId: null,
                errorCode: 'VENUE_INSUFFICIENT_BALANCE',
                errorMessage: 'no funds',
              }
            : { state: 'filled', filledQuantity: quantity },
      });
      await orders.runLocal(steps, testSignal({ execution: SPLIT }));
      expect(quantities(steps)).toEqual(['0.4', '0.6', '0.6']);
      expect(filledBy([...steps.legs.values()])).toBe('1');
      expect(steps.settled[0]?.final).toEqual({ state: 'done' });
    });

    it('that no account takes is denied, with the reasons', async () => {
      const steps = legSteps({ kind: 'split', places: [], shares: [] });
      await orders.runLocal(steps, testSignal({ execution: SPLIT }));
      expect(steps.sent.size).toBe(0);
      expect(steps.settled[0]?.final).toMatchObject({ state: 'denied', reasonCode: 'NO_ROUTE' });
    });

    it('without a plan closes a position where it is held', async () => {
      const steps = legSteps({ ...ON_TWO, kind: 'where-held' });
      const decide = steps.activities.decide.bind(steps.activities);
      steps.activities.decide = async (step) => {
        const decided = await decide(step);
        return 'terms' in decided
          ? { ...decided, terms: { ...decided.terms, heldElsewhere: true } }
          : decided;
      };
      await orders.runLocal(steps, testSignal());
      expect(quantities(steps)).toEqual(['0.4', '0.6']);
    });
  });
});
