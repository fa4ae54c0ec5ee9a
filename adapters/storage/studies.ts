/** Studies and their trials. A row's first outcome counts, so that a step that is run again changes nothing. */
import { sql, type Kysely, type Selectable } from 'kysely';
import { KeelError } from '../../core/errors.ts';
import type {
  StudyRecord,
  StudyRepository,
  StudyTrial,
  TrialParameters,
} from '../study-repository.ts';
import type { Database } from './database.ts';
import { inTransaction } from './postgres-errors.ts';
import type { StudiesTable, StudyTrialsTable } from './study-tables.ts';

/** Rows of one insert: PostgreSQL takes 65,535 parameters. */
const CHUNK = 5_000;

interface Progress {
  readonly tried: number;
  readonly failed: number;
  readonly best_number: number | null;
  readonly best_parameters: TrialParameters | null;
  readonly best_score: number | null;
}

type StudyRow = Omit<Selectable<StudiesTable>, 'report'> & Progress;

function toRecord(row: StudyRow): StudyRecord {
  const { best_number: number, best_parameters: parameters, best_score: score } = row;
  return {
    studyId: row.id,
    spec: row.spec,
    askedBy: row.asked_by,
    status: row.status,
    reason: row.reason,
    reasonCode: row.reason_code,
    fingerprint: row.fingerprint,
    tried: row.tried,
    failed: row.failed,
    best: number === null || parameters === null ? null : { number, parameters, score },
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

function toTrial(row: Selectable<StudyTrialsTable>): StudyTrial {
  const { number, parameters, outcome, score, failure, out_of_sample: outOfSample } = row;
  return { number, parameters, outcome, score, failure, outOfSample };
}

function notFound(studyId: string): KeelError {
  return new KeelError(
    'NOT_FOUND',
    `there is no study "${studyId}"; \`keel study list\` has those there are`,
  );
}

export function createStudyRepository(db: Kysely<Database>, now: () => number): StudyRepository {
  /** Studies with what their trials have come to. */
  function records() {
    return db
      .selectFrom('studies as s')
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom('study_trials as t')
            .whereRef('t.study_id', '=', 's.id')
            .where('t.outcome', 'is not', null)
            .select([sql<number>`count(*)`.as('tried'), sql<number>`count(t.failure)`.as('failed')])
            .as('p'),
        (join) => join.onTrue(),
      )
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom('study_trials as t')
            .whereRef('t.study_id', '=', 's.id')
            .where('t.score', 'is not', null)
            .orderBy('t.score', 'desc')
            .orderBy('t.number')
            .limit(1)
            .select([
              't.number as best_number',
              't.parameters as best_parameters',
              't.score as best_score',
            ])
            .as('b'),
        (join) => join.onTrue(),
      )
      .select(['s.id', 's.spec', 's.asked_by', 's.status', 's.reason', 's.reason_code'])
      .select(['s.fingerprint', 's.created_at', 's.ended_at'])
      .select([sql<number>`p.tried`.as('tried'), sql<number>`p.failed`.as('failed')])
      .select(['b.best_number', 'b.best_parameters', 'b.best_score']);
  }

  return {
    async create({ studyId, spec, askedBy }) {
      const inserted = await db
        .insertInto('studies')
        .values({
          ...{ id: studyId, spec: JSON.stringify(spec), asked_by: askedBy },
          ...{ status: 'running', created_at: now() },
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 1n) return;
      const same = await db
        .selectFrom('studies')
        .select('id')
        .where('id', '=', studyId)
        .where('spec', '=', sql<never>`${JSON.stringify(spec)}::jsonb`)
        .executeTakeFirst();
      if (same === undefined) {
        throw new KeelError('CONFLICT', `study "${studyId}" is another one: give another id`);
      }
    },

    async holdTo(studyId, fingerprint) {
      const row = await db
        .updateTable('studies')
        .set({ fingerprint: sql<string>`coalesce(fingerprint, ${fingerprint})` })
        .where('id', '=', studyId)
        .returning('fingerprint')
        .executeTakeFirst();
      if (row === undefined) throw notFound(studyId);
      if (row.fingerprint === fingerprint) return;
      throw new KeelError(
        'CONFLICT',
        `the bars of study "${studyId}" have changed since it began, or this worker's library has others: start a new study`,
      );
    },

    async get(studyId) {
      const row = await records().where('s.id', '=', studyId).executeTakeFirst();
      if (row === undefined) throw notFound(studyId);
      return toRecord(row);
    },

    async list({ limit, after }) {
      let select = records().orderBy('s.created_at', 'desc').orderBy('s.id', 'desc').limit(limit);
      if (after !== undefined) {
        const last = await db
          .selectFrom('studies')
          .select(['created_at', 'id'])
          .where('id', '=', after)
          .executeTakeFirst();
        if (last === undefined) throw notFound(after);
        select = select.where((eb) =>
          eb(eb.refTuple('s.created_at', 's.id'), '<', eb.tuple(last.created_at, last.id)),
        );
      }
      return (await select.execute()).map(toRecord);
    },

    async trials(studyId) {
      const rows = await db
        .selectFrom('study_trials')
        .selectAll()
        .where('study_id', '=', studyId)
        .orderBy('number')
        .execute();
      return rows.map(toTrial);
    },

    async trial(studyId, number) {
      const row = await db
        .selectFrom('study_trials')
        .selectAll()
        .where('study_id', '=', studyId)
        .where('number', '=', number)
        .executeTakeFirst();
      if (row === undefined) {
        throw new KeelError('NOT_FOUND', `study "${studyId}" has no trial ${String(number)}`);
      }
      return toTrial(row);
    },

    async addTrials(studyId, first, points) {
      const rows = points.map((point, index) => ({
        study_id: studyId,
        number: first + index,
        parameters: JSON.stringify(point),
      }));
      await inTransaction(db, async (trx) => {
        for (let from = 0; from < rows.length; from += CHUNK) {
          await trx
            .insertInto('study_trials')
            .values(rows.slice(from, from + CHUNK))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      });
    },

    async recordRun(studyId, number, { part, outcome, score, failure }) {
      const document = JSON.stringify(outcome);
      const inSample = part === 'in sample';
      await db
        .updateTable('study_trials')
        .set(inSample ? { outcome: document, score, failure } : { out_of_sample: document })
        .where('study_id', '=', studyId)
        .where('number', '=', number)
        .where(inSample ? 'outcome' : 'out_of_sample', 'is', null)
        .execute();
    },

    async setPaused(studyId, reason) {
      await db
        .updateTable('studies')
        .set({ status: reason === null ? 'running' : 'paused', reason })
        .where('id', '=', studyId)
        .where('ended_at', 'is', null)
        .execute();
    },

    async end(studyId, { status, reason, reasonCode = null, report = null }) {
      await db
        .updateTable('studies')
        .set({
          ...{ status, reason, reason_code: reasonCode, ended_at: now() },
          report: report === null ? null : JSON.stringify(report),
        })
        .where('id', '=', studyId)
        .where('ended_at', 'is', null)
        .execute();
    },

    async report(studyId) {
      const row = await db
        .selectFrom('studies')
        .select('report')
        .where('id', '=', studyId)
        .executeTakeFirst();
      if (row === undefined) throw notFound(studyId);
      return row.report;
    },
  };
}
