/** keel status */
import type { Command } from 'commander';
import { z } from 'zod';
import { pnlSchema, readySchema, strategySchema } from '../../api/schemas.ts';
import { CliError, EXIT } from '../api-client.ts';
import type { Session } from '../session.ts';
import { cents, table } from '../tables.ts';

export function addStatusCommand(program: Command, session: Session): void {
  program
    .command('status')
    .description('servers, strategies and P&L at a glance; exit code 6 where a server is away')
    .action(async () => {
      const api = session.api();
      const ready = await api.get('/ready', readySchema);
      if (!ready.ready) {
        const away = Object.entries(ready.checks).filter(([, { ok }]) => !ok);
        throw new CliError(
          EXIT.unavailable,
          'UNAVAILABLE',
          away.map(([name, { detail }]) => `${name} is away: ${detail}`).join('; '),
        );
      }
      const [{ strategies }, pnl] = await Promise.all([
        api.get('/strategies', z.object({ strategies: z.array(strategySchema) })),
        api.get('/pnl', pnlSchema),
      ]);
      const marks = new Map(pnl.strategies.map((row) => [row.strategyId, row]));
      session.print({ url: api.url, ready, strategies, pnl }, () =>
        [
          `${api.url}: ${Object.keys(ready.checks).join(', ')} answer`,
          table(
            ['strategy', 'type', 'status', 'equity', 'realised', 'unrealised'],
            strategies.map(({ id, type, status }) => {
              const mark = marks.get(id);
              return [
                id,
                type,
                status,
                mark === undefined ? null : cents(mark.equity),
                mark === undefined ? null : cents(mark.realisedPnl),
                mark === undefined ? null : cents(mark.unrealisedPnl),
              ];
            }),
          ),
          `total equity ${cents(pnl.total.equity)}, realised ${cents(pnl.total.realisedPnl)}, unrealised ${cents(pnl.total.unrealisedPnl)}`,
        ].join('\n\n'),
      );
    });
}
