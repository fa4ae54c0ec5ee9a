/** A figure is a ratio: ours against a bare baseline measured in the same run, turn about. */
export interface Ratio {
  readonly name: string;
  readonly unit: string;
  /** One reading a round; higher is better. */
  readonly keel: readonly number[];
  readonly baseline: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function ratioOf(figure: Ratio): number {
  return median(figure.keel) / median(figure.baseline);
}
