/** What a study's workflow is started with, asked and told, and what it answers. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Json } from '../core/json.ts';
import type { PauseRequest } from './pausing.ts';

export interface StudyInput {
  readonly studyId: string;
  /** What workers read strategy, data and search from (workers/study-spec.ts); JSON-safe. */
  readonly spec: Json;
  /** User name. */
  readonly askedBy: string;
  /** Trials under way at once, over all workers. */
  readonly concurrency: number;
  /** How long a worker may be silent before its trial moves to another. Default 20 s. */
  readonly heartbeatTimeoutMs?: number;
  /** Set by continue-as-new alone. */
  readonly carried?: StudyProgress;
}

/** The trials themselves are rows in PostgreSQL; this is what a person is shown of them. */
export interface StudyProgress {
  /** Trials at most; 0 before the study has been opened. */
  readonly most: number;
  readonly tried: number;
  readonly failed: number;
  readonly best: BestTrial | null;
  /** Why it is paused; null while it is not. */
  readonly paused: string | null;
}

export interface BestTrial {
  readonly number: number;
  readonly parameters: string;
  /** In sample. */
  readonly score: number;
}

export type StudyPhase = 'opening' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

export interface StudyState extends Omit<StudyProgress, 'paused'> {
  readonly studyId: string;
  readonly phase: StudyPhase;
  /** Why it is paused, failed or cancelled. */
  readonly reason: string | null;
}

export interface StudyResult extends StudyState {
  readonly phase: 'done' | 'cancelled';
}

export const studyStateQuery = defineQuery<StudyState>('state');
/** Begins no more trials; those under way finish. Refused unless it runs. */
export const pauseStudyUpdate = defineUpdate<StudyState, [PauseRequest]>('pause');
/** Refused unless it is paused. */
export const resumeStudyUpdate = defineUpdate<StudyState, [PauseRequest]>('resume');
export const cancelStudySignal = defineSignal<[PauseRequest]>('cancel');
