/** Orders that wait for a person: asking, and writing down what was decided. */
import type { ApprovalDecision, ApprovalLimit } from '../../core/approval.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import type { OrderView } from '../../core/order.ts';
import { createAuditRepository } from './audit.ts';
import type { Queryable } from './database.ts';
import { changeWithStatus } from './order-status.ts';
import { lockOrder, readOrderView } from './order-views.ts';
import { inTransaction } from './postgres-errors.ts';

/** `admitted` → `awaiting_approval`. An order that was decided on, is worked or is final stays as it is. */
export async function awaitApproval(
  db: Queryable,
  orderId: string,
  due: ApprovalLimit,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, orderId);
    if (order.state === 'admitted' && order.approval === null) {
      const reason = `worth ${due.notional}, over ${due.limit}: a person must approve it`;
      await changeWithStatus(trx, order, { state: 'awaiting_approval', reason }, now);
    }
    return readOrderView(trx, orderId);
  });
}

/**
 * Writes the decision with the order and into the audit log; an approved one is `admitted` again, for it waits for
 * nobody. The first decision stands; a final order keeps its end.
 */
export async function recordApproval(
  db: Queryable,
  orderId: string,
  decision: ApprovalDecision,
  now: number,
): Promise<OrderView> {
  return inTransaction(db, async (trx) => {
    const order = await lockOrder(trx, orderId);
    if (order.approval === null && !isFinalIntent(order.state)) {
      const { by, note, role, verdict } = decision;
      await trx
        .updateTable('orders')
        .set({
          approval: verdict,
          approved_by: by,
          approved_at: now,
          approval_note: note,
          reason: null,
          updated_at: now,
        })
        .where('order_id', '=', orderId)
        .execute();
      if (verdict === 'approved' && order.state === 'awaiting_approval') {
        await changeWithStatus(trx, order, { state: 'admitted' }, now);
      }
      await createAuditRepository(trx, () => now).write({
        actor: by,
        action: verdict === 'approved' ? 'order.approve' : 'order.reject',
        target: orderId,
        detail: { role, note },
      });
    }
    return readOrderView(trx, orderId);
  });
}
