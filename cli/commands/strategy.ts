/** keel strategy list, show, new, test: strategies as code. `keel strategies` has those that run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { KeelError } from '../../core/errors.ts';
import { registerOwnStrategies } from '../../strategies/own-strategies.ts';
import { defaultRegistry, type StrategyRegistry } from '../../strategies/registry.ts';
import { writeNewStrategy } from '../backtest/new-strategy.ts';
import { describeStrategy, showText } from '../backtest/show-strategy.ts';
import { pathOption } from '../backtest/command-options.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface PathOption {
  readonly strategyPath?: readonly string[];
}

const OWN_MODULES = resolve(import.meta.dirname, '../../strategies/own-modules.ts');

export function addStrategyFileCommands(program: Command, session: Session): void {
  const strategy = program
    .command('strategy')
    .description('strategies as code: what there is, and your own');

  pathOption(strategy.command('list'))
    .description('the strategies there are')
    .action(async (options: PathOption) => {
      const strategies = (await registryWith(options))
        .list()
        .map(({ type, summary }) => ({ name: type, summary }));
      session.print({ strategies }, () =>
        table(
          ['name', 'summary'],
          strategies.map(({ name, summary }) => [name, summary]),
        ),
      );
    });

  pathOption(strategy.command('show'))
    .description('what a strategy bets on, its source, its parameters, the bars it wants')
    .argument('<name>', '`keel strategy list` has them')
    .addHelpText('after', '\nExample:\n  keel strategy show turtle')
    .action(async (name: string, options: PathOption) => {
      const found = (await registryWith(options)).get(name);
      const shown = describeStrategy(found, options.strategyPath ?? []);
      session.print(shown, (all) => showText(all, session.width));
    });

  strategy
    .command('new')
    .description('write a strategy that works, with a test, to begin from')
    .argument('<name>', 'lower-case words joined by "-", such as my-breakout')
    .option('--dir <folder>', 'where to; need not be in the repository', '.')
    .action((name: string, { dir }: { dir: string }) => {
      const files = writeNewStrategy(name, dir);
      session.print({ name, files }, () =>
        [
          ...files,
          '',
          `keel strategy test ${join(dir, `${name}.test.ts`)}`,
          `keel backtest -s ${name} --strategy-path ${join(dir, `${name}.ts`)} --data FILE`,
        ].join('\n'),
      );
    });

  strategy
    .command('test')
    .description(
      "run the tests of your strategies by Node's test runner; exit code 1 where one fails",
    )
    .argument('<files...>', 'such as my-breakout.test.ts')
    .action(async (files: string[]) => {
      const missing = files.find((file) => !existsSync(file));
      if (missing !== undefined) throw new KeelError('INVALID_INPUT', `there is no ${missing}`);
      const tests = spawn(process.execPath, ['--import', OWN_MODULES, '--test', ...files], {
        stdio: 'inherit',
      });
      const [code] = (await once(tests, 'close')) as [number | null];
      if (code !== 0) session.findingsFail();
    });
}

function registryWith({ strategyPath = [] }: PathOption): Promise<StrategyRegistry> {
  return registerOwnStrategies(defaultRegistry(), strategyPath);
}
