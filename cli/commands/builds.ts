/** keel builds, deploy */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { buildsSchema } from '../../api/routes/builds.ts';
import { CliError, EXIT } from '../api-client.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

type Builds = z.infer<typeof buildsSchema>;

const RETRY_MS = 500;

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('expected seconds, 0 or more');
  return value;
}

function told({ deployment, builds }: Builds): string {
  return builds.length === 0
    ? `no worker of ${deployment} has been seen`
    : table(
        ['build', 'status', 'first seen (UTC)'],
        builds.map(({ buildId, status, createdAt }) => [buildId, status, time(createdAt)]),
      );
}

export function addBuildCommands(program: Command, session: Session): void {
  program
    .command('builds')
    .description('builds of the workers; stop the workers of a drained one')
    .action(async () => {
      session.print(await session.api().get('/builds', buildsSchema), told);
    });

  program
    .command('deploy')
    .description('send new workflows to a build; orders under way stay with theirs')
    .argument('<build>', 'build id, as `keel builds` lists it')
    .option('--wait <seconds>', 'how long to wait until its workers are there', seconds, 60)
    .action(async (buildId: string, { wait }: { readonly wait: number }) => {
      const deadline = Date.now() + wait * 1000;
      session.print(await untilCurrent(session, buildId, deadline), told);
    });
}

/** A worker that has just started is not known at once: a refusal counts only at the deadline. */
async function untilCurrent(session: Session, buildId: string, deadline: number): Promise<Builds> {
  for (;;) {
    try {
      return await session.api().post('/builds/current', { buildId }, buildsSchema);
    } catch (error) {
      const refused = error instanceof CliError && error.exitCode === EXIT.conflict;
      if (!refused || Date.now() >= deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}
