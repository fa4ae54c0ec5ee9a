import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decideAgain, recordedOutcome } from '../../core/decision.ts';
import { evaluateRisk } from '../../core/risk/rules.ts';
import { createInstrument } from '../../test/factories/market.ts';
import {
  admitInput,
  createSignal,
  openStoredWorld,
  type StoredWorld,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';

describeWith('postgres', 'recorded decisions', () => {
  let world: StoredWorld;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 4 });
  });
  afterAll(() => world.drop());

  it('hold all that is needed to decide again, and come in order, a page at a time', async () => {
    const { orders, decisions } = world.repositories;
    const strategyId = await world.strategy();
    const signal = createSignal({ strategyId });
    await orders.admit(admitInput(signal));
    const context = await orders.riskContext(signal.id, createInstrument(), T0);
    await orders.recordRisk(signal.id, evaluateRisk(context));
    const late = createSignal({ strategyId, sequence: 2, validUntil: T0 - 1 });
    await orders.admit(admitInput(late));

    const all = { since: 0, until: Number.MAX_SAFE_INTEGER, limit: 10 };
    const found = await decisions.list(all);
    expect(new Set(found.map(({ orderId }) => orderId))).toEqual(new Set([signal.id, late.id]));
    const verdicts = found.map((decision) => {
      expect(decideAgain(decision, {})).toEqual(recordedOutcome(decision));
      return [decision.orderId, recordedOutcome(decision)?.verdict];
    });
    expect(Object.fromEntries(verdicts)).toEqual({ [signal.id]: 'approved', [late.id]: 'expired' });

    const [first] = await decisions.list({ ...all, limit: 1 });
    const rest = await decisions.list({ ...all, after: first!.orderId });
    expect([first!.orderId, ...rest.map(({ orderId }) => orderId)]).toEqual(
      found.map(({ orderId }) => orderId),
    );
    expect(await decisions.list({ ...all, until: first!.decidedAt - 1 })).toEqual([]);
    await expect(decisions.list({ ...all, after: 'nothing' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
