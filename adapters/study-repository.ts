/**
 * The door to the books of studies: what was asked for, each trial with what came of it, the report. Errors as in
 * repositories.ts.
 */
import type { Json } from '../core/json.ts';

export type StudyStatus = 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
/** Of the data: what is searched on, and what only the best are run on. */
export type StudyPart = 'in sample' | 'out of sample';

export interface NewStudy {
  readonly studyId: string;
  readonly spec: Json;
  /** User name. */
  readonly askedBy: string;
}

export interface StudyRecord extends NewStudy {
  readonly status: StudyStatus;
  readonly reason: string | null;
  /** One of our error codes, of a study that failed. */
  readonly reasonCode: string | null;
  readonly fingerprint: string | null;
  /** Trials that have been run in sample, and those of them that failed. */
  readonly tried: number;
  readonly failed: number;
  /** Of those tried so far; null where none has a score. */
  readonly best: Pick<StudyTrial, 'number' | 'parameters' | 'score'> | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

export type TrialParameters = Readonly<Record<string, number | string | boolean>>;

export interface StudyTrial {
  /** In the order asked for, from 1. */
  readonly number: number;
  readonly parameters: TrialParameters;
  /** Of the run in sample; null until it has been made. */
  readonly outcome: Json;
  readonly score: number | null;
  readonly failure: string | null;
  /** Of the run out of sample; null until it has been made. */
  readonly outOfSample: Json;
}

/** What came of a run: its document, and in sample its score and failure. */
export interface TrialRun {
  readonly part: StudyPart;
  readonly outcome: Json;
  readonly score: number | null;
  readonly failure: string | null;
}

export interface StudyRepository {
  /** Once; the same study again changes nothing. Throws CONFLICT for an id that another study has. */
  create(study: NewStudy): Promise<void>;
  /** Holds the bars to those that the study began with. Throws CONFLICT where they are others, NOT_FOUND. */
  holdTo(studyId: string, fingerprint: string): Promise<void>;
  /** Throws NOT_FOUND. */
  get(studyId: string): Promise<StudyRecord>;
  /** Newest first; `after`: only those that come after this one. Throws NOT_FOUND where it names no study. */
  list(query: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly StudyRecord[]>;
  /** By number. */
  trials(studyId: string): Promise<readonly StudyTrial[]>;
  /** Throws NOT_FOUND. */
  trial(studyId: string, number: number): Promise<StudyTrial>;
  /** Adds points as trials from `first` on; those that are there already stay. */
  addTrials(studyId: string, first: number, points: readonly TrialParameters[]): Promise<void>;
  /** The first outcome of a run counts. */
  recordRun(studyId: string, number: number, run: TrialRun): Promise<void>;
  /** Null: it goes on. A study that has ended stays as it is. */
  setPaused(studyId: string, reason: string | null): Promise<void>;
  /** The first end counts. */
  end(
    studyId: string,
    end: {
      readonly status: 'done' | 'failed' | 'cancelled';
      readonly reason: string | null;
      readonly reasonCode?: string | null;
      readonly report?: Json;
    },
  ): Promise<void>;
  /** Null until it is done. Throws NOT_FOUND. */
  report(studyId: string): Promise<Json>;
}
