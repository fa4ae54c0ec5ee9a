/** keel guards, guard-set, guard-clear: the stops of positions */
import type { Command } from 'commander';
import { guardPageSchema, guardSchema, type GuardBody } from '../../api/schemas.ts';
import { moreOf, pagedCommand, type PageOptions, queryOf } from '../paging.ts';
import type { Session } from '../session.ts';
import { table } from '../tables.ts';

interface Stops {
  readonly stopLoss?: string;
  readonly takeProfit?: string;
  readonly trailing?: string;
}

function told({ strategyId, symbol, state, workflowUrl }: GuardBody): string {
  return `the guard of ${strategyId} in ${symbol} is ${state}\n${workflowUrl}`;
}

export function addGuardCommands(program: Command, session: Session): void {
  pagedCommand(program.command('guards'))
    .description('the stops of positions')
    .option('--all', 'those that have ended too')
    .action(async ({ all, limit, after }: PageOptions & { all?: true }, command: Command) => {
      const path = `/guards${queryOf({ live: String(all !== true), limit, after })}`;
      session.print(
        await session.api().get(path, guardPageSchema),
        ({ guards, next }) =>
          table(
            ['strategy', 'symbol', 'is', 'held', 'stop', 'take profit', 'order', 'why'],
            guards.map((guard) => [
              guard.strategyId,
              guard.symbol,
              guard.ending === null ? guard.state : `${guard.state}: ${guard.ending}`,
              guard.held,
              guard.stop,
              guard.takeProfit,
              guard.orderId,
              guard.reason,
            ]),
          ) + moreOf(command, next),
      );
    });

  program
    .command('guard-set')
    .description('set or replace the stops of a position that is held')
    .argument('<strategy>', 'strategy id')
    .argument('<symbol>', 'such as BTC/USDT')
    .option('--stop-loss <price>', 'in quote')
    .option('--take-profit <price>', 'in quote')
    .option('--trailing <fraction>', 'of the best price, such as 0.02')
    .action(async (strategyId: string, symbol: string, given: Stops) => {
      const { stopLoss, takeProfit, trailing } = given;
      const stops = {
        ...(stopLoss === undefined ? {} : { stopLoss: { price: stopLoss } }),
        ...(takeProfit === undefined ? {} : { takeProfit: { price: takeProfit } }),
        ...(trailing === undefined ? {} : { trailing: { fraction: trailing } }),
      };
      const body = { strategyId, symbol, stops };
      session.print(await session.api().post('/guards', body, guardSchema), told);
    });

  program
    .command('guard-clear')
    .description('take the stops of a position away')
    .argument('<strategy>', 'strategy id')
    .argument('<symbol>', 'such as BTC/USDT')
    .requiredOption('--reason <text>', 'for the record')
    .action(async (strategyId: string, symbol: string, { reason }: { reason: string }) => {
      const body = { strategyId, symbol, reason };
      session.print(await session.api().post('/guards/clear', body, guardSchema), told);
    });
}
