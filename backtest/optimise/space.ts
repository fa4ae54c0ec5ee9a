/** Where an optimiser looks: one dimension a parameter. */
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { StrategyClass } from '../../strategies/base-strategy.ts';

export type Value = number | string | boolean;
/** One value for each dimension, by name. */
export type Point = Readonly<Record<string, Value>>;

export type Dimension =
  | {
      readonly kind: 'range';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      /** Values are min + k × step; any number between where null. Whole numbers have 1. */
      readonly step: number | null;
    }
  | { readonly kind: 'choice'; readonly name: string; readonly values: readonly Value[] };

/** Say which market is traded, not how. */
const MARKET = ['exchange', 'interval', 'symbol', 'symbols'];

const propertySchema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.unknown().optional(),
});

function propertiesOf({ config }: StrategyClass): [string, z.infer<typeof propertySchema>][] {
  const { properties = {} } = z.toJSONSchema(config, { io: 'input' });
  return Object.entries(properties).map(([name, part]) => [name, propertySchema.parse(part)]);
}

/**
 * The space of a strategy: what `texts` says (`fast=5..50:5`, `fast=5..50`, `fast=5,10,20`), and nothing else;
 * without texts every parameter that has a default and both bounds, is a choice, or true or false. Those in
 * `fixed` and those that name the market are left out. Throws INVALID_INPUT for what is no such parameter or
 * range, and where nothing is left.
 */
export function searchSpace(
  strategy: StrategyClass,
  texts: readonly string[],
  fixed: readonly string[],
): Dimension[] {
  const properties = new Map(propertiesOf(strategy));
  if (texts.length > 0) {
    const dimensions = texts.map((text) => parseDimension(text, properties));
    const names = dimensions.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return dimensions;
    throw new KeelError('INVALID_INPUT', `the space has ${twice} twice; give it once`);
  }
  const found = [...properties].flatMap(([name, property]): Dimension[] => {
    if (fixed.includes(name) || MARKET.includes(name) || property.default === undefined) return [];
    const { type } = property;
    const [min, max] = [bound(property.minimum), bound(property.maximum)];
    if (property.enum !== undefined) return [{ kind: 'choice', name, values: property.enum }];
    if (type === 'boolean') return [{ kind: 'choice', name, values: [false, true] }];
    if (min === undefined || max === undefined) return [];
    return [{ kind: 'range', name, min, max, step: type === 'integer' ? 1 : null }];
  });
  if (found.length > 0) return found;
  throw new KeelError(
    'INVALID_INPUT',
    `${strategy.type} has no parameter left with both bounds: give a space, such as ${[...properties.keys()].at(-1) ?? 'name'}=5..50:5`,
  );
}

/** zod gives whole numbers without a bound these. */
function bound(value: number | undefined): number | undefined {
  return Math.abs(value ?? 0) === Number.MAX_SAFE_INTEGER ? undefined : value;
}

const FORM = 'write name=from..to:step, name=from..to or name=a,b,c: fast=5..50:5, fast=5,10,20';

function parseDimension(
  text: string,
  properties: ReadonlyMap<string, z.infer<typeof propertySchema>>,
): Dimension {
  const [, name, values] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || values === undefined) {
    throw new KeelError('INVALID_INPUT', `"${text}" is no dimension: ${FORM}`);
  }
  const property = properties.get(name);
  if (property === undefined) {
    throw new KeelError(
      'INVALID_INPUT',
      `the strategy has no parameter "${name}" to search; there are: ${[...properties.keys()].join(', ')}`,
    );
  }
  const range = /^(-?[\d.e-]+?)\.\.(-?[\d.e-]+)(?::([\d.e-]+))?$/i.exec(values);
  if (range === null) {
    if (values.includes('..')) throw new KeelError('INVALID_INPUT', `"${text}": ${FORM}`);
    const choices = [...new Set(values.split(',').map((part) => valueOf(part.trim())))];
    return { kind: 'choice', name, values: choices };
  }
  const [min, max] = [Number(range[1]), Number(range[2])];
  const step = range[3] === undefined ? (property.type === 'integer' ? 1 : null) : Number(range[3]);
  if (!(min < max) || (step !== null && !(step > 0))) {
    throw new KeelError(
      'INVALID_INPUT',
      `"${text}": a range goes up, and its step is above zero; ${FORM}`,
    );
  }
  return { kind: 'range', name, min, max, step };
}

function valueOf(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** How many values a dimension has; infinite where any number between two is one. */
export function sizeOf(dimension: Dimension): number {
  if (dimension.kind === 'choice') return dimension.values.length;
  const { min, max, step } = dimension;
  return step === null ? Infinity : Math.floor((max - min) / step + 1e-9) + 1;
}

/** How many points a space has; infinite where one of its dimensions is. */
export function pointsOf(space: readonly Dimension[]): number {
  return space.reduce((product, dimension) => product * sizeOf(dimension), 1);
}

/** Value number `index` of a range with a step, or the nearest value to `raw`; without binary dust (0.1 + 0.2). */
export function onStep({ min, max, step }: Dimension & { kind: 'range' }, raw: number): number {
  const within = Math.min(Math.max(raw, min), max);
  if (step === null) return Number(within.toPrecision(6));
  const last = Math.floor((max - min) / step + 1e-9);
  const index = Math.min(Math.round((within - min) / step), last);
  return Number((min + index * step).toPrecision(12));
}
