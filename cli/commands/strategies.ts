/** keel strategies, create, start, stop, pause, resume */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { strategySchema, type StrategyBody } from '../../api/schemas.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface CreateOptions {
  readonly id?: string;
  readonly name?: string;
  readonly account: string;
  readonly allocation: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly maxPosition?: string;
  readonly maxOrderNotional?: string;
  readonly maxOrdersPerDay?: number;
  readonly onFailure: 'stop' | 'flatten' | 'restart';
  readonly maxRestarts: number;
  readonly approvalNotional?: string;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new InvalidArgumentError('expected a JSON object, such as \'{"fast":10,"slow":30}\'');
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of 1 or more');
  return value;
}

function told(strategy: StrategyBody): string {
  const reason = strategy.statusReason === null ? '' : ` (${strategy.statusReason})`;
  return `${strategy.id} is ${strategy.status}${reason}\n${strategy.workflowUrl}`;
}

export function addStrategyCommands(program: Command, session: Session): void {
  program
    .command('strategies')
    .description('list the strategies')
    .action(async () => {
      const answer = await session
        .api()
        .get('/strategies', z.object({ strategies: z.array(strategySchema) }));
      session.print(answer, ({ strategies }) =>
        table(
          ['id', 'type', 'account', 'status', 'allocation', 'reason'],
          strategies.map(({ id, type, accountId, status, quota, statusReason }) => [
            id,
            type,
            accountId,
            status,
            quota.allocation,
            statusReason,
          ]),
        ),
      );
    });

  program
    .command('create')
    .description('create a strategy; `keel start` starts it')
    .argument('<type>', 'template, such as sma-cross')
    .requiredOption('--account <id>', 'account it trades on')
    .requiredOption('--allocation <quote>', 'quote it may work with')
    .option('--id <id>', 'lower-case letters, digits and dashes; made from the type where absent')
    .option('--name <name>', 'for people')
    .option('--config <json>', "the template's settings", jsonObject, {})
    .option('--max-position <base>', 'largest position per symbol')
    .option('--max-order-notional <quote>', 'largest single order')
    .option('--max-orders-per-day <n>', 'orders a trading day', wholeNumber)
    .addOption(
      new Option('--on-failure <what>', 'what becomes of it when its own code fails')
        .choices(['stop', 'flatten', 'restart'])
        .default('stop'),
    )
    .option('--max-restarts <n>', 'of a run, with --on-failure restart', wholeNumber, 3)
    .option('--approval-notional <quote>', 'an order worth more waits for a person')
    .action(async (type: string, options: CreateOptions) => {
      const { id, name, account: accountId, config, allocation } = options;
      const body = {
        id,
        name,
        type,
        accountId,
        config,
        quota: {
          allocation,
          maxPosition: options.maxPosition,
          maxOrderNotional: options.maxOrderNotional,
          maxOrdersPerDay: options.maxOrdersPerDay,
          approvalNotional: options.approvalNotional,
        },
        failurePolicy:
          options.onFailure === 'restart'
            ? { onFailure: 'restart', maxRestarts: options.maxRestarts }
            : { onFailure: options.onFailure },
      };
      session.print(await session.api().post('/strategies', body, strategySchema), told);
    });

  const path = (id: string, verb: string): string =>
    `/strategies/${encodeURIComponent(id)}/${verb}`;

  program
    .command('start')
    .description('start a new run of a strategy')
    .argument('<id>', 'strategy id')
    .action(async (id: string) => {
      session.print(await session.api().post(path(id, 'start'), {}, strategySchema), told);
    });

  program
    .command('stop')
    .description('stop a strategy: its orders are cancelled, its positions stay')
    .argument('<id>', 'strategy id')
    .option('--flatten', 'close its positions too')
    .option('--reason <text>', 'for the record')
    .action(async (id: string, body: { flatten?: true; reason?: string }) => {
      session.print(await session.api().post(path(id, 'stop'), body, strategySchema), told);
    });

  for (const [verb, description] of [
    ['pause', 'let a strategy open nothing more; it still closes'],
    ['resume', 'let a paused strategy open positions again'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .argument('<id>', 'strategy id')
      .option('--reason <text>', 'for the record')
      .action(async (id: string, body: { reason?: string }) => {
        session.print(await session.api().post(path(id, verb), body, strategySchema), told);
      });
  }
}
