/** keel doctor */
import type { Command } from 'commander';
import { cacheFolder } from '../../stack/folders.ts';
import { examine, type Finding } from '../doctor.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', warn: 'note', bad: 'BAD' };

export function addDoctorCommand(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('what this machine has for Keel; exit code 1 where `npm start` cannot work')
    .action(async () => {
      const { environment } = session.io;
      const findings = await examine({
        environment,
        dataFolder: session.dataFolder,
        cacheFolder: cacheFolder({ ...environment }),
      });
      session.print({ findings }, () =>
        table(
          ['', 'what', 'found', 'what to do'],
          findings.map(({ state, what, found, remedy }) => [
            MARKS[state],
            what,
            found,
            remedy ?? '',
          ]),
        ),
      );
      if (findings.some(({ state }) => state === 'bad')) session.findingsFail();
    });
}
