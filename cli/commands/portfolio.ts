/** keel positions, balances, pnl, close */
import type { Command } from 'commander';
import { z } from 'zod';
import {
  balanceSchema,
  closeAnswerSchema,
  pnlSchema,
  positionRecordSchema,
} from '../../api/schemas.ts';
import type { Session } from '../session.ts';
import { cents, table, time } from '../tables.ts';

export function addPortfolioCommands(program: Command, session: Session): void {
  program
    .command('positions')
    .description('what each strategy holds')
    .option('--strategy <id>', 'only of this strategy')
    .action(async ({ strategy }: { strategy?: string }) => {
      const query = strategy === undefined ? '' : `?strategyId=${encodeURIComponent(strategy)}`;
      const schema = z.object({ positions: z.array(positionRecordSchema) });
      session.print(await session.api().get(`/positions${query}`, schema), ({ positions }) =>
        table(
          ['strategy', 'symbol', 'quantity', 'cost', 'realised'],
          positions.map((row) => [
            row.strategyId,
            row.symbol,
            row.quantity,
            cents(row.cost),
            cents(row.realisedPnl),
          ]),
        ),
      );
    });

  program
    .command('balances')
    .description('what each account holds')
    .action(async () => {
      const schema = z.object({ balances: z.array(balanceSchema) });
      session.print(await session.api().get('/balances', schema), ({ balances }) =>
        table(
          ['account', 'asset', 'total', 'reserved'],
          balances.map((row) => [row.accountId, row.asset, row.total, row.reserved]),
        ),
      );
    });

  program
    .command('pnl')
    .description('equity and P&L by strategy')
    .action(async () => {
      session.print(await session.api().get('/pnl', pnlSchema), ({ strategies, total }) =>
        table(
          ['strategy', 'marked (UTC)', 'equity', 'realised', 'unrealised', 'trades'],
          [
            ...strategies.map((row) => [
              row.strategyId,
              time(row.at),
              cents(row.equity),
              cents(row.realisedPnl),
              cents(row.unrealisedPnl),
              row.trades,
            ]),
            [
              'total',
              '',
              cents(total.equity),
              cents(total.realisedPnl),
              cents(total.unrealisedPnl),
              null,
            ],
          ],
        ),
      );
    });

  program
    .command('close')
    .description("close a strategy's position at the market")
    .argument('<strategy>', 'strategy id')
    .argument('<symbol>', 'such as BTC/USDT')
    .option('--request-id <uuid>', 'to repeat a request safely')
    .action(async (strategyId: string, symbol: string, { requestId }: { requestId?: string }) => {
      const answer = await session
        .api()
        .post('/positions/close', { strategyId, symbol, requestId }, closeAnswerSchema);
      session.print(
        answer,
        ({ signalId, workflowUrl }) => `closing: order ${signalId}\n${workflowUrl}`,
      );
    });
}
