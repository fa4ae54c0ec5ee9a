/** keel replay */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface ReplayOptions {
  /** True where no folder is given. */
  readonly histories: string | true;
}

const STORED_HISTORIES = fileURLToPath(new URL('../../test/histories', import.meta.url));

export function addReplayCommand(program: Command, session: Session): void {
  program
    .command('replay')
    .description('replay what was recorded under the code of today; exit code 1 where it differs')
    .requiredOption(
      '--histories [folder]',
      'replay stored workflow histories: each must take the same steps again (default test/histories)',
    )
    .action(async (options: ReplayOptions) => {
      const { histories } = options;
      await replayStored(session, histories === true ? STORED_HISTORIES : histories);
    });
}

async function replayStored(session: Session, folder: string): Promise<void> {
  // Loaded here: the native core and the bundler are no part of the other commands.
  const { installQuietRuntime } = await import('../../adapters/temporal/runtime.ts');
  const { workflowBundle } = await import('../../adapters/temporal/worker.ts');
  const { historyFiles, replayHistories } = await import('../../adapters/temporal/replay.ts');
  // Before the bundle, which takes seconds.
  historyFiles(folder);
  installQuietRuntime();
  const histories = await replayHistories(folder, { workflowBundle: await workflowBundle() });
  const failed = histories.filter(({ failure }) => failure !== null).length;
  session.print({ folder, histories, failed }, () =>
    [
      table(
        ['file', 'workflow', 'events', 'replay'],
        histories.map(({ file, workflowType, events, failure }) => [
          file,
          workflowType,
          events,
          failure === null ? 'ok' : `failed: ${failure}`,
        ]),
      ),
      `${String(histories.length - failed)} of ${String(histories.length)} histories replay`,
    ].join('\n\n'),
  );
  if (failed > 0) session.findingsFail();
}
