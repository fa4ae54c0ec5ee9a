import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addCommands, COMMAND_GROUPS } from './command-groups.ts';
import type { Session } from './session.ts';

const nothing = (): void => undefined;
const session: Session = {
  io: { environment: {}, out: nothing, err: nothing, askSecret: async () => '' },
  dataFolder: '',
  width: 80,
  api: () => {
    throw new Error('no command was run');
  },
  print: nothing,
  findingsFail: nothing,
};

async function commandsOf(...args: string[]): Promise<string[]> {
  const program = new Command();
  await addCommands(program, session, args);
  return program.commands.map((command) => command.name());
}

describe('addCommands', () => {
  it.each(COMMAND_GROUPS.map(({ commands }) => [commands[0] ?? '', commands] as const))(
    'adds the group of %s, which has what it is said to have',
    async (first, commands) => {
      expect(await commandsOf('--json', first)).toEqual(commands);
    },
  );

  it.each([[[]], [['--help']], [['help', 'backtest']], [['stratgy']]])(
    'adds all commands for %j',
    async (args) => {
      expect(await commandsOf(...args)).toEqual(COMMAND_GROUPS.flatMap(({ commands }) => commands));
    },
  );
});
