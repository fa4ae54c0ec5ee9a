/** keel study list, show, follow, pause, resume, cancel */
import type { Command } from 'commander';
import { studyPageSchema, studySchema, type StudyBody } from '../../api/routes/studies.ts';
import { plain } from '../../backtest/report/format.ts';
import { describeStudy, follow, pathOf, tellReport } from '../over-temporal.ts';
import { moreOf, pagedCommand, type PageOptions, queryOf } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

export function addStudyCommands(program: Command, session: Session): void {
  const group = program
    .command('study')
    .description('searches that research workers carry out (`keel optimize --temporal`)')
    .addHelpText(
      'after',
      `
Examples:
  keel optimize -s sma-cross -p BTC/USDT -i 1h --trials 500 --temporal --detach --id sma-1h
  keel study list
  keel study follow sma-1h
  keel study pause sma-1h --reason "the machine is needed"
  keel study show sma-1h --json`,
    );
  pagedCommand(group.command('list'))
    .description('newest first')
    .action(async ({ limit, after }: PageOptions, command: Command) => {
      const path = `/studies${queryOf({ limit, after })}`;
      session.print(
        await session.api().get(path, studyPageSchema),
        ({ studies, next }) => list(studies) + moreOf(command, next),
      );
    });
  group
    .command('show')
    .description('how far it is; the report, once it is done')
    .argument('<study>', 'its id')
    .action(async (studyId: string) => {
      const study = await session.api().get(pathOf(studyId), studySchema);
      if (study.status === 'done') await tellReport(session, studyId);
      else session.print(study, describeStudy);
    });
  group
    .command('follow')
    .description('wait for its end, then the report; Ctrl-C leaves it running')
    .argument('<study>', 'its id')
    .action((studyId: string) => follow(session, studyId));
  for (const [verb, description] of [
    ['pause', 'begin no more trials; those under way finish'],
    ['resume', 'go on'],
    ['cancel', 'end it; what was tried is kept'],
  ] as const) {
    group
      .command(verb)
      .description(description)
      .argument('<study>', 'its id')
      .option('--reason <text>', 'for the record')
      .action(async (studyId: string, { reason }: { readonly reason?: string }) => {
        const body = reason === undefined ? {} : { reason };
        session.print(
          await session.api().post(`${pathOf(studyId)}/${verb}`, body, studySchema),
          describeStudy,
        );
      });
  }
}

function list(studies: readonly StudyBody[]): string {
  if (studies.length === 0) return 'No study yet: `keel optimize --temporal` starts one.';
  return table(
    [
      'study',
      'strategy',
      'status',
      'tried',
      'of',
      'best',
      'objective',
      'asked for (UTC)',
      'reason',
    ],
    studies.map(({ studyId, spec, status, tried, best, createdAt, reason }) => [
      ...[studyId, spec.run.strategy, status, tried, spec.trials],
      ...[plain(best?.score ?? null), spec.objective, time(createdAt), reason ?? ''],
    ]),
  );
}
