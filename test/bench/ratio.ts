/** A figure is a ratio: ours against a bare baseline measured in the same run, turn about. */
export interface Ratio {
  readonly name: string;
  readonly unit: string;
  /** One reading a round; higher is better unless the name says otherwise. */
  readonly keel: readonly number[];
  readonly baseline: readonly number[];
}

/** What a part of the bench found. */
export interface Measured {
  readonly figures: readonly Ratio[];
  /** Of a plain market order. */
  readonly historyEvents?: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that so large a share of the values does not pass. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

export function ratioOf(figure: Ratio): number {
  return median(figure.keel) / median(figure.baseline);
}

/** Of each round by itself: how far they lie apart says how busy the machine was. */
export function roundsOf({ baseline, keel }: Ratio): readonly number[] {
  return keel.map((value, round) => value / (baseline[round] ?? baseline[0] ?? Number.NaN));
}
