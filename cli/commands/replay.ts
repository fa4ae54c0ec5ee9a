/** keel replay */
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { decisionPageSchema } from '../../api/routes/decisions.ts';
import type { RecordedDecision } from '../../core/decision.ts';
import { CliError, EXIT } from '../api-client.ts';
import { describeDiff, diffDecisions } from '../decision-diff.ts';
import { readProposal } from '../proposed-rules.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface ReplayOptions {
  /** True where no folder is given. */
  readonly histories?: string | true;
  readonly since?: number;
  readonly until?: number;
  readonly rules?: string;
}

const STORED_HISTORIES = fileURLToPath(new URL('../../test/histories', import.meta.url));

const isoTime = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** Milliseconds UTC, or an ISO date (midnight UTC) or time with its zone. */
function moment(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (isoTime.safeParse(text).success) return Date.parse(text);
  throw new InvalidArgumentError(
    'expected milliseconds UTC, or an ISO date or time such as 2026-07-01 or 2026-07-01T09:30:00Z',
  );
}

export function addReplayCommand(program: Command, session: Session): void {
  program
    .command('replay')
    .description(
      'replay what was recorded under the code of today: stored workflow histories, or decisions on orders;\n' +
        'exit code 0 where nothing differs, 1 where something does',
    )
    .option(
      '--histories [folder]',
      'stored histories: each must take the same steps again (default test/histories)',
    )
    .option(
      '--since <time>',
      'decisions from then on, by the wall clock: verdicts and sizes',
      moment,
    )
    .option('--until <time>', 'decisions up to then', moment)
    .option('--rules <file>', 'decide by the limits and rules of this YAML file')
    .action(async (options: ReplayOptions) => {
      const { histories, since, until, rules } = options;
      if ((histories === undefined) === (since === undefined)) {
        throw usage('give either --histories or --since <time>');
      }
      if (histories !== undefined) {
        if (until !== undefined || rules !== undefined)
          throw usage('--until and --rules belong to --since');
        await replayStored(session, histories === true ? STORED_HISTORIES : histories);
      } else if (since !== undefined) {
        if (until !== undefined && until < since) throw usage('--until is before --since');
        await replayDecisions(session, { since, until }, rules);
      }
    });
}

function usage(message: string): CliError {
  return new CliError(EXIT.usage, 'USAGE', message);
}

async function replayDecisions(
  session: Session,
  time: { readonly since: number; readonly until: number | undefined },
  rules: string | undefined,
): Promise<void> {
  // Before the first request: a faulty file is told at once.
  const proposal = rules === undefined ? {} : readProposal(rules);
  const decisions: RecordedDecision[] = [];
  for (let after: string | null = ''; after !== null;) {
    const query = new URLSearchParams({
      since: String(time.since),
      ...(time.until === undefined ? {} : { until: String(time.until) }),
      ...(after === '' ? {} : { after }),
    });
    const page: z.infer<typeof decisionPageSchema> = await session
      .api()
      .get(`/orders/decisions?${query.toString()}`, decisionPageSchema);
    decisions.push(...page.decisions);
    after = page.next;
  }
  const diff = diffDecisions(decisions, proposal);
  session.print(diff, describeDiff);
  if (diff.differ.length + diff.failed.length > 0) session.findingsFail();
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
