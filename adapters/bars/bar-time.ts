/** Times as files of bars write them. */

/** How a file writes its times. */
export type TimeUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'dates';

/** Smallest number of a unit, and the first too large for it: from March 1973 to November 5138 they do not overlap. */
const NUMBERS = {
  seconds: [1e8, 1e11],
  milliseconds: [1e11, 1e14],
  microseconds: [1e14, 1e17],
} as const satisfies Partial<Record<TimeUnit, readonly [number, number]>>;

/** The unit of a number that is a time, by its size; undefined for one that is none. */
export function unitOf(value: number): keyof typeof NUMBERS | undefined {
  for (const unit of ['milliseconds', 'seconds', 'microseconds'] as const) {
    const [from, to] = NUMBERS[unit];
    if (value >= from && value < to) return unit;
  }
  return undefined;
}

/** Milliseconds of a number in that unit. Not whole where the number is not. */
export function milliseconds(value: number, unit: keyof typeof NUMBERS): number {
  if (unit === 'milliseconds') return value;
  return unit === 'seconds' ? value * 1000 : value / 1000;
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?$/;

/**
 * An ISO date or time as ms UTC: `2024-12-01`, `2024-12-01 00:05:00`, `2024-12-01T00:05:00+01:00`. Without a
 * zone it is UTC. NaN for anything else, a 31st of February too.
 */
export function parseIsoTime(text: string): number {
  const match = DATE.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const at = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  const valid =
    new Date(at).getUTCDate() === Number(day) &&
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60 &&
    !/[1-9]/.test(fraction.slice(3));
  return valid ? at - offsetMs(zone) : Number.NaN;
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'UTC') return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3));
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}
