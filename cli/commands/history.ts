/** keel history save */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { historyJsonSchema, workflowTypeOf } from '../../adapters/temporal/history-json.ts';
import { CliError, EXIT } from '../api-client.ts';
import type { Session } from '../session.ts';

interface SaveOptions {
  readonly run?: string;
  readonly out?: string;
}

export function addHistoryCommand(program: Command, session: Session): void {
  program
    .command('history')
    .description('histories of workflows')
    .command('save')
    .description(
      'write the history of a workflow to a file, decrypted, for `keel replay --histories`',
    )
    .argument('<workflow>', 'workflow id: an order id, or strategy:<id>')
    .option('--run <id>', 'a run of it; else the newest')
    .option('--out <file>', 'where to; else <workflow>.json here')
    .action(async (workflowId: string, options: SaveOptions) => {
      const query = options.run === undefined ? '' : `?run=${encodeURIComponent(options.run)}`;
      const history = await session
        .api()
        .get(`/workflows/${encodeURIComponent(workflowId)}/history${query}`, historyJsonSchema);
      const file = options.out ?? `${workflowId.replaceAll(/[^\w.-]+/g, '-')}.json`;
      write(file, `${JSON.stringify(history, null, 1)}\n`);
      const saved = {
        file,
        workflowId,
        workflowType: workflowTypeOf(history) ?? null,
        events: history.events.length,
      };
      session.print(
        saved,
        ({ workflowType, events }) => `${file}: ${workflowType ?? '?'}, ${String(events)} events`,
      );
    });
}

/** A recorded history is never written over. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new CliError(EXIT.conflict, 'CONFLICT', `${file} is there already: give another --out`);
    }
    throw new CliError(EXIT.usage, 'INVALID_INPUT', `${file} cannot be written: ${message}`, error);
  }
}
