/** Reconciliation as people see it: when it ran, what it found, and their verdict on it. */
import type { Finding } from '../../adapters/reconciliation-repository.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';
import { KeelError } from '../../core/errors.ts';
import { reconcileId } from '../../temporal-config/schedules.ts';
import { pageOf } from '../paging.ts';
import type { ReconciliationBody, ReconciliationQuery } from '../schemas.ts';

export interface ReconciliationServiceDeps {
  readonly repositories: Pick<Repositories, 'accounts' | 'audit' | 'reconciliation'>;
  readonly workflows: Pick<Workflows, 'reconcile'>;
  workflowLink(workflowId: string): string;
}

/** A finding that people are shown. */
export type ShownFinding = Finding & { readonly state: 'open' | 'resolved' };

export interface ReconciliationService {
  show(query: ReconciliationQuery): Promise<ReconciliationBody>;
  /** Asks for a run now; it answers before the run has begun. Throws NOT_FOUND. */
  run(accountId: string, by: string): Promise<void>;
  /** Throws NOT_FOUND, or CONFLICT where the finding is not open or there is nothing to book. */
  resolve(
    id: number,
    by: string,
    how: { readonly reason: string; readonly book: boolean },
  ): Promise<ShownFinding>;
}

export function createReconciliationService(
  deps: ReconciliationServiceDeps,
): ReconciliationService {
  const { accounts, audit, reconciliation } = deps.repositories;
  return {
    async show({ accountId, state, limit, after }) {
      const [all, ran, open, { rows, next }] = await Promise.all([
        accounts.list(),
        reconciliation.lastRuns(),
        reconciliation.openFindings(accountId),
        pageOf(
          limit,
          (most) => reconciliation.findings({ accountId, state, limit: most, after }),
          ({ id }) => String(id),
        ),
      ]);
      return {
        accounts: all
          .filter(({ id }) => accountId === undefined || id === accountId)
          .map(({ id, exchange }) => ({
            ...{ accountId: id, exchange, lastRunAt: ran[id] ?? null },
            openFindings: open
              .filter((one) => one.accountId === id)
              .reduce((sum, { count }) => sum + count, 0),
            workflowUrl: deps.workflowLink(reconcileId(id)),
          })),
        findings: rows.filter(isShown),
        next,
      };
    },

    async run(accountId, by) {
      const known = (await accounts.list()).map(({ id }) => id);
      if (!known.includes(accountId)) {
        throw new KeelError(
          'NOT_FOUND',
          `there is no account "${accountId}"; known: ${known.join(', ')}`,
        );
      }
      await audit.write({ actor: by, action: 'reconciliation.run', target: accountId });
      await deps.workflows.reconcile(accountId);
    },

    async resolve(id, by, how) {
      const finding = await reconciliation.resolve(id, by, how);
      await audit.write({
        ...{ actor: by, action: 'reconciliation.resolve', target: String(id) },
        detail: { ...how, kind: finding.kind, subject: finding.subject, off: finding.off },
      });
      return { ...finding, state: 'resolved' };
    },
  };
}

function isShown(finding: Finding): finding is ShownFinding {
  return finding.state !== 'suspected';
}
