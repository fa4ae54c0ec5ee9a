/** Studies as people ask for them: start, see, hold, end. What they find is in PostgreSQL, whoever carries them out. */
import { randomBytes } from 'node:crypto';
import type { Repositories } from '../../adapters/repositories.ts';
import type { StudyRecord } from '../../adapters/study-repository.ts';
import type { StudyDoor } from '../../adapters/temporal/study-door.ts';
import { KeelError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { StrategyRegistry } from '../../strategies/registry.ts';
import type { StudySpec } from '../../workers/study-spec.ts';
import { studyWorkflowId } from '../../workflows/study-names.ts';
import { pageOf } from '../paging.ts';
import type { StudyPageQuery } from '../schemas.ts';

export interface StudyServiceDeps {
  readonly repositories: Pick<Repositories, 'studies' | 'audit'>;
  readonly registry: StrategyRegistry;
  readonly door: StudyDoor;
  workflowLink(workflowId: string): string;
}

export interface ShownStudy extends Omit<StudyRecord, 'spec' | 'fingerprint'> {
  readonly spec: StudySpec;
  readonly workflowUrl: string;
}

export interface StudyService {
  /** Throws STRATEGY_UNKNOWN, CONFLICT for an id that is taken, UNAVAILABLE. What else is wrong, its row tells. */
  start(
    asked: { readonly id?: string | undefined; readonly spec: StudySpec },
    by: string,
  ): Promise<ShownStudy>;
  /** Throws NOT_FOUND where `after` names no study. */
  list(query: StudyPageQuery): Promise<{ studies: readonly ShownStudy[]; next: string | null }>;
  /** Throws NOT_FOUND. */
  get(studyId: string): Promise<ShownStudy>;
  /** Throws NOT_FOUND, and CONFLICT where it is not done. */
  report(studyId: string): Promise<Json>;
  /** Throws NOT_FOUND, and CONFLICT for a study that has ended or whose state does not allow it. */
  tell(
    studyId: string,
    verb: 'pause' | 'resume' | 'cancel',
    request: { readonly by: string; readonly reason?: string | undefined },
  ): Promise<ShownStudy>;
}

export function createStudyService(deps: StudyServiceDeps): StudyService {
  const { door, registry } = deps;
  const { studies, audit } = deps.repositories;

  function shown({ fingerprint: _fingerprint, ...record }: StudyRecord): ShownStudy {
    return {
      ...record,
      spec: record.spec as unknown as StudySpec,
      workflowUrl: deps.workflowLink(studyWorkflowId(record.studyId)),
    };
  }

  return {
    async start({ id, spec }, by) {
      registry.get(spec.run.strategy);
      const studyId = id ?? `${spec.run.strategy}-${randomBytes(4).toString('hex')}`;
      const { concurrency } = spec;
      const input = { studyId, spec: spec as unknown as Json, askedBy: by, concurrency };
      await audit.write({ actor: by, action: 'study.start', target: studyId });
      // The workflow first: a row that nobody works on would wait for ever.
      await door.start(input, summaryOf(spec));
      await studies.create(input);
      return shown(await studies.get(studyId));
    },

    async list({ limit, after }) {
      const { rows, next } = await pageOf(
        limit,
        (most) => studies.list({ limit: most, after }),
        ({ studyId }) => studyId,
      );
      return { studies: rows.map(shown), next };
    },
    get: async (studyId) => shown(await studies.get(studyId)),

    async report(studyId) {
      const report = await studies.report(studyId);
      if (report !== null) return report;
      const { status, reason } = await studies.get(studyId);
      const why = reason === null ? '' : ` (${reason})`;
      throw new KeelError('CONFLICT', `study ${studyId} has no report: it is ${status}${why}`);
    },

    async tell(studyId, verb, { by, reason }) {
      const { status } = await studies.get(studyId);
      if (status !== 'running' && status !== 'paused') {
        throw new KeelError(
          'CONFLICT',
          `study ${studyId} is ${status}: it cannot ${verb} any more`,
        );
      }
      await audit.write({ actor: by, action: `study.${verb}`, target: studyId });
      await door[verb](studyId, { by, ...(reason === undefined ? {} : { reason }) });
      return shown(await studies.get(studyId));
    },
  };
}

/** `optimize sma-cross BTC/USDT · 100 trials, tpe by sharpe` */
function summaryOf({ run, trials, sampler, objective }: StudySpec): string {
  const markets = (run.pairs ?? []).join(', ');
  return `optimize ${run.strategy}${markets === '' ? '' : ` ${markets}`} · ${String(trials)} trials, ${sampler} by ${objective}`;
}
