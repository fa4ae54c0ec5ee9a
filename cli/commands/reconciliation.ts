/** keel reconcile, findings, resolve */
import type { Command } from 'commander';
import { z } from 'zod';
import { findingSchema, reconciliationSchema } from '../../api/schemas.ts';
import { moreOf, pagedCommand, type PageOptions, queryOf } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

/** Of findings the API gives at once, for `--json`. */
const MOST = '500';

export function addReconciliationCommands(program: Command, session: Session): void {
  program
    .command('reconcile')
    .description('when each account was last held against its venue')
    .argument('[account]', 'only this account')
    .option('--now', 'reconcile now')
    .action(async (account: string | undefined, { now }: { now?: true }) => {
      const query = queryOf({ accountId: account, state: 'open', limit: MOST });
      const shown = await session.api().get(`/reconciliation${query}`, reconciliationSchema);
      if (now === true) {
        const schema = z.object({ accountId: z.string() });
        for (const { accountId } of shown.accounts) {
          await session.api().post('/reconciliation', { accountId }, schema);
        }
      }
      session.print(shown, ({ accounts }) => {
        const rows = accounts.map((row) => [
          row.accountId,
          row.exchange,
          now === true ? 'asked for' : time(row.lastRunAt),
          row.openFindings,
        ]);
        return table(['account', 'exchange', 'reconciled (UTC)', 'open findings'], rows);
      });
    });

  pagedCommand(program.command('findings'))
    .description('where an account and its venue do not agree, newest first')
    .option('--all', 'resolved ones too')
    .action(async ({ all, limit, after }: PageOptions & { all?: true }, command: Command) => {
      const query = queryOf({ state: all === true ? undefined : 'open', limit, after });
      const shown = await session.api().get(`/reconciliation${query}`, reconciliationSchema);
      session.print(
        { findings: shown.findings, next: shown.next },
        ({ findings, next }) =>
          table(
            ['id', 'account', 'kind', 'since (UTC)', 'state', 'what'],
            findings.map((row) => [
              row.id,
              row.accountId,
              row.kind,
              time(row.firstSeenAt),
              row.state,
              row.resolution === null ? row.message : `${row.message} — ${row.resolution}`,
            ]),
          ) + moreOf(command, next),
      );
    });

  program
    .command('resolve')
    .description('close a finding with what was found')
    .argument('<finding>', 'its id, as `keel findings` shows it')
    .requiredOption('--reason <text>', 'what was found, for the record')
    .option('--book', 'a balance that is off: book the difference to the account as a transfer')
    .action(async (id: string, { reason, book }: { reason: string; book?: true }) => {
      const path = `/reconciliation/findings/${encodeURIComponent(id)}/resolve`;
      const body = { reason, book: book === true };
      session.print(
        await session.api().post(path, body, findingSchema),
        (finding) => `finding ${String(finding.id)} is resolved: ${finding.resolution ?? ''}`,
      );
    });
}
