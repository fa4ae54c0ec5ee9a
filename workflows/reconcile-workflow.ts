/**
 * An account held against its venue: workflow id `reconcile:<accountId>` with a time behind it, started by its
 * Temporal Schedule, by each orders worker at its start, and by a person. Every step can run twice; what one
 * run leaves undone the next one does.
 */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type {
  HoldingsReport,
  OrdersReport,
  ReconcileActivities,
} from '../activities/reconcile-activities.ts';

export interface ReconcileInput {
  readonly accountId: string;
}

export interface ReconcileResult extends OrdersReport, HoldingsReport {
  /** Orders ended because their workflow was gone. */
  readonly settled: readonly string[];
}

const { reconcileOrders, settleOrphans, reconcileHoldings } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  // A run that cannot end makes room for the next.
  scheduleToCloseTimeout: '15 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export async function reconcileWorkflow({ accountId }: ReconcileInput): Promise<ReconcileResult> {
  const orders = await reconcileOrders.executeWithOptions({ summary: 'orders and trades' }, [
    { accountId },
  ]);
  const settled = await settleOrphans.executeWithOptions({ summary: 'orders without a workflow' }, [
    { accountId },
  ]);
  const holdings = await reconcileHoldings.executeWithOptions(
    { summary: 'balances and positions' },
    [{ accountId }],
  );
  const result = { ...orders, settled, ...holdings };
  setCurrentDetails(
    `**${accountId}**: ${String(result.repaired)} repaired, ${String(result.foreign)} foreign trades booked, ` +
      `${String(settled.length)} orders ended, ${String(result.open)} findings open` +
      (result.compared
        ? ''
        : '\n\nBalances were not compared: something was in flight all the time.'),
  );
  return result;
}
