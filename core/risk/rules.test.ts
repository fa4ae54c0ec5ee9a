import { describe, expect, it } from '@jest/globals';
import { createInstrument, T0 } from '../../test/factories/market.ts';
import type { RiskContext } from './rule.ts';
import { evaluateRisk, RISK_RULES } from './rules.ts';

type Parts = { [K in keyof RiskContext]?: Partial<RiskContext[K]> };

function context(parts: Parts = {}): RiskContext {
  return {
    order: {
      orderId: 'o',
      strategyId: 's',
      symbol: 'BTC/USDT',
      side: 'buy',
      quantity: '1',
      price: '100',
      reducing: false,
      source: { kind: 'strategy', name: 's' },
      ...parts.order,
    },
    instrument: createInstrument(),
    marketTime: T0,
    position: { quantity: '0', openQuantity: '0', ...parts.position },
    funds: {
      allocation: '1000',
      free: '1000',
      accountFree: '5000',
      required: '101.101',
      ...parts.funds,
    },
    ordersToday: 1,
    halts: (parts.halts as readonly string[] | undefined) ?? [],
    limits: {
      maxPosition: '2',
      maxOrderNotional: '150',
      maxOrdersPerDay: 10,
      approvalNotional: null,
      ...parts.limits,
    },
  };
}

function failures(input: RiskContext): string[] {
  return evaluateRisk(input).results.flatMap(({ rule, verdict }) =>
    verdict.passed ? [] : [`${rule}: ${verdict.code}`],
  );
}

const EXIT = { side: 'sell', reducing: true } as const;

describe('risk rules', () => {
  it('approves, and reports every rule with its version', () => {
    const report = evaluateRisk(context());
    expect(report.approved).toBe(true);
    expect(report.results.map(({ rule, version }) => `${rule}@${String(version)}`)).toEqual([
      'halted@1',
      'filters@2',
      'balance@2',
      'position-limit@1',
      'order-notional@1',
      'daily-orders@1',
    ]);
  });

  it('hides no failure behind another', () => {
    const bad = {
      ...context({
        order: { quantity: '3' },
        funds: { required: '303.303', free: '300' },
        halts: ['all:*: drill'],
      }),
      ordersToday: 11,
    };
    expect(failures(bad)).toEqual([
      'halted: HALTED',
      'balance: RISK_BALANCE',
      'position-limit: RISK_POSITION_LIMIT',
      'order-notional: RISK_ORDER_NOTIONAL',
      'daily-orders: RISK_DAILY_ORDERS',
    ]);
    expect(evaluateRisk(bad).approved).toBe(false);
  });

  it('stands exactly on each limit', () => {
    expect(
      failures(context({ order: { quantity: '1.5' }, position: { quantity: '0.5' } })),
    ).toEqual([]);
    expect(
      failures(context({ order: { quantity: '1.5' }, position: { quantity: '0.50001' } })),
    ).toEqual(['position-limit: RISK_POSITION_LIMIT']);
    expect(failures(context({ position: { quantity: '0.6', openQuantity: '0.5' } }))).toEqual([
      'position-limit: RISK_POSITION_LIMIT',
    ]);
    expect(failures(context({ funds: { required: '1000' } }))).toEqual([]);
    expect(failures({ ...context(), ordersToday: 10 })).toEqual([]);
  });

  it('knows no limit where none is set', () => {
    const limits = { maxPosition: null, maxOrderNotional: null, maxOrdersPerDay: null };
    expect(
      failures({ ...context({ order: { quantity: '50' }, limits }), ordersToday: 999 }),
    ).toEqual([]);
  });

  it('looks at the account as well as at the strategy', () => {
    const report = evaluateRisk(context({ funds: { accountFree: '100' } }));
    const verdict = report.results.find(({ rule }) => rule === 'balance')?.verdict;
    expect(verdict).toEqual({
      passed: false,
      code: 'RISK_BALANCE',
      reason: 'the order needs 101.101 USDT, the account has 100 free',
    });
  });

  it('lets an exit pass all but filters and balance', () => {
    const exit = { ...context({ order: { ...EXIT, quantity: '3' } }), ordersToday: 999 };
    const funds = { ...exit.funds, required: '3', accountFree: '3', free: '0' };
    const report = evaluateRisk({ ...exit, funds });
    expect(report.approved).toBe(true);
    expect(
      report.results.flatMap(({ rule, verdict }) => ('skipped' in verdict ? [rule] : [])),
    ).toEqual(['position-limit', 'order-notional', 'daily-orders']);
    expect(failures({ ...exit, funds: { ...funds, accountFree: '2.9' } })).toEqual([
      'balance: RISK_BALANCE',
    ]);
    expect(
      failures(context({ order: { ...EXIT, quantity: '0.01' }, funds: { required: '0.01' } })),
    ).toEqual(['filters: FILTER_NOTIONAL']);
    expect(
      failures(context({ order: { quantity: '0.000001' }, funds: { required: '1' } })),
    ).toEqual(['filters: FILTER_LOT_SIZE']);
  });

  it.each(['guard', 'flatten', 'person'] as const)('lets an exit of a %s pass a halt', (kind) => {
    const source = { kind, name: 'x' };
    const halts = ['symbol:BTC/USDT: news'];
    const funds = { required: '1' };
    expect(failures(context({ order: { ...EXIT, source }, halts, funds }))).toEqual([]);
    expect(failures(context({ order: { source }, halts }))).toEqual(['halted: HALTED']);
  });

  it("holds a strategy's own exit at a halt", () => {
    const halted = context({ order: EXIT, halts: ['all:*: drill'], funds: { required: '1' } });
    expect(failures(halted)).toEqual(['halted: HALTED']);
  });

  it('takes other rules in place of its own', () => {
    expect(evaluateRisk(context(), RISK_RULES.slice(0, 2)).results).toHaveLength(2);
  });
});
