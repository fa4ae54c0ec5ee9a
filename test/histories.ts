/** The histories in test/histories: one a path that an order, a guard, an account, a strategy or a study can take. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJson, type History } from '../adapters/temporal/history-json.ts';

export const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url));

export async function writeHistory(name: string, history: History): Promise<void> {
  const json = await historyToJson(history, []);
  writeFileSync(`${HISTORIES}${name}.json`, `${JSON.stringify(json, null, 1)}\n`);
}
