/** Tables of studies: what was asked for, and each trial with what came of it. */
import type { ColumnType } from 'kysely';
import type { Json } from '../../core/json.ts';
import type { StudyStatus, TrialParameters } from '../study-repository.ts';
import type { JsonColumn } from './columns.ts';

export interface StudiesTable {
  id: string;
  spec: JsonColumn<Json>;
  asked_by: string;
  status: StudyStatus;
  reason: string | null;
  reason_code: string | null;
  fingerprint: string | null;
  report: ColumnType<Json, string | null | undefined, string | null>;
  created_at: number;
  ended_at: number | null;
}

export interface StudyTrialsTable {
  study_id: string;
  number: number;
  parameters: JsonColumn<TrialParameters>;
  outcome: ColumnType<Json, string | null | undefined, string | null>;
  score: number | null;
  failure: string | null;
  out_of_sample: ColumnType<Json, string | null | undefined, string | null>;
}
