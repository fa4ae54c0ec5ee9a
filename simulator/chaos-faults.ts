/**
 * The fault preset `chaos`: everything a venue does to its users at its worst, drawn from a seed. Written in
 * the words of no venue, so that it serves all of them.
 */
import { z } from 'zod';
import type { faultScriptSchema, Fault, FaultRule, VenueAction } from './faults.ts';

export const chaosOptionsSchema = z.strictObject({
  seed: z.int(),
  /** The share of calls that a fault decides: 0 to 0.9. */
  intensity: z.number().min(0).max(0.9),
});
export type ChaosOptions = z.infer<typeof chaosOptionsSchema>;

interface Weighted {
  readonly weight: number;
  readonly fault: Fault;
}

/**
 * An order may be missing from all reads for so long. Below what the adapters allow a venue
 * (`visibilityLagMs`): one that hides an order for longer breaks its word, and nobody can be right then.
 */
const HIDDEN_MS = 2_000;

/** Lost on the way, or refused unread. */
const UNREAD: readonly Weighted[] = [
  { weight: 4, fault: { kind: 'dropRequest' } },
  { weight: 3, fault: { kind: 'status', status: 502, when: 'before', body: 'html' } },
  { weight: 3, fault: { kind: 'status', status: 503, when: 'before', body: 'html' } },
  { weight: 2, fault: { kind: 'rateLimit', status: 429, retryAfterSeconds: 1 } },
  { weight: 0.2, fault: { kind: 'rateLimit', status: 418, retryAfterSeconds: 2 } },
  { weight: 2, fault: { kind: 'clock' } },
  { weight: 0.15, fault: { kind: 'maintenance', ms: 2_000 } },
];

/** Taken, but whoever asked is not told so. */
const UNTOLD: readonly Weighted[] = [
  { weight: 5, fault: { kind: 'dropAnswer', how: 'cut' } },
  { weight: 0.5, fault: { kind: 'dropAnswer', how: 'hang' } },
  { weight: 2, fault: { kind: 'status', status: 502, when: 'after', body: 'html' } },
  { weight: 2, fault: { kind: 'status', status: 504, when: 'after', body: 'html' } },
  { weight: 2, fault: { kind: 'status', status: 503, when: 'after', body: 'json' } },
  { weight: 2, fault: { kind: 'outcomeUnknown', why: 'timeout', when: 'after' } },
  { weight: 2, fault: { kind: 'outcomeUnknown', why: 'unexpectedAnswer', when: 'after' } },
  { weight: 3, fault: { kind: 'html' } },
];

/** Only orders and cancels have an outcome to be unsure of. */
const UNKNOWN_UNREAD: readonly Weighted[] = [
  { weight: 1, fault: { kind: 'outcomeUnknown', why: 'timeout', when: 'before' } },
  { weight: 1, fault: { kind: 'outcomeUnknown', why: 'unexpectedAnswer', when: 'before' } },
];

const REFUSED: readonly Weighted[] = [{ weight: 1.5, fault: { kind: 'reject' } }];

const DECIDING: Readonly<Record<VenueAction, readonly Weighted[]>> = {
  place: [...UNREAD, ...UNTOLD, ...UNKNOWN_UNREAD, ...REFUSED],
  amend: [...UNREAD, ...UNTOLD, ...UNKNOWN_UNREAD],
  cancel: [...UNREAD, ...UNTOLD, ...UNKNOWN_UNREAD],
  read: [...UNREAD, ...UNTOLD],
  market: [...UNREAD, ...UNTOLD],
};

/** What befalls an order besides, by chance of each placing. Quantities are small against any order's. */
const SPOILING: readonly Weighted[] = [
  { weight: 0.15, fault: { kind: 'hideOrder', ms: HIDDEN_MS } },
  { weight: 0.15, fault: { kind: 'partialFill', quantities: ['0.0001', '0.0001'], rest: 'fill' } },
  { weight: 0.05, fault: { kind: 'partialFill', quantities: ['0.0001'], rest: 'leave' } },
  { weight: 0.1, fault: { kind: 'delay', ms: 300, when: 'after' } },
];

/** By chance of each message. */
const USER_EVENTS: readonly Weighted[] = [
  { weight: 0.1, fault: { kind: 'duplicate', copies: 1 } },
  { weight: 0.1, fault: { kind: 'late', ms: 1_500 } },
  { weight: 0.1, fault: { kind: 'reorder', withinMs: 1_000 } },
  { weight: 0.1, fault: { kind: 'dropMessage' } },
  { weight: 0.02, fault: { kind: 'malformed', text: '{"e":"executionReport","E":17' } },
  { weight: 0.02, fault: { kind: 'cutStream' } },
];
const MARKET_MESSAGES: readonly Weighted[] = [
  { weight: 0.01, fault: { kind: 'dropMessage' } },
  { weight: 0.01, fault: { kind: 'malformed', text: '{"e":"kline","E":17' } },
  { weight: 0.005, fault: { kind: 'cutStream' } },
];

/** The script that has a fault decide `intensity` of all calls. */
export function chaosFaults({ seed, intensity }: ChaosOptions): z.output<typeof faultScriptSchema> {
  return {
    seed,
    rules: [
      ...Object.entries(DECIDING).flatMap(([action, faults]) =>
        sharing(intensity, action as VenueAction, faults),
      ),
      ...SPOILING.map(({ weight, fault }) => always({ action: 'place' }, weight, fault)),
      ...USER_EVENTS.map(({ weight, fault }) => always({ method: 'USER' }, weight, fault)),
      ...MARKET_MESSAGES.map(({ weight, fault }) => always({ method: 'STREAM' }, weight, fault)),
    ],
  };
}

/** One of the faults for `share` of an action's calls. A rule is asked only where none before it was injected. */
function sharing(share: number, action: VenueAction, faults: readonly Weighted[]): FaultRule[] {
  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  let left = 1;
  return faults.map(({ weight, fault }) => {
    const part = (share * weight) / total;
    const probability = part / left;
    left -= part;
    return always({ action }, probability, fault);
  });
}

function always(match: Partial<FaultRule['match']>, probability: number, fault: Fault): FaultRule {
  return { match: { nth: 1, times: 0, probability, ...match }, fault };
}
