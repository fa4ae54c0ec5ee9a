/**
 * The risk rules. An exit (an order that only reduces the strategy's position) passes all but those that
 * bind exits: the venue's filters, the balance, and a halt unless a guard, a flatten or a person asks.
 */
import type { ErrorCode } from '../errors.ts';
import { checkNotional, checkQuantity, exitInstrument } from '../filters.ts';
import { decimal, toDecimalString } from '../money.ts';
import type { RiskContext, RiskReport, RiskRule, RiskVerdict } from './rule.ts';

const PASSED: RiskVerdict = { passed: true };

function failed(code: ErrorCode, reason: string): RiskVerdict {
  return { passed: false, code, reason };
}

/** No halt covers the order, or the order may pass it. */
const halted: RiskRule = {
  name: 'halted',
  version: 1,
  bindsExits: true,
  check({ halts, order }) {
    if (halts.length === 0) return PASSED;
    if (order.reducing && order.source.kind !== 'strategy') return PASSED;
    return failed('HALTED', `trading is halted: ${halts.join('; ')}; lift the halt first`);
  },
};

/** Quantity and notional fit the venue. Price and market-lot limits were checked at admission, by type. */
const filters: RiskRule = {
  name: 'filters',
  version: 2,
  bindsExits: true,
  check({ order, instrument }) {
    const bound = order.reducing ? exitInstrument(instrument) : instrument;
    const sized = checkQuantity(bound, 'limit', order.quantity);
    const verdict = sized.ok ? checkNotional(bound, order.quantity, order.price) : sized;
    return verdict.ok ? PASSED : failed(verdict.code, verdict.reason);
  },
};

/**
 * The account, and where quote is paid the strategy's own funds, cover the order with fees and buffer. A contract
 * is paid with margin on either side; what reduces it needs none.
 */
const balance: RiskRule = {
  name: 'balance',
  version: 2,
  bindsExits: true,
  check({ order, instrument, funds }) {
    const paysQuote = order.side === 'buy' || instrument.contract !== undefined;
    const asset = paysQuote ? instrument.quote : instrument.base;
    const required = decimal(funds.required);
    if (required.isZero()) return PASSED;
    if (required.gt(funds.accountFree)) {
      return failed(
        'RISK_BALANCE',
        `the order needs ${funds.required} ${asset}, the account has ${funds.accountFree} free`,
      );
    }
    if (paysQuote && required.gt(funds.free)) {
      return failed(
        'RISK_BALANCE',
        `the order needs ${funds.required} ${asset}, the strategy has ${funds.free} of its ${funds.allocation} free`,
      );
    }
    return PASSED;
  },
};

/** Position, open orders and this order together stay within the strategy's largest position, in base. */
const positionLimit: RiskRule = {
  name: 'position-limit',
  version: 1,
  bindsExits: false,
  check({ order, position, limits }) {
    if (limits.maxPosition === null) return PASSED;
    const change = decimal(order.quantity).mul(order.side === 'buy' ? 1 : -1);
    const after = decimal(position.quantity).plus(position.openQuantity).plus(change);
    if (after.abs().lte(limits.maxPosition)) return PASSED;
    return failed(
      'RISK_POSITION_LIMIT',
      `the position would be ${toDecimalString(after)} with open orders, the limit is ${limits.maxPosition}`,
    );
  },
};

/** One order's notional stays within the strategy's limit, in quote. */
const orderNotional: RiskRule = {
  name: 'order-notional',
  version: 1,
  bindsExits: false,
  check({ order, instrument, limits }) {
    if (limits.maxOrderNotional === null) return PASSED;
    const notional = decimal(order.quantity).mul(order.price);
    if (notional.lte(limits.maxOrderNotional)) return PASSED;
    return failed(
      'RISK_ORDER_NOTIONAL',
      `the order is worth ${toDecimalString(notional)} ${instrument.quote}, the limit is ${limits.maxOrderNotional}`,
    );
  },
};

/** The strategy's orders of this trading day, this one included, stay within the limit. */
const dailyOrders: RiskRule = {
  name: 'daily-orders',
  version: 1,
  bindsExits: false,
  check({ ordersToday, limits }) {
    if (limits.maxOrdersPerDay === null || ordersToday <= limits.maxOrdersPerDay) return PASSED;
    return failed(
      'RISK_DAILY_ORDERS',
      `this is order ${String(ordersToday)} of the day, the limit is ${String(limits.maxOrdersPerDay)}`,
    );
  },
};

/** All rules, in the order in which a report lists them. */
export const RISK_RULES: readonly RiskRule[] = [
  halted,
  filters,
  balance,
  positionLimit,
  orderNotional,
  dailyOrders,
];

/**
 * Runs every rule and reports every verdict: a later failure is not hidden by an earlier one, and a rule an
 * exit need not pass is listed as skipped.
 */
export function evaluateRisk(
  context: RiskContext,
  rules: readonly RiskRule[] = RISK_RULES,
): RiskReport {
  const results = rules.map((rule): RiskReport['results'][number] => {
    const { name, version } = rule;
    if (context.order.reducing && !rule.bindsExits) {
      const skipped = 'the order only reduces the position';
      return { rule: name, version, verdict: { passed: true, skipped } };
    }
    return { rule: name, version, verdict: rule.check(context) };
  });
  return { approved: results.every(({ verdict }) => verdict.passed), context, results };
}
