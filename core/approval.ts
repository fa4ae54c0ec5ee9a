/** Orders that a person must approve before they are sent: which ones, and who may. */
import { decimal, toDecimalString } from './money.ts';
import type { RiskContext } from './risk/rule.ts';

/** The roles that may approve or reject an order. */
export const APPROVER_ROLES: readonly string[] = ['risk', 'admin'];

/** What a person decided; kept with the order. */
export interface ApprovalDecision {
  readonly verdict: 'approved' | 'rejected';
  /** User name. */
  readonly by: string;
  readonly role: string;
  readonly note: string | null;
}

export interface ApprovalLimit {
  /** What the order is worth, in quote. */
  readonly notional: string;
  /** What it may be worth without a person. */
  readonly limit: string;
}

/** The limit an order is over, or null where it needs nobody. What only reduces a position never waits. */
export function approvalDue({ limits, order }: RiskContext): ApprovalLimit | null {
  if (limits.approvalNotional === null || order.reducing) return null;
  const notional = decimal(order.quantity).mul(order.price);
  if (notional.lte(limits.approvalNotional)) return null;
  return { notional: toDecimalString(notional), limit: limits.approvalNotional };
}

/** What is wrong with a decision for an order in this state; null where it may be taken. */
export function refuseDecision(
  decision: { readonly by?: unknown; readonly role?: unknown },
  order: { readonly orderId: string; readonly state: string; readonly decided: boolean },
): { readonly code: 'INVALID_INPUT' | 'FORBIDDEN' | 'CONFLICT'; readonly reason: string } | null {
  const { by, role } = decision;
  if (typeof by !== 'string' || by === '' || typeof role !== 'string' || role === '') {
    return {
      code: 'INVALID_INPUT',
      reason: 'a decision names who takes it and in which role: give `by` and `role`',
    };
  }
  if (!APPROVER_ROLES.includes(role)) {
    return {
      code: 'FORBIDDEN',
      reason: `${by} is ${role}; orders are approved or rejected by ${APPROVER_ROLES.join(' or ')}`,
    };
  }
  if (order.state !== 'awaiting_approval' || order.decided) {
    const state = order.decided ? 'decided already' : order.state;
    return {
      code: 'CONFLICT',
      reason: `order ${order.orderId} is ${state}: only one that is awaiting_approval can be approved or rejected`,
    };
  }
  return null;
}
