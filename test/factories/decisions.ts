/** Recorded decisions for tests, made as admission and the rules make them. */
import { decideAdmission } from '../../core/admission.ts';
import type { RecordedAdmission, RecordedDecision } from '../../core/decision.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { RiskContext } from '../../core/risk/rule.ts';
import { evaluateRisk } from '../../core/risk/rules.ts';
import type { Signal } from '../../core/signal.ts';
import { createInstrument, createSignal, T0 } from './market.ts';

const LIMITS: RiskContext['limits'] = {
  maxPosition: '2',
  maxOrderNotional: '150',
  maxOrdersPerDay: 10,
  approvalNotional: null,
};

/** Of a buy of 1 at 100, with 1,000 free and the limits above, unless said otherwise. */
export function recordDecision(
  orderId: string,
  change: {
    readonly signal?: Partial<Signal>;
    readonly admission?: Partial<RecordedAdmission['input']>;
    readonly limits?: Partial<RiskContext['limits']>;
  } = {},
): RecordedDecision {
  const signal = createSignal({
    id: orderId,
    wanted: { kind: 'order', side: 'buy', quantity: '1' },
    referencePrice: '100',
    ...change.signal,
  });
  const input: RecordedAdmission['input'] = {
    strategyStatus: 'running',
    currentRunId: signal.runId,
    marketTime: T0,
    position: '0',
    openOrders: [],
    newestSequence: 0,
    instrument: createInstrument(),
    buffer: '0.01',
    ...change.admission,
  };
  const decision = decideAdmission({ ...input, signal });
  if (decision.verdict === 'blocked') throw new Error('a blocked signal leaves no record');
  const { strategyId, symbol, source } = signal;
  const recorded = { orderId, strategyId, symbol, decidedAt: T0, signal };
  if (decision.verdict === 'ended') {
    return { ...recorded, admission: { input, decision }, risk: null };
  }
  const { side, quantity, reducing, reservePrice } = decision;
  const risk = evaluateRisk({
    order: { orderId, strategyId, symbol, side, quantity, price: '100', reducing, source },
    instrument: input.instrument,
    marketTime: T0,
    position: { quantity: input.position, openQuantity: '0' },
    funds: {
      allocation: '1000',
      free: '1000',
      accountFree: '5000',
      required: side === 'buy' ? toDecimalString(decimal(quantity).mul(reservePrice)) : quantity,
    },
    ordersToday: 4,
    halts: [],
    limits: { ...LIMITS, ...change.limits },
  });
  return { ...recorded, admission: { input, decision }, risk };
}
