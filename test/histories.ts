/**
 * Recorded workflow histories as JSON: enums by name, 64-bit numbers as strings, bytes as base64. (The SDK's
 * own historyToJSON needs one protobufjs for all packages, which npm does not promise.)
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import type { HistoryAndWorkflowId } from '@temporalio/client';

const { History } = proto.temporal.api.history.v1;
const FOLDER = new URL('histories/', import.meta.url);

type History = HistoryAndWorkflowId['history'];

export function writeHistory(name: string, history: History): void {
  const object = History.toObject(History.fromObject(history as object), {
    longs: String,
    enums: String,
    bytes: String,
  });
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(object, null, 1)}\n`);
}

/** All recorded histories; the workflow id is the file's name. */
export function readHistories(): HistoryAndWorkflowId[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      workflowId: file.replace('.json', ''),
      history: History.fromObject(
        JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as object,
      ),
    }));
}
