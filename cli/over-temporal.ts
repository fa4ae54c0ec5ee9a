/** Searches that research workers carry out: started, and followed to their end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { studyReportSchema, studySchema, type StudyBody } from '../api/routes/studies.ts';
import type { StudyReport } from '../backtest/optimise/holdout.ts';
import { plain, pointText } from '../backtest/report/format.ts';
import { ERROR_CODES, KeelError, type ErrorCode } from '../core/errors.ts';
import { FILE_OPTIONS } from '../workers/study-spec.ts';
import { CliError, EXIT } from './api-client.ts';
import { givenRun, type GivenOptions } from './backtest/command-options.ts';
import type { AskedSearch } from './backtest/open-study.ts';
import type { Session } from './session.ts';
import { tellStudy } from './study-text.ts';
import { time } from './tables.ts';

/** What a study is asked for: its run, its search, and how it is carried out. */
export interface StudyOptions extends GivenOptions, AskedSearch {
  readonly inSample: number;
  readonly best: number;
  readonly html?: string;
  readonly workers?: number;
  readonly detach?: true;
  readonly id?: string;
  readonly concurrency?: number;
}

const POLL_MS = 1_000;
/** How long a house may be away, such as for a restart, before who follows gives up. */
const PATIENCE_MS = 60_000;

/** Starts the study, and follows it unless told to leave. */
export async function optimiseOverTemporal(session: Session, options: StudyOptions): Promise<void> {
  const { space, sampler, objective, minTrades, trials, seed, inSample, best } = options;
  const { id, concurrency } = options;
  refuse('html', options, '`keel backtest --html` makes the page of any of its trials');
  refuse(
    'workers',
    options,
    '--concurrency bounds its trials, research.threads of keel.yaml those of a worker',
  );
  const spec = {
    run: portableRun(options),
    ...{ space: space ?? [], sampler, objective, minTrades, trials, seed, inSample, best },
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  const body = { spec, ...(id === undefined ? {} : { id }) };
  const study = await session.api().post('/studies', body, studySchema);
  if (options.detach === true) session.print(study, describeStudy);
  else {
    session.io.err(`study ${study.studyId}: ${study.workflowUrl}`);
    await follow(session, study.studyId);
  }
}

/** Throws INVALID_INPUT where `name` was given; `instead` says what to do. */
function refuse(name: 'html' | 'workers', options: StudyOptions, instead: string): void {
  if (options[name] === undefined) return;
  throw new KeelError('INVALID_INPUT', `--${name} does not go with --temporal: ${instead}`);
}

/** Without what names files: workers have their own. Throws INVALID_INPUT where something does. */
function portableRun(options: StudyOptions): object {
  const { detail: [detail] = [], ...run } = givenRun(options);
  const file = FILE_OPTIONS.find((name) => name !== 'detail' && run[name] !== undefined);
  if (file === undefined) return { ...run, ...(detail === undefined ? {} : { detail }) };
  throw new KeelError(
    'INVALID_INPUT',
    `--${file.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --temporal: the workers have files of their own. ` +
      '`keel data import` bars into the library and name them by --pairs; own strategies: strategyPath of keel.yaml',
  );
}

export function pathOf(studyId: string): string {
  return `/studies/${encodeURIComponent(studyId)}`;
}

export async function follow(session: Session, studyId: string): Promise<void> {
  for (;;) {
    const study = await patiently(() => session.api().get(pathOf(studyId), studySchema));
    session.io.progress?.(progressOf(study));
    if (study.status !== 'running' && study.status !== 'paused') {
      session.io.progress?.('');
      await tellEnd(session, study);
      return;
    }
    await sleep(POLL_MS);
  }
}

/** Throws what ended it, as the same search on this machine would. */
async function tellEnd(session: Session, study: StudyBody): Promise<void> {
  const { studyId, status, reason, reasonCode } = study;
  if (status === 'done') await tellReport(session, studyId);
  else if (status === 'failed' && reasonCode !== null && reasonCode in ERROR_CODES) {
    throw new KeelError(reasonCode as ErrorCode, reason ?? `study ${studyId} failed`);
  } else {
    throw new CliError(
      EXIT.failure,
      'STUDY_ENDED',
      `study ${studyId} is ${status}: ${reason ?? ''}`,
    );
  }
}

export async function tellReport(session: Session, studyId: string): Promise<void> {
  const report = await session.api().get(`${pathOf(studyId)}/report`, studyReportSchema);
  // It is what `reportOf` made.
  tellStudy(session, report as unknown as StudyReport);
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const away = error instanceof CliError && error.exitCode === EXIT.unavailable;
      if (!away || Date.now() >= deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}

function progressOf({ status, tried, spec, best }: StudyBody): string {
  const so = `trial ${String(tried)} of ${String(spec.trials)}`;
  const found = best === null ? '' : `, best ${plain(best.score)} (${pointText(best.parameters)})`;
  return `${status === 'paused' ? 'paused at ' : ''}${so}${found}`;
}

export function describeStudy(study: StudyBody): string {
  const { studyId, status, reason, failed, askedBy, createdAt, workflowUrl } = study;
  const why = reason === null ? '' : ` (${reason})`;
  return [
    `${studyId} is ${status}${why}: ${progressOf({ ...study, status: 'running' })}, ${String(failed)} failed`,
    `asked for by ${askedBy} at ${time(createdAt)} UTC`,
    workflowUrl,
  ].join('\n');
}
