/** `npm run stack -- up|down|status [--mode embedded|native|compose]`: the servers, without the system. */
import { Command, Option } from 'commander';
import { compose, composeMissing } from './compose.ts';
import { dataFolder } from './folders.ts';
import { messageOf } from './stack-error.ts';
import { envFileOf } from './stack-file.ts';
import { bringDown, bringUp, stackState } from './supervised.ts';
import { nextSteps, serverTable } from './table.ts';

interface Options {
  readonly mode: 'embedded' | 'native' | 'compose';
}

const begin = Date.now();

function say(text: string): void {
  const seconds = ((Date.now() - begin) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${text}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function up({ mode }: Options): Promise<number> {
  if (mode === 'compose') return compose(['up', '--detach', '--wait']);
  const dataDir = dataFolder();
  const file = await bringUp(mode, dataDir, say);
  print(serverTable(file.servers.map((server) => ({ ...server, state: 'up' }))));
  print(nextSteps(envFileOf(dataDir), file));
  return 0;
}

async function down({ mode }: Options): Promise<number> {
  if (mode === 'compose') return compose(['down']);
  const dataDir = dataFolder();
  const stopped = await bringDown(dataDir, say);
  print(
    stopped === 0 ? 'Nothing was up.' : `Down. No process is left; the data stays in ${dataDir}.`,
  );
  return 0;
}

async function status({ mode }: Options): Promise<number> {
  if (mode === 'compose') {
    await compose(['ps', '--all']);
    const missing = await composeMissing();
    if (missing.length > 0) print(`DOWN: ${missing.join(', ')}`);
    return missing.length === 0 ? 0 : 1;
  }
  const state = await stackState(dataFolder());
  if (state.file === undefined) {
    print('Down: nothing was started. Start it by: npm run stack -- up');
    return 1;
  }
  print(
    serverTable(state.servers.map((server) => ({ ...server, state: server.up ? 'up' : 'DOWN' }))),
  );
  const allUp = state.servers.every((server) => server.up);
  if (!state.supervisorUp)
    print('The supervisor is gone. `npm run stack -- up` starts all again and keeps the data.');
  else if (!allUp)
    print('A server is down: its log says why. `npm run stack -- up` starts all again.');
  return state.supervisorUp && allUp ? 0 : 1;
}

const program = new Command('npm run stack --').description(
  'The servers that Keel needs, on this machine.',
);
const commands = {
  up: [up, 'start them and return once all are ready'],
  down: [down, 'stop them; no process is left'],
  status: [status, 'tell of each whether it is up; exit code 0 if all are'],
} as const;
for (const [name, [action, description]] of Object.entries(commands)) {
  program
    .command(name)
    .description(description)
    .addOption(
      new Option(
        '--mode <mode>',
        'embedded: PostgreSQL, Temporal; native: also Kafka, Redis; compose: all in containers',
      )
        .choices(['embedded', 'native', 'compose'])
        .default('embedded'),
    )
    .action(async (options: Options) => {
      process.exitCode = await action(options);
    });
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
