/** Ranges of time as people write them: `20240101-20240201` is January. */
import { KeelError } from './errors.ts';

/** From the first millisecond up to, not including, the last; ms UTC. Infinite where an end is open. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const RANGE = /^(\d{8}(?:T\d{4})?)?-(\d{8}(?:T\d{4})?)?$/;
const FORM =
  'write days as YYYYMMDD-YYYYMMDD, the second not included: 20240101-20240201 is January; minutes as 20240101T0930; either end may be left out';

/** Reads a range. Days begin at midnight UTC. Throws INVALID_INPUT with the form that is expected. */
export function parseTimeRange(text: string): TimeRange {
  const match = RANGE.exec(text);
  if (match === null || text === '-') throw invalid(text, FORM);
  const from = match[1] === undefined ? -Infinity : moment(match[1], text);
  const to = match[2] === undefined ? Infinity : moment(match[2], text);
  if (from >= to) throw invalid(text, `it ends before it begins; ${FORM}`);
  return { from, to };
}

/** An open end is left out, as it was read. */
export function formatTimeRange({ from, to }: TimeRange): string {
  return `${Number.isFinite(from) ? compact(from) : ''}-${Number.isFinite(to) ? compact(to) : ''}`;
}

/**
 * The range with its open ends closed by what there is. Throws INVALID_INPUT where the range asks for more than
 * there is: a result over fewer days than asked for would be taken for one over all.
 *
 * @param data open of the first bar and close of the last
 * @param what whose data it is, for the message
 */
export function rangeWithin(range: TimeRange, data: TimeRange, what: string): TimeRange {
  if (
    (Number.isFinite(range.from) && range.from < data.from) ||
    (Number.isFinite(range.to) && range.to > data.to)
  ) {
    throw new KeelError(
      'INVALID_INPUT',
      `the time range ${formatTimeRange(range)} is not within the data of ${what}, which is ${iso(data.from)} to ${iso(data.to)}; ` +
        'give a range inside it, or leave an end open to take what there is',
    );
  }
  const within = { from: Math.max(range.from, data.from), to: Math.min(range.to, data.to) };
  if (within.from < within.to) return within;
  throw new KeelError(
    'INVALID_INPUT',
    `the time range ${formatTimeRange(range)} holds no data of ${what}, which is ${iso(data.from)} to ${iso(data.to)}`,
  );
}

function moment(text: string, range: string): number {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].map(Number);
  const [hour, minute] = [text.slice(9, 11), text.slice(11, 13)].map(Number);
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute);
  // Date.UTC takes a 31st of February for the 2nd of March.
  if (!full(at).startsWith(text)) throw invalid(range, `${text} is no day or time; ${FORM}`);
  return at;
}

/** `20240101T0930` */
function full(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
}

/** A day without its midnight. */
function compact(at: number): string {
  return full(at).replace(/T0000$/, '');
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function invalid(text: string, why: string): KeelError {
  return new KeelError('INVALID_INPUT', `"${text}" is no time range: ${why}`);
}
