/** keel login */
import { Option, type Command } from 'commander';
import { loadCliSettings, saveCliSettings } from '../../config/cli-settings.ts';
import { loginAnswerSchema } from '../../api/schemas.ts';
import { createApiClient } from '../api-client.ts';
import type { Session } from '../session.ts';

export function addLoginCommand(program: Command, session: Session): void {
  program
    .command('login')
    .description('log in; the token is kept in the data folder, readable by you only')
    .argument('[name]', 'user name', 'admin')
    .option('--url <url>', 'address of the API')
    .addOption(new Option('--password <password>', 'asked for where absent').env('KEEL_PASSWORD'))
    .action(async (name: string, options: { url?: string; password?: string }) => {
      const url = (options.url ?? loadCliSettings(session.io.environment).url).replace(/\/+$/, '');
      const password =
        options.password ?? (await session.io.askSecret(`Password of ${name} at ${url}: `));
      const { token, role } = await createApiClient(url).post(
        '/login',
        { name, password },
        loginAnswerSchema,
      );
      const file = saveCliSettings(session.dataFolder, { url, token });
      session.print(
        { name, role, url, file },
        () => `Logged in as ${name} (${role}); token in ${file}`,
      );
    });
}
