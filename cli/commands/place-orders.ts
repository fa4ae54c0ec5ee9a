/** keel buy, sell: an order of a person's in the name of a strategy */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { newOrderAnswerSchema } from '../../api/new-order-schema.ts';
import type { ExecutionPlanInput } from '../../core/execution/plan.ts';
import { type TimeInForce, timeInForce } from '../../core/signal.ts';
import { CliError, EXIT } from '../api-client.ts';
import type { Session } from '../session.ts';

interface PlaceOptions {
  readonly limit?: string;
  readonly stop?: string;
  readonly timeInForce?: TimeInForce;
  readonly twap?: number;
  readonly slices: number;
  readonly jitter?: number;
  readonly catchUp?: 'spread' | 'burst' | 'skip';
  readonly iceberg?: string;
  readonly chase?: string;
  readonly attempts: number;
  readonly repriceAfter: number;
  readonly bestVenue?: readonly string[];
  readonly split?: readonly string[];
  readonly timeout?: number;
  readonly validFor?: number;
  readonly requestId?: string;
}

const SECOND_MS = 1_000;

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`"${text}" is not a number`);
}

const inMs = (seconds: number): number => Math.round(seconds * SECOND_MS);
const accounts = (text: string): readonly string[] => text.split(',');

/** The plan that the flags name; the API judges its numbers. */
function planOf(options: PlaceOptions): ExecutionPlanInput | undefined {
  const { twap, slices, jitter, catchUp, iceberg, chase, attempts, repriceAfter } = options;
  const { bestVenue, split } = options;
  const plans: ExecutionPlanInput[] = [
    ...(twap === undefined
      ? []
      : [{ kind: 'twap' as const, durationMs: inMs(twap), slices, jitter, catchUp }]),
    ...(iceberg === undefined ? [] : [{ kind: 'iceberg' as const, displayQuantity: iceberg }]),
    ...(chase === undefined
      ? []
      : [
          {
            kind: 'chase' as const,
            maxAttempts: attempts,
            repriceAfterMs: inMs(repriceAfter),
            priceLimit: chase,
          },
        ]),
    ...(bestVenue === undefined ? [] : [{ kind: 'best-venue' as const, accounts: bestVenue }]),
    ...(split === undefined ? [] : [{ kind: 'split' as const, accounts: split }]),
  ];
  if (plans.length <= 1) return plans[0];
  throw new CliError(
    EXIT.usage,
    'USAGE',
    `an order is worked by one plan; given are ${plans.map(({ kind }) => kind).join(' and ')}`,
  );
}

export function addPlaceCommands(program: Command, session: Session): void {
  for (const side of ['buy', 'sell'] as const) {
    program
      .command(side)
      .description(`${side} in the name of a strategy, at the market unless a price is given`)
      .argument('<strategy>', 'strategy id')
      .argument('<quantity>', 'base')
      .argument('<symbol>', 'such as BTC/USDT')
      .option('--limit <quote>', 'a limit order at this price')
      .option(
        '--stop <quote>',
        'a stop order: at market once the price is reached; with --limit a stop-limit',
      )
      .addOption(
        new Option('--time-in-force <rule>', 'of a limit order; gtc unless given').choices(
          timeInForce.options,
        ),
      )
      .option('--twap <seconds>', 'in equal slices over so long', number)
      .option('--slices <n>', 'of a TWAP', number, 10)
      .option('--jitter <fraction>', 'of its slot by which a slice may be late', number)
      .option('--catch-up <rule>', 'of a TWAP after an outage: spread, burst or skip')
      .option('--iceberg <base>', 'shows so much at a time (with --limit)')
      .option('--chase <quote>', 'goes after the market up to this price (with --limit)')
      .option('--attempts <n>', 'of a chase, the first included', number, 5)
      .option('--reprice-after <seconds>', 'of a chase: how long an attempt may rest', number, 10)
      .option('--best-venue <accounts>', 'where it is filled best of: a,b', accounts)
      .option('--split <accounts>', 'shared among: a,b', accounts)
      .option('--timeout <seconds>', 'market time it may rest', number)
      .option('--valid-for <seconds>', 'market time in which it may be sent', number)
      .option('--request-id <uuid>', 'to repeat a request safely')
      .action(
        async (strategyId: string, quantity: string, symbol: string, options: PlaceOptions) => {
          const { limit, stop, timeout, validFor, requestId } = options;
          const answer = await session.api().post(
            '/orders',
            {
              ...{ strategyId, symbol, side, quantity, requestId },
              ...{ limitPrice: limit, stopPrice: stop, execution: planOf(options) },
              timeInForce: options.timeInForce,
              timeoutMs: timeout === undefined ? undefined : inMs(timeout),
              validForMs: validFor === undefined ? undefined : inMs(validFor),
            },
            newOrderAnswerSchema,
          );
          session.print(
            answer,
            ({ orderId, workflowUrl }) =>
              `placed: order ${orderId}; \`keel order ${orderId}\` tells what came of it\n${workflowUrl}`,
          );
        },
      );
  }
}
