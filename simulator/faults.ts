/**
 * Faults on demand. A script is a list of rules; each matches HTTP requests, stream messages or user events
 * and says what goes wrong with them. The first rule that matches and is not used up is injected.
 *
 * `match.method` is an HTTP method, `STREAM` (a market stream's message; `path` is its name, such as
 * `btcusdt@kline_1m`) or `USER` (a user event; `path` is `executionReport` or `outboundAccountPosition`).
 */
import { z } from 'zod';
import { positiveDecimal } from '../core/money.ts';

const httpFault = z.discriminatedUnion('kind', [
  /** Not taken; the socket is cut. */
  z.strictObject({ kind: z.literal('dropRequest') }),
  /** Taken; the answer never comes: the socket is cut, or hangs until the client gives up. */
  z.strictObject({ kind: z.literal('dropAnswer'), how: z.enum(['cut', 'hang']).default('cut') }),
  /** Another status, before the request is taken or after. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    when: z.enum(['before', 'after']),
    body: z.enum(['html', 'json']).default('html'),
    /** The venue's own code and message in a JSON body; default −1000. */
    code: z.int().default(-1000),
    msg: z.string().default('An unknown error occurred while processing the request.'),
  }),
  /** 429 or 418 with Retry-After; not taken. */
  z.strictObject({
    kind: z.literal('rateLimit'),
    status: z.union([z.literal(429), z.literal(418)]),
    retryAfterSeconds: z.int().min(0).default(1),
  }),
  /** −1021; not taken. */
  z.strictObject({ kind: z.literal('clock') }),
  /** −1007, execution status unknown; taken. */
  z.strictObject({ kind: z.literal('engineTimeout') }),
  /** 200 with an HTML page; taken. */
  z.strictObject({ kind: z.literal('html') }),
  /** Waits before the request is looked at, or after it is taken. */
  z.strictObject({
    kind: z.literal('delay'),
    ms: z.int().min(0),
    when: z.enum(['before', 'after']),
  }),
  /** The order fills in these pieces: one a chance; all at once for MARKET and IOC. */
  z.strictObject({
    kind: z.literal('partialFill'),
    quantities: z.array(positiveDecimal).min(1),
    rest: z.enum(['fill', 'leave']).default('fill'),
  }),
  /** The order is taken, but missing from all reads for so long (wall clock). */
  z.strictObject({ kind: z.literal('hideOrder'), ms: z.int().min(0) }),
  // The rest is for STREAM and USER.
  /** The connection is cut instead. */
  z.strictObject({ kind: z.literal('cutStream') }),
  /** A frame that is no JSON is sent instead. */
  z.strictObject({ kind: z.literal('malformed'), text: z.string().default('{"e":"kline","E":17') }),
  z.strictObject({ kind: z.literal('dropMessage') }),
  z.strictObject({ kind: z.literal('duplicate'), copies: z.int().min(1).default(1) }),
  z.strictObject({ kind: z.literal('late'), ms: z.int().min(0) }),
]);

export type Fault = z.infer<typeof httpFault>;

const ruleSchema = z.strictObject({
  match: z
    .strictObject({
      method: z.string().optional(),
      /** Whole path or stream name; a last `*` matches any ending. */
      path: z.string().optional(),
      /** `newClientOrderId` or `origClientOrderId` of the request; a last `*` matches any ending. */
      clientOrderId: z.string().optional(),
      /** From the nth match on, counted from 1. Default 1. */
      nth: z.int().min(1).default(1),
      /** So many times. Default 1; 0 is for ever. */
      times: z.int().min(0).default(1),
      /** Chance of each match, drawn from the script's seed. Default 1. */
      probability: z.number().min(0).max(1).default(1),
    })
    .prefault({}),
  fault: httpFault,
});

/** A list of rules, or rules with a seed for their chances. */
export const faultScriptSchema = z.union([
  z.array(ruleSchema).transform((rules) => ({ seed: 1, rules })),
  z.strictObject({ seed: z.int().default(1), rules: z.array(ruleSchema) }),
]);

export type FaultRule = z.infer<typeof ruleSchema>;

/** What a request, stream message or user event offers to match on. */
export interface FaultOccasion {
  readonly method: string;
  readonly path: string;
  readonly clientOrderId?: string | undefined;
}

interface ActiveRule {
  readonly rule: FaultRule;
  seen: number;
  injected: number;
}

export class Faults {
  #rules: ActiveRule[] = [];
  #random: () => number = seededRandom(1);
  readonly #injected = new Map<string, number>();

  /** Adds rules behind those there are; the seed starts the chances anew. */
  add(script: z.infer<typeof faultScriptSchema>): void {
    this.#random = seededRandom(script.seed);
    this.#rules.push(...script.rules.map((rule) => ({ rule, seen: 0, injected: 0 })));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The faults to inject on this occasion: of each kind the first rule that matches. */
  take(occasion: FaultOccasion): Fault[] {
    const taken = new Map<string, Fault>();
    for (const active of this.#rules) {
      const { match, fault } = active.rule;
      if (!matches(match, occasion) || taken.has(fault.kind)) {
        continue;
      }
      active.seen += 1;
      const usedUp = match.times > 0 && active.injected >= match.times;
      if (active.seen < match.nth || usedUp || this.#random() >= match.probability) {
        continue;
      }
      active.injected += 1;
      this.#injected.set(fault.kind, (this.#injected.get(fault.kind) ?? 0) + 1);
      taken.set(fault.kind, fault);
    }
    return [...taken.values()];
  }

  /** The rules with how often each matched and was injected, and all injections by kind. */
  report(): object {
    return {
      rules: this.#rules.map(({ rule, seen, injected }) => ({ ...rule, seen, injected })),
      injected: Object.fromEntries(this.#injected),
      total: [...this.#injected.values()].reduce((sum, count) => sum + count, 0),
    };
  }
}

function matches(match: FaultRule['match'], occasion: FaultOccasion): boolean {
  return (
    (match.method === undefined || match.method === occasion.method) &&
    fits(match.path, occasion.path) &&
    fits(match.clientOrderId, occasion.clientOrderId)
  );
}

function fits(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) {
    return true;
  }
  return pattern.endsWith('*')
    ? (text?.startsWith(pattern.slice(0, -1)) ?? false)
    : text === pattern;
}

/** mulberry32: small, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
