/**
 * Faults on demand. A script is a list of rules; each matches calls (HTTP requests to the venue), stream
 * messages or user events and says what goes wrong with them. Of each kind the first rule that matches and is
 * not used up is injected; of the kinds that decide a call's answer, only one.
 *
 * `match.method` is an HTTP method, `STREAM` (a market stream's message; `path` is its name, such as
 * `btcusdt@kline_1m`) or `USER` (a user event; `path` is its name, such as `executionReport`). `match.action`
 * says the same of a call in the words of no venue.
 */
import { z } from 'zod';
import { positiveDecimal } from '../core/decimal-strings.ts';
import { seededRandom } from './seeded-random.ts';

const fault = z.discriminatedUnion('kind', [
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
    /** In a JSON body; the defaults are the venue's own for an unknown error. */
    code: z.int().optional(),
    msg: z.string().optional(),
  }),
  /** 429 or 418 with Retry-After; not taken. */
  z.strictObject({
    kind: z.literal('rateLimit'),
    status: z.union([z.literal(429), z.literal(418)]),
    retryAfterSeconds: z.int().min(0).default(1),
  }),
  /** The venue finds the request's time outside its window (Binance: −1021); not taken. */
  z.strictObject({ kind: z.literal('clock') }),
  /**
   * The venue says that it does not know what became of the request: its engine gave no answer (Binance:
   * −1007), or an unexpected one (−1006). It may have been taken (`after`, the default) or not.
   */
  z.strictObject({
    kind: z.literal('outcomeUnknown'),
    why: z.enum(['timeout', 'unexpectedAnswer']).default('timeout'),
    when: z.enum(['before', 'after']).default('after'),
  }),
  /** A definite refusal (Binance: −2010, insufficient balance); not taken. */
  z.strictObject({ kind: z.literal('reject') }),
  /** From this call on, every call is answered with 503 for so long (wall clock), and streams are cut. */
  z.strictObject({ kind: z.literal('maintenance'), ms: z.int().min(1) }),
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
  /** Overtaken by the next message of its connection; sent alone where none comes within so long. */
  z.strictObject({ kind: z.literal('reorder'), withinMs: z.int().min(1).default(1_000) }),
]);

export type Fault = z.infer<typeof fault>;

/** What a call is about, for rules that hold at every venue. `read` asks about orders, trades or the account. */
export const venueAction = z.enum(['place', 'amend', 'cancel', 'read', 'market']);
export type VenueAction = z.infer<typeof venueAction>;

const ruleSchema = z.strictObject({
  match: z
    .strictObject({
      method: z.string().optional(),
      action: venueAction.optional(),
      /** Whole path or stream name; a last `*` matches any ending. */
      path: z.string().optional(),
      /** Of the order that the request is about; a last `*` matches any ending. */
      clientOrderId: z.string().optional(),
      /** From the nth match on, counted from 1. Default 1. */
      nth: z.int().min(1).default(1),
      /** So many times. Default 1; 0 is for ever. */
      times: z.int().min(0).default(1),
      /** Chance of each match, drawn from the script's seed. Default 1. */
      probability: z.number().min(0).max(1).default(1),
    })
    .prefault({}),
  fault,
});

/** A list of rules, or rules with a seed for their chances. */
export const faultScriptSchema = z.union([
  z.array(ruleSchema).transform((rules) => ({ seed: 1, rules })),
  z.strictObject({ seed: z.int().default(1), rules: z.array(ruleSchema) }),
]);

export type FaultRule = z.infer<typeof ruleSchema>;

/** What a call, stream message or user event offers to match on. */
export interface FaultOccasion {
  readonly method: string;
  readonly path: string;
  /** Calls only. */
  readonly action?: VenueAction;
  readonly clientOrderId?: string | undefined;
}

interface ActiveRule {
  readonly rule: FaultRule;
  seen: number;
  injected: number;
}

/** Kinds that decide what a call is answered, or whether: one of them is enough. */
const DECIDING: ReadonlySet<Fault['kind']> = new Set<Fault['kind']>([
  'dropRequest',
  'dropAnswer',
  'status',
  'rateLimit',
  'clock',
  'outcomeUnknown',
  'reject',
  'maintenance',
  'html',
]);

/** Kinds that have an order to work on only where the call is taken. */
const ON_ORDERS: ReadonlySet<Fault['kind']> = new Set<Fault['kind']>(['hideOrder', 'partialFill']);

/** The call is not taken. */
function keepsOut(fault: Fault): boolean {
  switch (fault.kind) {
    case 'dropRequest':
    case 'rateLimit':
    case 'clock':
    case 'reject':
    case 'maintenance':
      return true;
    case 'status':
    case 'outcomeUnknown':
      return fault.when === 'before';
    default:
      return false;
  }
}

/** What was injected so far. */
export interface FaultReport {
  /** The rules with how often each matched and was injected. */
  readonly rules: readonly (FaultRule & { readonly seen: number; readonly injected: number })[];
  /** By kind. */
  readonly injected: Readonly<Record<string, number>>;
  readonly total: number;
  /** Calls to the venue, and how many of them a fault was injected into. */
  readonly calls: { readonly all: number; readonly faulted: number };
}

export class Faults {
  #rules: ActiveRule[] = [];
  #random: () => number = seededRandom(1);
  readonly #injected = new Map<string, number>();
  readonly #calls = { all: 0, faulted: 0 };
  #maintenanceUntil = 0;
  readonly #onMaintenance: (() => void)[] = [];

  /** Adds rules behind those there are; the seed starts the chances anew. */
  add(script: z.infer<typeof faultScriptSchema>): void {
    this.#random = seededRandom(script.seed);
    this.#rules.push(...script.rules.map((rule) => ({ rule, seen: 0, injected: 0 })));
  }

  /** Forgets all rules, and ends a maintenance. */
  clear(): void {
    this.#rules = [];
    this.#maintenanceUntil = 0;
  }

  /** While it lasts the venue takes no connection either. */
  get inMaintenance(): boolean {
    return Date.now() < this.#maintenanceUntil;
  }

  /** Told when a maintenance begins. */
  onMaintenance(listener: () => void): void {
    this.#onMaintenance.push(listener);
  }

  /** The faults to inject into a call, which is counted. */
  takeForCall(occasion: FaultOccasion): Fault[] {
    this.#calls.all += 1;
    const taken = this.inMaintenance ? this.#maintained() : this.take(occasion);
    this.#calls.faulted += taken.length > 0 ? 1 : 0;
    const maintenance = taken.find((found) => found.kind === 'maintenance');
    if (maintenance !== undefined && !this.inMaintenance) {
      this.#maintenanceUntil = Date.now() + maintenance.ms;
      for (const listener of this.#onMaintenance) {
        listener();
      }
    }
    return taken;
  }

  /** The faults to inject on this occasion: of each kind the first rule that matches. */
  take(occasion: FaultOccasion): Fault[] {
    const taken = new Map<string, Fault>();
    let decided = false;
    let keptOut = false;
    for (const active of this.#rules) {
      const { match, fault } = active.rule;
      const decides = DECIDING.has(fault.kind);
      const idle = (decides && decided) || (keptOut && ON_ORDERS.has(fault.kind));
      if (!matches(match, occasion) || taken.has(fault.kind) || idle) {
        continue;
      }
      active.seen += 1;
      const usedUp = match.times > 0 && active.injected >= match.times;
      if (active.seen < match.nth || usedUp || this.#random() >= match.probability) {
        continue;
      }
      active.injected += 1;
      this.#count(fault.kind);
      taken.set(fault.kind, fault);
      decided ||= decides;
      keptOut ||= keepsOut(fault);
    }
    return [...taken.values()];
  }

  report(): FaultReport {
    return {
      rules: this.#rules.map(({ rule, seen, injected }) => ({ ...rule, seen, injected })),
      injected: Object.fromEntries(this.#injected),
      total: [...this.#injected.values()].reduce((sum, count) => sum + count, 0),
      calls: { ...this.#calls },
    };
  }

  #maintained(): Fault[] {
    this.#count('maintenance');
    return [{ kind: 'maintenance', ms: Math.max(1, this.#maintenanceUntil - Date.now()) }];
  }

  #count(kind: Fault['kind']): void {
    this.#injected.set(kind, (this.#injected.get(kind) ?? 0) + 1);
  }
}

function matches(match: FaultRule['match'], occasion: FaultOccasion): boolean {
  return (
    (match.method === undefined || match.method === occasion.method) &&
    (match.action === undefined || match.action === occasion.action) &&
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
