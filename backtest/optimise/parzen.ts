/**
 * The tree-structured Parzen estimator: Bergstra, Bardenet, Bengio & Kégl, "Algorithms for Hyper-Parameter
 * Optimization", NIPS 2011, section 4. The points told so far are divided into the best quarter and the rest; the
 * density of each is estimated a dimension (l and g there), values are drawn from that of the best, and the one
 * with the largest l / g is taken, which is the largest expected improvement.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { normalCdf, normalQuantile } from '../normal-distribution.ts';
import { onStep, type Dimension, type Point, type Value } from './space.ts';

/** A point and what came of it; null where it failed or has no score. */
export interface Told {
  readonly point: Point;
  readonly score: number | null;
}

/** Share of the points that count as good (γ), at most so many: beyond, the good ones are not the best any more. */
const GOOD_SHARE = 0.25;
const MOST_GOOD = 25;
/**
 * Values drawn a dimension, of which the best is taken. A choice is drawn once: among few of them the largest ratio
 * would be the same one's each time, and the others never be tried again.
 */
const CANDIDATES = { range: 24, choice: 1 };

/** The next point to try. @param told at least one; points without a score are among the worst */
export function parzenPoint(
  space: readonly Dimension[],
  told: readonly Told[],
  random: RandomGenerator,
): Point {
  const ranked = told.toSorted((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity) || 0);
  const count = Math.min(Math.ceil(ranked.length * GOOD_SHARE), MOST_GOOD);
  const good = ranked.slice(0, count);
  const rest = ranked.slice(count);
  return Object.fromEntries(
    space.map((dimension) => {
      const valuesOf = (points: readonly Told[]): Value[] =>
        points.flatMap(({ point }) => point[dimension.name] ?? []);
      return [dimension.name, likeliest(dimension, valuesOf(good), valuesOf(rest), random)];
    }),
  );
}

/** A density that can be drawn from. */
interface Density {
  draw(random: RandomGenerator): Value;
  at(value: Value): number;
}

function likeliest(
  dimension: Dimension,
  good: readonly Value[],
  rest: readonly Value[],
  random: RandomGenerator,
): Value {
  const densityOf = (values: readonly Value[]): Density =>
    dimension.kind === 'choice'
      ? choiceDensity(dimension.values, values)
      : rangeDensity(dimension, values.map(Number));
  const [better, worse] = [densityOf(good), densityOf(rest)];
  let best = better.draw(random);
  let ratio = better.at(best) / worse.at(best);
  for (let draw = 1; draw < CANDIDATES[dimension.kind]; draw += 1) {
    const value = better.draw(random);
    const other = better.at(value) / worse.at(value);
    if (other > ratio) [best, ratio] = [value, other];
  }
  return best;
}

/** How often each choice was made, once more for each. */
function choiceDensity(choices: readonly Value[], values: readonly Value[]): Density {
  const weight = (choice: Value): number => 1 + values.filter((value) => value === choice).length;
  const total = choices.length + values.length;
  return {
    at: (value) => weight(value) / total,
    draw(random) {
      let left = uniformFloat64(random) * total;
      for (const choice of choices) {
        left -= weight(choice);
        if (left < 0) return choice;
      }
      return choices.at(-1) ?? '';
    },
  };
}

/**
 * Normal distributions about each value and, as the prior, about the middle of the range, as wide as the farther
 * of the two neighbours is away, cut at the ends of the range.
 */
function rangeDensity(range: Dimension & { kind: 'range' }, values: readonly number[]): Density {
  const { min, max } = range;
  const width = max - min;
  const sorted = [...values, (min + max) / 2].sort((a, b) => a - b);
  const prior = sorted.indexOf((min + max) / 2);
  const narrowest = width / Math.min(100, sorted.length + 1);
  const bells = sorted.map((centre, index) => {
    const below = centre - (sorted[index - 1] ?? min);
    const above = (sorted[index + 1] ?? max) - centre;
    const deviation = index === prior ? width : Math.min(Math.max(below, above, narrowest), width);
    const low = normalCdf((min - centre) / deviation);
    const high = normalCdf((max - centre) / deviation);
    return { centre, deviation, low, high };
  });
  return {
    draw(random) {
      const bell = bells[Math.floor(uniformFloat64(random) * bells.length)] ?? bells[0];
      if (bell === undefined) return min;
      const { centre, deviation, low, high } = bell;
      const probability = low + uniformFloat64(random) * (high - low);
      const within = Math.min(Math.max(probability, 1e-12), 1 - 1e-12);
      return onStep(range, centre + deviation * normalQuantile(within));
    },
    at(value) {
      let sum = 0;
      for (const { centre, deviation, low, high } of bells) {
        const z = (Number(value) - centre) / deviation;
        sum += Math.exp((-z * z) / 2) / (deviation * (high - low));
      }
      return sum / bells.length;
    },
  };
}
