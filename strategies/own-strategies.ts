/** Strategies of the user's own, in files outside the repository. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { BaseStrategy, type StrategyClass } from './base-strategy.ts';
import type { StrategyRegistry } from './registry.ts';

const MODULE = /\.(ts|mts|js|mjs)$/;
const NO_STRATEGY = /\.(test|d)\.[a-z]+$/;

/**
 * Registers every exported class that extends BaseStrategy of these files, and of the files directly in these
 * folders (tests left out). The code runs with all rights of this process. Throws INVALID_INPUT, naming the file,
 * where one is missing, cannot be loaded or has no strategy, and CONFLICT where a name is taken.
 */
export async function registerOwnStrategies(
  registry: StrategyRegistry,
  paths: readonly string[],
): Promise<StrategyRegistry> {
  if (paths.length === 0) return registry;
  const sources = paths.map((path) => ({ path, files: strategyFiles(path) }));
  await import('./own-modules.ts');
  for (const { path, files } of sources) {
    let found = 0;
    for (const file of files) {
      const classes = await strategiesIn(file);
      found += classes.length;
      for (const strategy of classes) registry.register(checked(strategy, file));
    }
    if (found === 0) {
      throw new KeelError(
        'INVALID_INPUT',
        `${path} has no strategy: export a class that extends BaseStrategy (\`keel strategy new\` writes one)`,
      );
    }
  }
  return registry;
}

/** The file, or the modules directly in the folder but for tests. Throws INVALID_INPUT where there is nothing. */
export function strategyFiles(path: string): string[] {
  const full = resolve(path);
  if (!existsSync(full)) {
    throw new KeelError('INVALID_INPUT', `there is no ${path} to take strategies from`);
  }
  if (!statSync(full).isDirectory()) return [full];
  return readdirSync(full)
    .filter((name) => MODULE.test(name) && !NO_STRATEGY.test(name))
    .sort()
    .map((name) => join(full, name));
}

async function strategiesIn(file: string): Promise<StrategyClass[]> {
  let exported: unknown;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError('INVALID_INPUT', `${file} cannot be loaded: ${why}`, { cause });
  }
  return Object.values(exported as Record<string, unknown>).filter(
    (value): value is StrategyClass =>
      typeof value === 'function' && value.prototype instanceof BaseStrategy,
  );
}

/** A file in plain JavaScript, or one that nobody type-checked, may lack anything. */
function checked(strategy: StrategyClass, file: string): StrategyClass {
  const { name, type, summary, config } = strategy as Partial<StrategyClass> & { name: string };
  const lacks = [
    ...(typeof type === 'string' ? [] : ["type = 'its-name'"]),
    ...(typeof summary === 'string' ? [] : ["summary = 'One sentence.'"]),
    ...(config instanceof z.ZodObject ? [] : ['config = z.strictObject({ … })']),
  ];
  if (lacks.length === 0) return strategy;
  throw new KeelError(
    'INVALID_INPUT',
    `class ${name} in ${file} lacks ${lacks.map((text) => `static ${text}`).join(', ')}`,
  );
}
