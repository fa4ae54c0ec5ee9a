/** A strategy's parameters as a person gives and reads them. */
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import type { StrategyClass } from '../../strategies/base-strategy.ts';

/** What the JSON Schema of one parameter may hold. */
const schemaPart = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  get anyOf() {
    return z.array(schemaPart).optional();
  },
  get items() {
    return schemaPart.optional();
  },
});
type SchemaPart = z.infer<typeof schemaPart>;

export interface Parameter {
  readonly name: string;
  /** `int`, `number`, `list of string` … */
  readonly type: string;
  /** Absent where it has none. */
  readonly default?: unknown;
  /** `2 … 200`, or the choices; empty where there is no bound. */
  readonly range: string;
  readonly description: string;
}

/** In the order the class states them. */
export function parametersOf({ config }: StrategyClass): Parameter[] {
  const { properties = {} } = z.toJSONSchema(config, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const part = schemaPart.parse(property);
    return {
      name,
      type: typeText(part),
      ...('default' in part ? { default: part.default } : {}),
      range: rangeText(part),
      description: part.description ?? '',
    };
  });
}

function typeText(part: SchemaPart): string {
  if (part.anyOf !== undefined) return [...new Set(part.anyOf.map(typeText))].join(' or ');
  if (part.type === 'array')
    return `list of ${part.items === undefined ? 'any' : typeText(part.items)}`;
  if (part.enum !== undefined) return 'choice';
  return part.type === 'integer' ? 'int' : (part.type ?? 'any');
}

function rangeText(part: SchemaPart): string {
  if (part.enum !== undefined) return part.enum.map(String).join(' ');
  if (part.anyOf !== undefined) return part.anyOf.map(rangeText).find((text) => text !== '') ?? '';
  if (part.type === 'array') return bounds(part.minItems, part.maxItems, ' items');
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = part;
  const low = exclusiveMinimum === undefined ? minimum : `above ${String(exclusiveMinimum)}`;
  const high = exclusiveMaximum === undefined ? maximum : `under ${String(exclusiveMaximum)}`;
  return bounds(low, high, '');
}

function bounds(
  low: number | string | undefined,
  high: number | string | undefined,
  unit: string,
): string {
  // zod gives integers without a bound these.
  const known = (bound: number | string | undefined): boolean =>
    bound !== undefined && Math.abs(Number(bound)) !== Number.MAX_SAFE_INTEGER;
  const from = known(low) ? String(low) : undefined;
  const to = known(high) ? String(high) : undefined;
  if (from === undefined && to === undefined) return '';
  if (to === undefined)
    return from?.startsWith('above') === true ? `${from}${unit}` : `from ${from ?? ''}${unit}`;
  return from === undefined ? `up to ${to}${unit}` : `${from} … ${to}${unit}`;
}

/** Throws INVALID_INPUT for a name that is none, listing those there are with their ranges. */
export function checkNames(strategy: StrategyClass, names: readonly string[]): void {
  const known = parametersOf(strategy);
  const unknown = names.filter((name) => !known.some((parameter) => parameter.name === name));
  if (unknown.length === 0) return;
  const there = known.map(({ name, type, range }) => `${name} (${range === '' ? type : range})`);
  throw new KeelError(
    'INVALID_INPUT',
    `${strategy.type} has no parameter "${unknown.join('", "')}"; there are: ${there.join(', ')}`,
  );
}

/**
 * `key=value` texts: numbers, true and false, JSON lists and objects, else text. A later one takes the place of
 * an earlier. Throws INVALID_INPUT for what has no `=`.
 */
export function readSettings(settings: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    settings.map((setting) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
      if (key === undefined || value === undefined) {
        throw new KeelError(
          'INVALID_INPUT',
          `--set ${setting}: write key=value, such as --set fast=10`,
        );
      }
      return [key.trim(), valueOf(value.trim())];
    }),
  );
}

function valueOf(text: string): unknown {
  if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (!/^[[{"]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
