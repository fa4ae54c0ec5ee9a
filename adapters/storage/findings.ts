/** Findings of reconciliation: suspected, opened, told, resolved; never deleted once they were open. */
import { sql, type Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import { decimal } from '../../core/money.ts';
import type {
  Difference,
  Finding,
  ReconciliationRepository,
} from '../reconciliation-repository.ts';
import { canonicalOrNull } from './amounts.ts';
import type { Queryable } from './database.ts';
import { inTransaction } from './postgres-errors.ts';
import { toAccountTrade } from './order-views.ts';
import type { ReconciliationFindingsTable } from './reconciliation-tables.ts';

type Row = Selectable<ReconciliationFindingsTable>;

function toFinding(row: Row): Finding {
  return {
    id: row.id,
    accountId: row.account_id,
    exchange: row.exchange,
    kind: row.kind,
    subject: row.subject,
    symbol: row.symbol,
    message: row.message,
    off: canonicalOrNull(row.off),
    state: row.state,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by,
    resolution: row.resolution,
  };
}

type Findings = Pick<
  ReconciliationRepository,
  | 'noteDifferences'
  | 'openFinding'
  | 'unalerted'
  | 'markAlerted'
  | 'findings'
  | 'openFindings'
  | 'resolve'
>;

export function createFindings(db: Queryable, now: () => number): Findings {
  return {
    noteDifferences: (account, kinds, found) =>
      inTransaction(db, async (trx) => {
        const at = now();
        const known = await trx
          .selectFrom('reconciliation_findings')
          .selectAll()
          .where('account_id', '=', account.id)
          .where('kind', 'in', kinds)
          .where('state', '<>', 'resolved')
          .forUpdate()
          .execute();
        for (const difference of found) {
          const row = known.find((one) => same(one, difference));
          if (row === undefined) await insert(trx, account, difference, 'suspected', at);
          else await see(trx, row, difference, at);
        }
        for (const row of known.filter((one) => !found.some((other) => same(one, other)))) {
          await leave(trx, row, at);
        }
      }),

    openFinding: (account, difference) => insert(db, account, difference, 'open', now()),

    async unalerted(accountId) {
      const findings = await db
        .selectFrom('reconciliation_findings')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('state', '=', 'open')
        .where('alerted_at', 'is', null)
        .orderBy('id')
        .execute();
      const trades = await db
        .selectFrom('account_trades')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('alerted_at', 'is', null)
        .orderBy('executed_at')
        .execute();
      return { findings: findings.map(toFinding), trades: trades.map(toAccountTrade) };
    },

    async markAlerted(accountId, findings, trades) {
      const at = now();
      for (const { id } of findings) {
        await db
          .updateTable('reconciliation_findings')
          .set({ alerted_at: at })
          .where('id', '=', id)
          .execute();
      }
      for (const { symbol, venueTradeId } of trades) {
        await db
          .updateTable('account_trades')
          .set({ alerted_at: at })
          .where('account_id', '=', accountId)
          .where('symbol', '=', symbol)
          .where('venue_trade_id', '=', venueTradeId)
          .execute();
      }
    },

    async findings({ accountId, state, limit, after }) {
      let query = db
        .selectFrom('reconciliation_findings')
        .selectAll()
        .where('state', '<>', 'suspected')
        .orderBy('id', 'desc')
        .limit(limit);
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      if (state !== undefined) query = query.where('state', '=', state);
      if (after !== undefined) query = query.where('id', '<', after);
      return (await query.execute()).map(toFinding);
    },

    async openFindings(accountId) {
      let query = db
        .selectFrom('reconciliation_findings')
        .select(['account_id as accountId', 'kind', sql<number>`count(*)`.as('count')])
        .where('state', '=', 'open')
        .groupBy(['account_id', 'kind']);
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      return query.execute();
    },

    resolve: (id, by, { reason, book }) =>
      inTransaction(db, async (trx) => {
        const at = now();
        const row = await trx
          .selectFrom('reconciliation_findings')
          .selectAll()
          .where('id', '=', id)
          .where('state', '<>', 'suspected')
          .forUpdate()
          .executeTakeFirst();
        if (row === undefined)
          throw new KeelError('NOT_FOUND', `there is no finding ${String(id)}`);
        if (row.state === 'resolved') {
          throw new KeelError(
            'CONFLICT',
            `finding ${String(id)} is resolved: ${row.resolution ?? ''}`,
          );
        }
        if (book) await bookTransfer(trx, row, at);
        return end(trx, row, { by, resolution: reason, at });
      }),
  };
}

function same(row: Row, difference: Difference): boolean {
  return row.kind === difference.kind && row.subject === difference.subject;
}

async function insert(
  db: Queryable,
  account: { readonly id: string; readonly exchange: string },
  { kind, subject, symbol, message, off }: Difference,
  state: Finding['state'],
  at: number,
): Promise<void> {
  await db
    .insertInto('reconciliation_findings')
    .values({
      account_id: account.id,
      exchange: account.exchange,
      ...{ kind, subject, symbol, message, off, state, first_seen_at: at, last_seen_at: at },
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Once more. What comes again as it was did not only pass by. */
async function see(db: Queryable, row: Row, difference: Difference, at: number): Promise<void> {
  const unchanged =
    row.off === null || difference.off === null
      ? row.off === difference.off
      : decimal(row.off).eq(difference.off);
  await db
    .updateTable('reconciliation_findings')
    .set({
      message: difference.message,
      off: difference.off,
      last_seen_at: at,
      state: row.state === 'suspected' && unchanged ? 'open' : row.state,
    })
    .where('id', '=', row.id)
    .execute();
}

/** Not found any more: what was only suspected was in flight. */
async function leave(db: Queryable, row: Row, at: number): Promise<void> {
  if (row.state === 'suspected') {
    await db.deleteFrom('reconciliation_findings').where('id', '=', row.id).execute();
  } else {
    await end(db, row, { by: 'keel', resolution: 'both sides agree again', at });
  }
}

async function end(
  db: Queryable,
  row: Row,
  how: { readonly by: string; readonly resolution: string; readonly at: number },
): Promise<Finding> {
  const ended = await db
    .updateTable('reconciliation_findings')
    .set({
      state: 'resolved',
      resolved_at: how.at,
      resolved_by: how.by,
      resolution: how.resolution,
    })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toFinding(ended);
}

/** The venue is right about a balance: the rest is a transfer that Keel was not told of. */
async function bookTransfer(db: Queryable, row: Row, at: number): Promise<void> {
  if (row.kind !== 'balance-off' || row.off === null) {
    throw new KeelError(
      'CONFLICT',
      `finding ${String(row.id)} is ${row.kind}: only a balance can be booked; resolve it without booking`,
    );
  }
  await db
    .insertInto('ledger_entries')
    .values({
      ...{ account_id: row.account_id, strategy_id: null, asset: row.subject, amount: row.off },
      ...{
        kind: 'transfer',
        symbol: '',
        venue_trade_id: `finding-${String(row.id)}`,
        booked_at: at,
      },
    })
    .execute();
}
