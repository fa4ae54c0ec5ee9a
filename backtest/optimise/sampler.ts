/** Which points an optimiser tries: all of a grid, random ones, or where earlier ones did well. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { KeelError } from '../../core/errors.ts';
import { onStep, pointsOf, sizeOf, type Dimension, type Point, type Value } from './space.ts';
import { parzenPoint, type Told } from './parzen.ts';

export const samplerNames = ['grid', 'random', 'tpe'] as const;
export type SamplerName = (typeof samplerNames)[number];

export interface Sampler {
  /** Points to ask for at once. The same whatever the number of threads: what is tried depends on it. */
  readonly batch: number;
  /** Points that the strategy's configuration refused so far. */
  readonly rejected: number;
  /** The next points, `most` at most, none twice; fewer or none when it finds no more. */
  ask(most: number, told: readonly Told[]): Point[];
}

export interface SamplerOptions {
  readonly space: readonly Dimension[];
  /** Whether the strategy's configuration takes the point. */
  readonly accepts: (point: Point) => boolean;
  /** A 32-bit integer. */
  readonly seed: number;
  /** A grid of more acceptable points is refused. */
  readonly most: number;
}

/** Points of a grid beyond which nobody waits for it. */
const LARGEST_GRID = 1_000_000;

/** Throws INVALID_INPUT for a grid over a dimension without a step, or a very large one. */
export function samplerOf(name: SamplerName, options: SamplerOptions): Sampler {
  if (name === 'grid') return new GridSampler(options);
  return new DrawingSampler(options, name === 'tpe');
}

class GridSampler implements Sampler {
  readonly batch = Infinity;
  rejected = 0;
  readonly #points: Point[] = [];

  constructor({ space, accepts, most }: SamplerOptions) {
    const open = space.find((dimension) => sizeOf(dimension) === Infinity);
    if (open !== undefined) {
      throw new KeelError(
        'INVALID_INPUT',
        `a grid needs steps, and ${open.name} has none: give them, such as ${open.name}=1..3:0.5, or sample random or tpe`,
      );
    }
    const size = pointsOf(space);
    if (size > LARGEST_GRID) throw tooLarge(size, most);
    for (let index = 0; index < size; index += 1) {
      const point = gridPoint(space, index);
      if (accepts(point)) this.#points.push(point);
      else this.rejected += 1;
    }
    if (this.#points.length > most) throw tooLarge(this.#points.length, most);
  }

  ask(most: number): Point[] {
    return this.#points.splice(0, most);
  }
}

function tooLarge(size: number, most: number): KeelError {
  return new KeelError(
    'INVALID_INPUT',
    `the grid has ${String(size)} points and ${String(most)} trials are allowed: allow more, give coarser steps or fewer dimensions, or sample random or tpe`,
  );
}

/** Counts through the grid, the last dimension fastest. */
function gridPoint(space: readonly Dimension[], index: number): Point {
  let rest = index;
  const entries = space.toReversed().map((dimension) => {
    const size = sizeOf(dimension);
    const value = valueAt(dimension, rest % size);
    rest = Math.floor(rest / size);
    return [dimension.name, value] as const;
  });
  return Object.fromEntries(entries.reverse());
}

function valueAt(dimension: Dimension, index: number): Value {
  if (dimension.kind === 'range') {
    return onStep(dimension, dimension.min + index * (dimension.step ?? 0));
  }
  return dimension.values[index] ?? '';
}

/** Points tried at random before TPE has anything to go by, as Optuna and hyperopt do. */
const STARTUP = 20;
/** Draws for a point after which the space is taken for exhausted. */
const MOST_DRAWS = 1000;

/** Draws points evenly, or by `parzenPoint` once `STARTUP` are told. */
class DrawingSampler implements Sampler {
  readonly batch: number;
  rejected = 0;
  readonly #options: SamplerOptions;
  readonly #learns: boolean;
  readonly #random: RandomGenerator;
  readonly #seen = new Set<string>();

  constructor(options: SamplerOptions, learns: boolean) {
    this.#options = options;
    this.#learns = learns;
    this.#random = xoroshiro128plus(options.seed);
    this.batch = learns ? 8 : Infinity;
  }

  ask(most: number, told: readonly Told[]): Point[] {
    const points: Point[] = [];
    while (points.length < most) {
      const point = this.#draw(told);
      if (point === null) break;
      points.push(point);
    }
    return points;
  }

  #draw(told: readonly Told[]): Point | null {
    const { space, accepts } = this.#options;
    for (let draw = 0; draw < MOST_DRAWS; draw += 1) {
      // Where the good region is used up, even draws find what is left.
      const learns = this.#learns && told.length >= STARTUP && draw < MOST_DRAWS / 2;
      const point = learns
        ? parzenPoint(space, told, this.#random)
        : Object.fromEntries(space.map((one) => [one.name, evenValue(one, this.#random)]));
      const key = JSON.stringify(space.map(({ name }) => point[name]));
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (accepts(point)) return point;
      this.rejected += 1;
    }
    return null;
  }
}

function evenValue(dimension: Dimension, random: RandomGenerator): Value {
  const size = sizeOf(dimension);
  if (Number.isFinite(size)) return valueAt(dimension, uniformInt(random, 0, size - 1));
  if (dimension.kind === 'choice') return '';
  const { min, max } = dimension;
  return onStep(dimension, min + uniformFloat64(random) * (max - min));
}
