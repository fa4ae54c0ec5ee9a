/** Replays stored histories under workflow code: what replays can be carried on by that code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import { Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { KeelError } from '../../core/errors.ts';
import { parseHistory, workflowTypeOf } from './history-json.ts';

export interface Replayed {
  readonly file: string;
  /** Null where the file could not be read as a history. */
  readonly workflowType: string | null;
  readonly events: number;
  /** Null: it replays. */
  readonly failure: string | null;
}

/** The `.json` files of a folder, by name. Throws NOT_FOUND where there is no folder, or none in it. */
export function historyFiles(folder: string): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw new KeelError('NOT_FOUND', `${folder} cannot be read: ${(error as Error).message}`);
  }
  if (names.length === 0) {
    throw new KeelError('NOT_FOUND', `${folder} holds no histories (*.json)`);
  }
  return names.toSorted();
}

/**
 * Replays every file of the folder; one that is broken, or does not replay, keeps none of the others from
 * being tried. Throws NOT_FOUND as `historyFiles` does.
 */
export async function replayHistories(
  folder: string,
  options: ReplayWorkerOptions,
): Promise<readonly Replayed[]> {
  const replayed = new Map<string, Replayed>();
  const histories: HistoryAndWorkflowId[] = [];
  for (const file of historyFiles(folder)) {
    try {
      const { json, history } = parseHistory(readFileSync(join(folder, file), 'utf8'));
      // The file's name stands for the workflow: ids of stored histories need not be distinct.
      histories.push({ workflowId: file, history });
      replayed.set(file, {
        file,
        workflowType: workflowTypeOf(json) ?? null,
        events: json.events.length,
        failure: null,
      });
    } catch (error) {
      if (!(error instanceof KeelError)) throw error;
      replayed.set(file, { file, workflowType: null, events: 0, failure: error.message });
    }
  }
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    const row = replayed.get(workflowId);
    if (row !== undefined && error !== undefined) {
      replayed.set(workflowId, { ...row, failure: error.message });
    }
  }
  return [...replayed.values()];
}
