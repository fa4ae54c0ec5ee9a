/** keel halts, halt, lift: the kill switch */
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import type { z } from 'zod';
import type { Halt } from '../../adapters/repositories.ts';
import { openDatabase } from '../../adapters/storage/database.ts';
import { createRepositories } from '../../adapters/storage/repositories.ts';
import { haltPageSchema, haltSchema, newHaltSchema, type HaltBody } from '../../api/schemas.ts';
import { loadConfig } from '../../config/load.ts';
import { KeelError } from '../../core/errors.ts';
import { moreOf, pagedCommand, type PageOptions, queryOf } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

interface HaltOptions {
  readonly all?: true;
  readonly strategy?: string;
  readonly exchange?: string;
  readonly symbol?: string;
  readonly reason: string;
  readonly flatten?: true;
  readonly direct?: true;
}

function requested(options: HaltOptions): z.infer<typeof newHaltSchema> {
  const { all, strategy, exchange, symbol, reason, flatten = false } = options;
  const scopes = Object.entries({ strategy, exchange, symbol }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const [only] = scopes;
  if (scopes.length + (all === true ? 1 : 0) !== 1) {
    throw new KeelError(
      'INVALID_INPUT',
      'say what to halt, once: --all, --strategy <id>, --exchange <name> or --symbol <symbol>',
    );
  }
  return newHaltSchema.parse({
    scope: only === undefined ? 'all' : only[0],
    target: only === undefined ? '' : only[1],
    reason,
    flatten,
  });
}

/** Writes the row itself: for when the API does not answer. */
async function setDirectly(halt: z.infer<typeof newHaltSchema>): Promise<Halt> {
  const config = loadConfig();
  const repositories = createRepositories(openDatabase(config.postgresUrl), {
    marketBuyBuffer: config.risk.marketBuyBuffer,
  });
  try {
    const setBy = `${userInfo().username} (direct)`;
    const set = await repositories.halts.set({ ...halt, setBy });
    await repositories.audit.write({
      actor: setBy,
      action: 'halt.set',
      target: String(set.id),
      detail: halt,
    });
    return set;
  } finally {
    await repositories.close();
  }
}

function standing({ liftedAt, cleanedAt }: HaltBody): string {
  if (liftedAt !== null) return 'lifted';
  return cleanedAt === null ? 'in force, cleaning up' : 'in force';
}

export function addHaltCommands(program: Command, session: Session): void {
  pagedCommand(program.command('halts'))
    .description('halts, newest first')
    .action(async ({ limit, after }: PageOptions, command: Command) => {
      const path = `/halts${queryOf({ limit, after })}`;
      session.print(
        await session.api().get(path, haltPageSchema),
        ({ halts, next }) =>
          table(
            ['id', 'covers', 'set (UTC)', 'by', 'reason', 'flatten', 'is', 'lifted by'],
            halts.map((halt) => [
              String(halt.id),
              `${halt.scope} ${halt.target}`.trim(),
              time(halt.setAt),
              halt.setBy,
              halt.reason,
              halt.flatten ? 'yes' : 'no',
              standing(halt),
              halt.liftedBy === null ? null : `${halt.liftedBy}: ${halt.liftReason ?? ''}`,
            ]),
          ) + moreOf(command, next),
      );
    });

  program
    .command('halt')
    .description('stop new orders at once, and cancel what is open')
    .option('--all', 'everything')
    .option('--strategy <id>', 'one strategy')
    .option('--exchange <name>', 'one exchange')
    .option('--symbol <symbol>', 'one symbol, such as BTC/USDT')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--flatten', 'close the positions it covers as well')
    .addOption(
      new Option(
        '--direct',
        'write it to PostgreSQL (postgresUrl of the configuration), past the API',
      ),
    )
    .action(async (options: HaltOptions) => {
      const halt = requested(options);
      const set =
        options.direct === true
          ? await setDirectly(halt)
          : await session.api().post('/halts', halt, haltSchema);
      session.print(set, ({ id, scope, target, flatten }) => {
        const covers = scope === 'all' ? 'everything' : `${scope} ${target}`;
        return (
          `halt ${String(id)} of ${covers} is in force: open orders are cancelled` +
          `${flatten ? ', positions closed' : ''}; only \`keel lift ${String(id)} --reason …\` ends it`
        );
      });
    });

  program
    .command('lift')
    .description('lift a halt: trading goes on')
    .argument('<id>', 'halt id')
    .requiredOption('--reason <text>', 'why it is safe to trade again')
    .action(async (id: string, { reason }: { reason: string }) => {
      const path = `/halts/${encodeURIComponent(id)}/resume`;
      session.print(
        await session.api().post(path, { reason }, haltSchema),
        (halt) => `halt ${String(halt.id)} is lifted by ${halt.liftedBy ?? ''}`,
      );
    });
}
