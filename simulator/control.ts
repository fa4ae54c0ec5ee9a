/**
 * `/sim/*`: the hand on the market. Everything here is ours and not the venue's.
 *
 * GET  /sim/state                   where the replay stands, connections, counts
 * POST /sim/start                   lets a paced replay run
 * POST /sim/advance {"bars": 1}     steps; answers {marketTime, done, bar}
 * GET  /sim/orders                  all orders, trades, balances and positions as the venue knows them
 * GET, POST, DELETE /sim/faults     what was injected; adds a script or a preset; forgets all rules
 * POST /sim/deleverage {"symbol": …, "quantity": …}   the venue closes so much of a perpetual by ADL
 * POST /sim/cut {"which": "all"}    cuts WebSocket connections: market, user or all
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { positiveDecimal } from '../core/decimal-strings.ts';
import { symbol as unifiedSymbol } from '../core/symbol.ts';
import { balanceRecord, orderRecord, tradeRecord } from './binance/order-shapes.ts';
import { chaosFaults, chaosOptionsSchema } from './chaos-faults.ts';
import { faultScriptSchema } from './faults.ts';
import type { MatchingEngine } from './matching.ts';
import type { Simulator, VenueBooks } from './options.ts';

/** A script, or `{"preset": "chaos", "seed": 7, "intensity": 0.3}`. */
const faultsSchema = z.union([
  faultScriptSchema,
  chaosOptionsSchema
    .extend({ preset: z.literal('chaos') })
    .transform(({ preset: _, ...options }) => chaosFaults(options)),
]);
const advanceSchema = z.strictObject({ bars: z.int().min(1).default(1) });
const deleverageSchema = z.strictObject({ symbol: unifiedSymbol, quantity: positiveDecimal });
const cutSchema = z.strictObject({ which: z.enum(['market', 'user', 'all']).default('all') });

/** Answers a `/sim/*` request; what is wrong with it is told in `{error}` with 400 or 404. */
export function serveControl(
  simulator: Simulator,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: string,
): void {
  let status = 200;
  let answer: unknown;
  try {
    const [path = ''] = (incoming.url ?? '').split('?', 1);
    answer = control(simulator, `${incoming.method ?? 'GET'} ${path}`, body);
  } catch (error) {
    if (!(error instanceof KeelError)) {
      throw error;
    }
    status = error.code === 'NOT_FOUND' ? 404 : 400;
    answer = { error: { code: error.code, message: error.message } };
  }
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'x-market-time': String(simulator.state().marketTime),
  });
  outgoing.end(JSON.stringify(answer));
}

const ENDPOINTS = [
  'GET /sim/state',
  'POST /sim/start',
  'POST /sim/advance',
  'GET /sim/orders',
  'GET, POST, DELETE /sim/faults',
  'POST /sim/deleverage',
  'POST /sim/cut',
];

function control(simulator: Simulator, what: string, body: string): unknown {
  switch (what) {
    case 'GET /sim/state':
      return simulator.state();
    case 'POST /sim/start':
      simulator.start();
      return simulator.state();
    case 'POST /sim/advance':
      return simulator.advance(parseBody(advanceSchema, body).bars);
    case 'GET /sim/orders':
      return simulator.orders();
    case 'GET /sim/faults':
      return simulator.faults.report();
    case 'POST /sim/faults':
      simulator.faults.add(parseBody(faultsSchema, body));
      return simulator.faults.report();
    case 'DELETE /sim/faults':
      simulator.faults.clear();
      return simulator.faults.report();
    case 'POST /sim/deleverage': {
      const { symbol, quantity } = parseBody(deleverageSchema, body);
      simulator.deleverage(symbol, quantity);
      return simulator.state();
    }
    case 'POST /sim/cut':
      return { cut: simulator.cutStreams(parseBody(cutSchema, body).which) };
    default:
      throw new KeelError(
        'NOT_FOUND',
        `${what} is no control endpoint; there are: ${ENDPOINTS.join(', ')}`,
      );
  }
}

function parseBody<T extends z.ZodType>(schema: T, body: string): z.output<T> {
  let json: unknown;
  try {
    json = body === '' ? {} : JSON.parse(body);
  } catch (cause) {
    throw new KeelError('INVALID_INPUT', `the body is no JSON: ${body.slice(0, 80)}`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new KeelError(
      'INVALID_INPUT',
      `the body breaks its schema: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data;
}

/** What the account holds and did. */
export function reconciliation(engine: MatchingEngine): VenueBooks {
  // Every digit, where a venue's records round: books are compared to the last one.
  return {
    orders: engine.orders().map((order) => ({
      ...orderRecord(order),
      executedQty: order.filled.toFixed(),
      cummulativeQuoteQty: order.filledQuote.toFixed(),
    })),
    trades: engine.trades().map((trade) => ({
      ...tradeRecord(trade),
      commission: trade.feeAmount.toFixed(),
      clientOrderId: trade.order.clientOrderId,
    })),
    balances: engine.balances.all().map((balance) => ({
      ...balanceRecord(balance),
      free: balance.free.toFixed(),
      locked: balance.locked.toFixed(),
    })),
    positions: engine.contracts
      .positions()
      .map(({ symbol, quantity, cost }) => ({ symbol, quantity, cost })),
  };
}
