/**
 * The steps of `reconcileWorkflow`. The venue is read first and our books after it, so what is booked in
 * between never looks missed. What is certain is repaired through the same idempotent functions the order
 * steps use; what is not is written down as a finding, told once, and left to a person.
 */
import { Context } from '@temporalio/activity';
import { ACCOUNT_RECONCILED, RISK_ALERT } from '../adapters/bus/messages.ts';
import { alertTopic, systemTopic } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type { Finding } from '../adapters/reconciliation-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { AccountTrade } from '../core/fill.ts';
import type { FindingKind } from '../core/reconciliation.ts';
import type { Alert } from '../core/risk/alert.ts';
import { counter, gauge } from '../observability/metrics.ts';
import { beating } from './beating.ts';
import { withFailures } from './failures.ts';
import type { OrderActivities } from './order-activities.ts';
import { compareAccount } from './reconcile-holdings.ts';
import { reconcileSymbol, type SymbolDeps, type SymbolReport } from './reconcile-symbol.ts';

export interface ReconcileActivityDeps extends SymbolDeps {
  /** By account id. */
  readonly adapters: ReadonlyMap<string, TradeAdapter>;
  /** Configured symbols by account id; those it ever had a leg in are looked at as well. */
  readonly symbols: ReadonlyMap<string, readonly string[]>;
  readonly steps: Pick<OrderActivities, 'cancelOrder' | 'settleOrder' | 'publishOrder'>;
  /** Whether a workflow of that id is on; throws where Temporal cannot tell. */
  workflowRuns(workflowId: string): Promise<boolean>;
  readonly bus: Pick<EventBus, 'publish'>;
}

export interface AccountStep {
  readonly accountId: string;
}
export interface OrdersReport {
  /** Legs on which the venue had moved on. */
  readonly repaired: number;
  /** Trades of others that were booked to the account. */
  readonly foreign: number;
}
export interface HoldingsReport {
  /** False while something was in flight at every look. */
  readonly compared: boolean;
  /** Findings of the account that wait for a person. */
  readonly open: number;
}
export interface ReconcileActivities {
  reconcileOrders(step: AccountStep): Promise<OrdersReport>;
  /** Ends orders whose workflow was terminated: ids of those ended. */
  settleOrphans(step: AccountStep): Promise<readonly string[]>;
  reconcileHoldings(step: AccountStep): Promise<HoldingsReport>;
}

/** An order this young may belong to a workflow that only now becomes visible. */
const ORPHAN_AGE_MS = 60_000;

const LEVEL: Readonly<Record<FindingKind, Alert['level']>> = {
  'stray-order': 'critical',
  'lost-order': 'critical',
  'unknown-trade': 'critical',
  'foreign-contract-trade': 'critical',
  'position-off': 'critical',
  'balance-off': 'warning',
};

const repairs = counter('keel_reconciliation_repairs_total', 'Differences repaired', [
  'exchange',
  'kind',
]);
const openFindings = gauge('keel_reconciliation_findings_open', 'Findings that wait for a person', [
  'account',
  'kind',
]);

export function createReconcileActivities(deps: ReconcileActivityDeps): ReconcileActivities {
  const { reconciliation, logger, bus } = deps;

  function adapterOf(accountId: string): TradeAdapter {
    const adapter = deps.adapters.get(accountId);
    if (adapter !== undefined) return adapter;
    // Another worker may have it.
    throw new KeelError('UNAVAILABLE', `no account "${accountId}" is configured in this worker`);
  }

  /** Tells what has not been told; an alert told again after a crash is the same message. */
  async function tell(adapter: TradeAdapter): Promise<void> {
    const { accountId } = adapter;
    const { findings, trades } = await reconciliation.unalerted(accountId);
    if (findings.length === 0 && trades.length === 0) return;
    const at = await adapter.marketTime();
    for (const finding of findings) {
      const alert = findingAlert(finding, at);
      logger.error({ finding: finding.id, kind: finding.kind }, 'reconciliation_finding');
      await alarm(`finding:${String(finding.id)}`, alert);
    }
    for (const trade of trades) {
      logger.warn({ symbol: trade.symbol, trade: trade.venueTradeId }, 'foreign_trade');
      const id = `account-trade:${accountId}:${trade.symbol}:${trade.venueTradeId}`;
      await alarm(id, foreignAlert(accountId, trade));
    }
    await reconciliation.markAlerted(accountId, findings, trades);
  }

  async function alarm(id: string, alert: Alert): Promise<void> {
    await bus.publish(alertTopic(alert.level), RISK_ALERT, [
      { id, key: alert.accountId ?? '', time: alert.at, data: alert },
    ]);
  }

  const steps: ReconcileActivities = {
    async reconcileOrders({ accountId }) {
      const adapter = adapterOf(accountId);
      const known = await reconciliation.symbols(accountId);
      const symbols = new Set([...(deps.symbols.get(accountId) ?? []), ...known]);
      const reports: SymbolReport[] = [];
      for (const symbol of symbols) reports.push(await reconcileSymbol(deps, adapter, symbol));
      await reconciliation.noteDifferences(
        { id: accountId, exchange: adapter.exchange },
        ['stray-order', 'lost-order'],
        reports.flatMap(({ raised }) => raised),
      );
      await tell(adapter);
      const sum = (of: (report: SymbolReport) => number): number =>
        reports.reduce((total, report) => total + of(report), 0);
      const repaired = sum((report) => report.repaired.length);
      const foreign = sum((report) => report.foreign);
      repairs.inc({ exchange: adapter.exchange, kind: 'missed-news' }, repaired);
      repairs.inc({ exchange: adapter.exchange, kind: 'foreign-trade' }, foreign);
      return { repaired, foreign };
    },

    async settleOrphans({ accountId }) {
      const { exchange } = adapterOf(accountId);
      const settled: string[] = [];
      for (const order of await reconciliation.unfinishedOrders(accountId)) {
        const { orderId, version, createdAt, liveLegs } = order;
        if (Date.now() - createdAt < ORPHAN_AGE_MS || (await deps.workflowRuns(orderId))) continue;
        // Nobody follows it any more: what still rests at the venue must not stay there unwatched.
        let ended = true;
        for (const leg of liveLegs) {
          const outcome = await deps.steps.cancelOrder({
            accountId: leg.accountId ?? accountId,
            leg,
          });
          ended &&= outcome.finished;
        }
        if (!ended) continue;
        const reason = 'its workflow was gone: ended by reconciliation';
        const result = await deps.steps.settleOrder({
          ...{ orderId, accountId, version: version + 1, startedAt: createdAt },
          final: { state: 'done', reason },
        });
        if (!result.settled) continue;
        logger.warn({ order_id: orderId, strategy_id: order.strategyId }, 'orphan_settled');
        repairs.inc({ exchange, kind: 'orphan' });
        settled.push(orderId);
      }
      return settled;
    },

    async reconcileHoldings({ accountId }) {
      const adapter = adapterOf(accountId);
      const { exchange } = adapter;
      const differences = await compareAccount(reconciliation, adapter, (ms) =>
        Context.current().sleep(ms),
      );
      if (differences !== null) {
        await reconciliation.noteDifferences(
          { id: accountId, exchange },
          ['balance-off', 'position-off'],
          differences,
        );
      }
      await tell(adapter);
      const at = await adapter.marketTime();
      await bus.publish(systemTopic('account', accountId), ACCOUNT_RECONCILED, [
        {
          id: `${accountId}:${String(Date.now())}`,
          key: accountId,
          time: at,
          data: { accountId, exchange, at },
        },
      ]);
      await reconciliation.ran(accountId);
      const open = await reconciliation.openFindings(accountId);
      for (const kind of Object.keys(LEVEL) as FindingKind[]) {
        const count = open.find((one) => one.kind === kind)?.count ?? 0;
        openFindings.set({ account: accountId, kind }, count);
      }
      return {
        compared: differences !== null,
        open: open.reduce((sum, { count }) => sum + count, 0),
      };
    },
  };
  return withFailures<ReconcileActivities>({
    reconcileOrders: (step) => beating(() => steps.reconcileOrders(step)),
    settleOrphans: (step) => beating(() => steps.settleOrphans(step)),
    reconcileHoldings: (step) => beating(() => steps.reconcileHoldings(step)),
  });
}

function findingAlert(finding: Finding, at: number): Alert {
  const { accountId, exchange, kind, symbol, message, off, id } = finding;
  return {
    ...{ level: LEVEL[kind], rule: kind, at, accountId, strategyId: null, exchange, symbol },
    message: `${message} (finding ${String(id)}: see keel findings)`,
    ...{ value: off, threshold: null },
  };
}

function foreignAlert(accountId: string, trade: AccountTrade): Alert {
  const { exchange, symbol, side, quantity, price, clientOrderId, executedAt } = trade;
  return {
    ...{ level: 'warning', rule: 'foreign-trade', at: executedAt, accountId, strategyId: null },
    ...{ exchange, symbol, value: quantity, threshold: null },
    message:
      `somebody else traded on ${accountId}: ${side} ${quantity} ${symbol} at ${price} ` +
      `(client order id ${clientOrderId ?? 'not told'}); it is booked to the account and to no strategy`,
  };
}
