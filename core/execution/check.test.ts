import { expect, it } from '@jest/globals';
import { createInstrument } from '../../test/factories/market.ts';
import { createTerms } from '../../test/factories/execution.ts';
import { checkPlan } from './check.ts';
import type { ExecutionPlan } from './plan.ts';

const instrument = createInstrument({
  quantityStep: '0.01',
  minQuantity: '0.01',
  minNotional: '5',
});
const terms = createTerms();
const iceberg = (displayQuantity: string): ExecutionPlan => ({ kind: 'iceberg', displayQuantity });
const twap = (slices: number): ExecutionPlan => ({
  kind: 'twap',
  durationMs: 60_000,
  slices,
  jitter: 0,
  catchUp: 'spread',
});

it.each<[string, ExecutionPlan, string | null]>([
  ['slices that can all be sent', twap(20), null],
  [
    'slices that are too small',
    twap(21),
    '21 slices of 1 BTC are too small, the least is 0.05 each: ask for at most 20',
  ],
  ['a tip that can be sent', iceberg('0.05'), null],
  ['a tip of the whole', iceberg('1'), null],
  [
    'a tip that is larger than the order',
    iceberg('1.01'),
    'an iceberg of 1 BTC that shows 1.01: it cannot show more than there is',
  ],
  [
    'a tip that is too small',
    iceberg('0.04'),
    'an iceberg of 1 BTC that shows 0.04: the least that can be shown is 0.05',
  ],
  [
    'a tip off the step',
    iceberg('0.055'),
    'an iceberg of 1 BTC that shows 0.055: the step is 0.01',
  ],
  ['a split', { kind: 'split', accounts: ['a', 'b'] }, null],
])('judges %s', (_what, plan, reason) => {
  const verdict = checkPlan(plan, terms, instrument);
  expect(verdict.ok ? null : verdict.reason).toBe(reason);
});

it('refuses more tips than an order has leg numbers', () => {
  const verdict = checkPlan(iceberg('0.05'), createTerms({ quantity: '100' }), instrument);
  expect(verdict).toMatchObject({ ok: false, code: 'FILTER_LOT_SIZE' });
});
