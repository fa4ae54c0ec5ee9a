/**
 * From rows as they were read to bars in order: each flaw is told, and what has one that makes it unusable is
 * left out. Whether the rest may be used is the report's `fit`.
 */
import { BAR_COLUMNS, type BarColumn } from '../../core/bar-series.ts';
import { interval as intervals, intervalMs, type Interval } from '../../core/time.ts';
import type { FlawList } from './bar-report.ts';
import type { BarRows } from './csv-rows.ts';
import { tellOutliers } from './outliers.ts';

export interface StatedInterval {
  readonly interval: string;
  /** Who says so, for people: `the name`, `--interval`. */
  readonly by: string;
}

export type BarColumns = Readonly<Record<BarColumn, Float64Array>>;

export interface CheckedBars {
  /** Null where the rows do not tell it; then the columns are empty. */
  readonly interval: Interval | null;
  /** Strictly ascending. */
  readonly columns: BarColumns;
  /** Bars missing between the first and the last. */
  readonly missing: number;
}

/** Checks rows and puts them in order. Flaws are told to `flaws`. */
export function checkBars(
  rows: BarRows,
  stated: StatedInterval | undefined,
  flaws: FlawList,
): CheckedBars {
  const sound = soundRows(rows, flaws);
  const ordered = inOrder(rows, sound, flaws);
  const distinct = withoutRepeats(rows, ordered, flaws);
  const interval = intervalOf(rows, distinct, stated, flaws);
  if (interval === null) {
    return { interval, columns: take(rows, new Uint32Array(0)), missing: 0 };
  }
  const length = intervalMs(interval);
  const onGrid = distinct.filter((index) => {
    const at = rows.openAt[index] ?? 0;
    if (at % length === 0) return true;
    flaws.add('off-grid', line(rows, index), Number.isInteger(at) ? at : null, () => {
      return `${String(at)} is ${String((at % length) / 1000)} s after the start of a ${interval} bar`;
    });
    return false;
  });
  const columns = take(rows, onGrid);
  const missing = tellGaps(rows, onGrid, length, flaws);
  tellQuiet(rows, onGrid, flaws);
  tellOutliers(columns, (index) => line(rows, onGrid[index] ?? 0), flaws);
  return { interval, columns, missing };
}

function line(rows: BarRows, index: number): number | null {
  return rows.row[index] ?? null;
}

function iso(at: number | undefined): string {
  return at === undefined ? '?' : new Date(at).toISOString();
}

/** Indices of the rows whose values can be those of a bar. */
function soundRows(rows: BarRows, flaws: FlawList): Uint32Array {
  const sound = new Uint32Array(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const open = rows.open[index] ?? 0;
    const high = rows.high[index] ?? 0;
    const low = rows.low[index] ?? 0;
    const close = rows.close[index] ?? 0;
    const volume = rows.volume[index] ?? 0;
    const good =
      low > 0 && low <= open && low <= close && high >= open && high >= close && volume >= 0;
    if (good && high < Infinity && volume < Infinity) {
      sound[count] = index;
      count += 1;
    } else tellValues(rows, index, { open, high, low, close }, volume, flaws);
  }
  return sound.subarray(0, count);
}

function tellValues(
  rows: BarRows,
  index: number,
  prices: Readonly<Record<'open' | 'high' | 'low' | 'close', number>>,
  volume: number,
  flaws: FlawList,
): void {
  const { open, high, low, close } = prices;
  const tell = (kind: Parameters<FlawList['add']>[0], text: () => string): void => {
    flaws.add(kind, line(rows, index), rows.openAt[index] ?? null, text);
  };
  const infinite = Object.entries({ ...prices, volume }).find(
    ([, value]) => !Number.isFinite(value),
  );
  const notPositive = Object.entries(prices).find(([, value]) => value <= 0);
  if (infinite !== undefined) {
    tell('non-finite', () => `${infinite[0]} is ${String(infinite[1])}`);
  } else if (notPositive !== undefined) {
    tell('not-positive', () => `${notPositive[0]} is ${String(notPositive[1])}`);
  } else if (volume < 0) tell('negative-volume', () => `volume is ${String(volume)}`);
  else if (high < low) tell('high-low', () => `high ${String(high)} is under low ${String(low)}`);
  else {
    tell(
      'outside-range',
      () =>
        `open ${String(open)} or close ${String(close)} is outside low ${String(low)} … high ${String(high)}`,
    );
  }
}

/** Oldest first. Rows all newest first are turned round; any other order is a flaw, told by row. */
function inOrder(rows: BarRows, sound: Uint32Array, flaws: FlawList): Uint32Array {
  let forward = 0;
  let back = 0;
  for (let index = 1; index < sound.length; index += 1) {
    const step = openAt(rows, sound, index) - openAt(rows, sound, index - 1);
    if (step > 0) forward += 1;
    else if (step < 0) back += 1;
  }
  if (back === 0) return sound;
  if (forward === 0) {
    flaws.add(
      'descending',
      line(rows, sound[0] ?? 0),
      openAt(rows, sound, 0),
      () => 'newest first',
    );
    return sound.toReversed();
  }
  // The rarer direction is what is out of order.
  const wrong = back <= forward ? -1 : 1;
  for (let index = 1; index < sound.length; index += 1) {
    const at = openAt(rows, sound, index);
    const before = openAt(rows, sound, index - 1);
    if (Math.sign(at - before) !== wrong) continue;
    flaws.add(
      'disorder',
      line(rows, sound[index] ?? 0),
      at,
      () =>
        `${iso(at)} comes after ${iso(before)}, most rows are ${wrong < 0 ? 'oldest' : 'newest'} first`,
    );
  }
  return sound.toSorted((a, b) => (rows.openAt[a] ?? 0) - (rows.openAt[b] ?? 0) || a - b);
}

function openAt(rows: BarRows, indices: Uint32Array, at: number): number {
  return rows.openAt[indices[at] ?? 0] ?? 0;
}

/** The first of several rows of one time stands. */
function withoutRepeats(rows: BarRows, ordered: Uint32Array, flaws: FlawList): Uint32Array {
  const kept = new Uint32Array(ordered.length);
  let count = 0;
  for (const index of ordered) {
    const before = kept[count - 1];
    const at = rows.openAt[index] ?? 0;
    if (count === 0 || before === undefined || rows.openAt[before] !== at) {
      kept[count] = index;
      count += 1;
      continue;
    }
    const differs = BAR_COLUMNS.find((column) => rows[column][index] !== rows[column][before]);
    const first = String(rows.row[before] ?? '?');
    if (differs === undefined) {
      flaws.add('duplicate', line(rows, index), at, () => `${iso(at)}, as row ${first}`);
    } else {
      flaws.add(
        'conflict',
        line(rows, index),
        at,
        () =>
          `${iso(at)}: ${differs} ${String(rows[differs][index])}, in row ${first} ${String(rows[differs][before])}`,
      );
    }
  }
  return kept.subarray(0, count);
}

/** What is stated, else the most common step; a step that contradicts what is stated is told as a wrong label. */
function intervalOf(
  rows: BarRows,
  indices: Uint32Array,
  stated: StatedInterval | undefined,
  flaws: FlawList,
): Interval | null {
  const step = commonStep(rows, indices);
  const found =
    step === null ? undefined : intervals.options.find((name) => intervalMs(name) === step);
  const known = intervals.options.join(', ');
  const said = intervals.safeParse(stated?.interval);
  if (stated !== undefined && step !== null && lengthOf(stated.interval) !== step) {
    flaws.add('label', null, null, () => {
      return `${stated.by} says ${stated.interval}, most bars are ${describeStep(step)} apart`;
    });
  }
  const interval = found ?? (said.success ? said.data : undefined);
  if (interval !== undefined) return interval;
  flaws.add('interval', null, null, () =>
    step === null
      ? 'fewer than two bars: say how long they are'
      : `most bars are ${describeStep(step)} apart, Keel knows ${known}`,
  );
  return null;
}

function commonStep(rows: BarRows, indices: Uint32Array): number | null {
  const counts = new Map<number, number>();
  for (let index = 1; index < indices.length; index += 1) {
    const step = openAt(rows, indices, index) - openAt(rows, indices, index - 1);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  let best: number | null = null;
  let most = 0;
  for (const [step, count] of counts) {
    // Of two as common the shorter one: the longer is a gap.
    if (count > most || (count === most && best !== null && step < best)) {
      best = step;
      most = count;
    }
  }
  return best;
}

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;

/** Milliseconds of `8h`; NaN for what is written in no way known here. */
function lengthOf(text: string): number {
  const [, count, unit] = /^(\d+)([dhm])$/.exec(text) ?? [];
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

function describeStep(ms: number): string {
  for (const [unit, length] of Object.entries(UNITS)) {
    if (ms % length === 0) return `${String(ms / length)}${unit}`;
  }
  return `${String(ms / 1000)} s`;
}

function take(rows: BarRows, indices: Uint32Array): BarColumns {
  // Mostly all rows stand as they are: then nothing is copied.
  const whole = indices.length === rows.length && indices.every((index, at) => index === at);
  const column = (name: BarColumn): Float64Array => {
    const from = rows[name];
    return whole ? from : Float64Array.from(indices, (index) => from[index] ?? 0);
  };
  return {
    ...{ openAt: column('openAt'), open: column('open'), high: column('high') },
    ...{ low: column('low'), close: column('close'), volume: column('volume') },
  };
}

/** Returns how many bars are missing. */
function tellGaps(rows: BarRows, indices: Uint32Array, length: number, flaws: FlawList): number {
  let missing = 0;
  for (let index = 1; index < indices.length; index += 1) {
    const at = openAt(rows, indices, index);
    const due = openAt(rows, indices, index - 1) + length;
    if (at === due) continue;
    const bars = (at - due) / length;
    missing += bars;
    flaws.add(
      'gap',
      line(rows, indices[index] ?? 0),
      due,
      () => `${String(bars)} ${bars === 1 ? 'bar' : 'bars'} missing from ${iso(due)} to ${iso(at)}`,
    );
  }
  return missing;
}

function tellQuiet(rows: BarRows, indices: Uint32Array, flaws: FlawList): void {
  let run = 0;
  for (let index = 0; index <= indices.length; index += 1) {
    const quiet = index < indices.length && rows.volume[indices[index] ?? 0] === 0;
    if (quiet) run += 1;
    else if (run > 0) {
      const bars = run;
      const from = openAt(rows, indices, index - run);
      flaws.add(
        'zero-volume',
        line(rows, indices[index - run] ?? 0),
        from,
        () => `${String(bars)} ${bars === 1 ? 'bar' : 'bars'} without volume from ${iso(from)}`,
      );
      run = 0;
    }
  }
}
