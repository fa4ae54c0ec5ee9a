/** What is told of a file of bars: every flaw, with how often and where first. */

/**
 * Each kind of flaw and what it means. `unfit`: the data is not to be used with it, unless it is accepted and
 * `repair` is done; null where there is nothing that can be done, or nothing that has to be.
 */
export const FLAW_KINDS = {
  columns: { unfit: true, repair: 'left out', meaning: 'rows with too few or too many columns' },
  time: { unfit: true, repair: 'left out', meaning: 'rows whose time cannot be read' },
  'mixed-units': {
    unfit: true,
    repair: 'left out',
    meaning: 'rows with their time in another unit',
  },
  empty: { unfit: true, repair: 'left out', meaning: 'rows with empty cells' },
  number: { unfit: true, repair: 'left out', meaning: 'rows with text for a number' },
  'non-finite': { unfit: true, repair: 'left out', meaning: 'rows with NaN or infinity' },
  'not-positive': { unfit: true, repair: 'left out', meaning: 'rows with a price of zero or less' },
  'negative-volume': { unfit: true, repair: 'left out', meaning: 'rows with a volume under zero' },
  'high-low': { unfit: true, repair: 'left out', meaning: 'rows with a high under their low' },
  'outside-range': {
    unfit: true,
    repair: 'left out',
    meaning: 'rows with open or close outside low … high',
  },
  descending: { unfit: false, repair: null, meaning: 'newest first: turned round' },
  disorder: { unfit: true, repair: 'sorted', meaning: 'rows out of order' },
  duplicate: { unfit: false, repair: null, meaning: 'rows given twice: one is kept' },
  conflict: {
    unfit: true,
    repair: 'the first is kept',
    meaning: 'rows of one time with different values',
  },
  interval: { unfit: true, repair: null, meaning: 'no interval' },
  'off-grid': {
    unfit: true,
    repair: 'left out',
    meaning: 'rows whose time is not the start of a bar',
  },
  gap: { unfit: false, repair: null, meaning: 'gaps' },
  'zero-volume': { unfit: false, repair: null, meaning: 'runs of bars without a trade' },
  outlier: { unfit: false, repair: null, meaning: 'bars with a price far off their neighbours' },
  label: { unfit: true, repair: 'taken as they are', meaning: 'labels that the bars contradict' },
} as const satisfies Record<string, { unfit: boolean; repair: string | null; meaning: string }>;

export type FlawKind = keyof typeof FLAW_KINDS;

/** Flaws that make data unfit, but can be accepted for a repair. */
export const ACCEPTABLE = (Object.keys(FLAW_KINDS) as FlawKind[]).filter(
  (kind) => FLAW_KINDS[kind].repair !== null,
);

export interface FlawExample {
  /** Line of the file, the header being 1; null for what belongs to no one row. */
  readonly row: number | null;
  /** Open of the bar, ms UTC; null where it is not known. */
  readonly at: number | null;
  readonly text: string;
}

export interface Flaw {
  readonly kind: FlawKind;
  /** The data is not to be used with it. */
  readonly unfit: boolean;
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly FlawExample[];
}

export interface BarReport {
  readonly file: string;
  /** Null where neither the name nor an option says it. */
  readonly exchange: string | null;
  readonly symbol: string | null;
  /** Null where the rows do not tell it. */
  readonly interval: string | null;
  /** Rows under the header. */
  readonly rows: number;
  /** Bars that stand. */
  readonly bars: number;
  /** Bars missing in gaps. */
  readonly missing: number;
  /** Open of the first bar and close of the last, ms UTC; null without bars. */
  readonly from: number | null;
  readonly to: number | null;
  /** False where a flaw makes the data unfit. */
  readonly fit: boolean;
  readonly flaws: readonly Flaw[];
  /** How the file was read, where that was not plain. */
  readonly notes: readonly string[];
}

const EXAMPLES = 5;

/** Collects flaws as they are found. */
export class FlawList {
  readonly #found = new Map<FlawKind, { count: number; examples: FlawExample[] }>();
  readonly #accepted: ReadonlySet<FlawKind>;

  /** @param accepted kinds that are counted, but do not make the data unfit */
  constructor(accepted: Iterable<FlawKind> = []) {
    this.#accepted = new Set(accepted);
  }

  /** `text` is asked only for the first few of a kind. */
  add(kind: FlawKind, row: number | null, at: number | null, text: () => string): void {
    let found = this.#found.get(kind);
    if (found === undefined) this.#found.set(kind, (found = { count: 0, examples: [] }));
    found.count += 1;
    if (found.examples.length < EXAMPLES) found.examples.push({ row, at, text: text() });
  }

  /** In the order of FLAW_KINDS: what makes the rows unreadable first. */
  list(): Flaw[] {
    return (Object.keys(FLAW_KINDS) as FlawKind[]).flatMap((kind) => {
      const found = this.#found.get(kind);
      if (found === undefined) return [];
      return [{ kind, unfit: FLAW_KINDS[kind].unfit && !this.#accepted.has(kind), ...found }];
    });
  }
}

/** The report with more flaws, one entry a kind. */
export function withFlaws(report: BarReport, more: readonly Flaw[]): BarReport {
  const flaws = [...report.flaws];
  for (const flaw of more) {
    const index = flaws.findIndex(({ kind }) => kind === flaw.kind);
    const before = flaws[index];
    if (before === undefined) flaws.push(flaw);
    else {
      flaws[index] = {
        ...before,
        unfit: before.unfit || flaw.unfit,
        count: before.count + flaw.count,
        examples: [...before.examples, ...flaw.examples].slice(0, EXAMPLES),
      };
    }
  }
  return { ...report, flaws, fit: report.fit && !more.some((flaw) => flaw.unfit) };
}
