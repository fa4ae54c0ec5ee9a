/** keel orders, order, amend, cancel, approve, reject */
import type { Command } from 'commander';
import {
  amendAnswerSchema,
  orderDetailSchema,
  orderPageSchema,
  orderSchema,
} from '../../api/schemas.ts';
import { moreOf, pagedCommand, type PageOptions, queryOf } from '../paging.ts';
import type { Session } from '../session.ts';
import { table, time } from '../tables.ts';

interface ListOptions extends PageOptions {
  readonly strategy?: string;
  readonly status?: string;
  readonly symbol?: string;
  readonly open?: true;
}

export function addOrderCommands(program: Command, session: Session): void {
  pagedCommand(program.command('orders'))
    .description('list orders, newest first')
    .option('--strategy <id>', 'only of this strategy')
    .option('--status <status>', 'only in this status, such as filled')
    .option('--symbol <symbol>', 'only of this symbol, such as BTC/USDT')
    .option('--open', 'only those that are not final')
    .action(async (options: ListOptions, command: Command) => {
      const { strategy, status, symbol, open, limit, after } = options;
      const query = queryOf({
        ...{ strategyId: strategy, status, symbol, open: open && 'true', limit, after },
      });
      const page = await session.api().get(`/orders${query}`, orderPageSchema);
      session.print(page, ({ orders, next }) => {
        const rows = orders.map((order) => [
          order.orderId,
          time(order.eventTime),
          order.strategyId,
          order.symbol,
          order.side,
          order.quantity,
          order.filledQuantity,
          order.averagePrice,
          order.status,
          order.reasonCode ?? order.tag,
        ]);
        return (
          table(
            [
              'order',
              'time (UTC)',
              'strategy',
              'symbol',
              'side',
              'quantity',
              'filled',
              'price',
              'status',
              'why',
            ],
            rows,
          ) + moreOf(command, next)
        );
      });
    });

  program
    .command('order')
    .description('one order: its events, its fills, its workflow')
    .argument('<id>', 'order id')
    .action(async (id: string) => {
      const detail = await session
        .api()
        .get(`/orders/${encodeURIComponent(id)}`, orderDetailSchema);
      session.print(detail, ({ order, events, fills, workflowUrl }) =>
        [
          `${order.orderId}: ${order.side} ${order.quantity} ${order.symbol}, ${order.status}` +
            (order.reason === null ? '' : ` (${order.reasonCode ?? ''}: ${order.reason})`),
          ...(order.approval === undefined
            ? []
            : [
                `${order.approval.verdict} by ${order.approval.by} at ${time(order.approval.at)}` +
                  (order.approval.note === null ? '' : `: ${order.approval.note}`),
              ]),
          table(
            ['version', 'status', 'at (UTC)'],
            events.map(({ version, status, at }) => [version, status, time(at)]),
          ),
          table(
            ['trade', 'price', 'quantity', 'fee', 'asset', 'at (UTC)'],
            fills.map((fill) => [
              fill.venueTradeId,
              fill.price,
              fill.quantity,
              fill.feeAmount,
              fill.feeAsset,
              time(fill.executedAt),
            ]),
          ),
          workflowUrl,
        ].join('\n\n'),
      );
    });

  program
    .command('amend')
    .description('replace a resting limit order: its remainder is placed at new terms')
    .argument('<id>', 'order id')
    .option('--quantity <base>', 'the whole quantity, what is filled included')
    .option('--price <quote>', 'the limit price')
    .action(async (id: string, { quantity, price }: { quantity?: string; price?: string }) => {
      const answer = await session
        .api()
        .post(
          `/orders/${encodeURIComponent(id)}/amend`,
          { quantity, limitPrice: price },
          amendAnswerSchema,
        );
      session.print(
        answer,
        ({ newOrderId, workflowUrl }) =>
          `${id} is being cancelled; what it leaves becomes order ${newOrderId}\n${workflowUrl}`,
      );
    });

  program
    .command('cancel')
    .description('ask an order to cancel')
    .argument('<id>', 'order id')
    .action(async (id: string) => {
      const order = await session
        .api()
        .post(`/orders/${encodeURIComponent(id)}/cancel`, {}, orderSchema);
      session.print(
        order,
        ({ orderId }) =>
          `${orderId}: asked to cancel; \`keel order ${orderId}\` tells what came of it`,
      );
    });

  for (const verb of ['approve', 'reject'] as const) {
    program
      .command(verb)
      .description(`${verb} an order that waits for a person (role risk or admin)`)
      .argument('<id>', 'order id')
      .option('--note <text>', 'why, for the record')
      .action(async (id: string, { note }: { note?: string }) => {
        const path = `/orders/${encodeURIComponent(id)}/${verb}`;
        const order = await session.api().post(path, { note }, orderSchema);
        session.print(
          order,
          ({ orderId, reason, status }) =>
            `${orderId}: ${verb === 'approve' ? 'approved' : 'rejected'}; it is ${status}` +
            (reason === null ? '' : ` (${reason})`),
        );
      });
  }
}
