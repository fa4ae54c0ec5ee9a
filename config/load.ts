/** Loads the configuration. The only reader of `process.env` besides the stack's own switches. */
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { configSchema, type Config } from './schema.ts';

/** Environment variable → where its value goes. `KEEL_CONFIG_JSON` holds a whole document and comes last. */
const ENVIRONMENT: Readonly<Record<string, readonly string[]>> = {
  KEEL_MODE: ['mode'],
  KEEL_POSTGRES_URL: ['postgresUrl'],
  KEEL_TEMPORAL_ADDRESS: ['temporal', 'address'],
  KEEL_TEMPORAL_NAMESPACE: ['temporal', 'namespace'],
  KEEL_TEMPORAL_UI_URL: ['temporal', 'uiUrl'],
  KEEL_BUILD_ID: ['temporal', 'versioning', 'buildId'],
  KEEL_API_PORT: ['api', 'port'],
  KEEL_JWT_SECRET: ['api', 'jwtSecret'],
  KEEL_STRATEGY_PATH: ['strategyPath'],
  KEEL_LOG_LEVEL: ['log', 'level'],
  KEEL_LOG_FILE: ['log', 'file'],
};

type Document = Record<string, unknown>;

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function put(target: Document, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const child = isDocument(target[head]) ? target[head] : {};
  target[head] = child;
  put(child, rest, value);
}

function readDocument(text: string, origin: string): Document {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new KeelError(
      'CONFIG_INVALID',
      `${origin} is not valid YAML: ${(error as Error).message}`,
    );
  }
  if (value === null || value === undefined) return {};
  if (!isDocument(value)) {
    throw new KeelError(
      'CONFIG_INVALID',
      `${origin} must hold a mapping of settings, not a list or a word`,
    );
  }
  return value;
}

/**
 * Checks a configuration document. Throws CONFIG_INVALID naming every fault at once, a line each:
 * where, what was given, what is allowed.
 */
export function parseConfig(document: unknown, origin = 'configuration'): Config {
  const result = configSchema.safeParse(document, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => describe(issue));
  throw new KeelError(
    'CONFIG_INVALID',
    `${origin} has ${String(problems.length)} ${problems.length === 1 ? 'error' : 'errors'}:\n` +
      problems.map((problem) => `  - ${problem}`).join('\n'),
    { details: { problems } },
  );
}

function describe(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? '(top level)' : issue.path.join('.');
  const secret = /secret|password|apikey|encryption\.keys/i.test(where);
  const given =
    secret || issue.input === undefined || isDocument(issue.input)
      ? ''
      : ` (given: ${JSON.stringify(issue.input)})`;
  return `${where}: ${issue.message}${given}`;
}

/** Reads `file` (default `keel.yaml`, which may be absent) and the environment. */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  file = environment['KEEL_CONFIG'] ?? 'keel.yaml',
): Config {
  if (environment['KEEL_CONFIG'] !== undefined && !existsSync(file)) {
    throw new KeelError('CONFIG_INVALID', `KEEL_CONFIG names ${file}, which does not exist`);
  }
  const document = existsSync(file) ? readDocument(readFileSync(file, 'utf8'), file) : {};
  for (const [name, path] of Object.entries(ENVIRONMENT)) {
    const value = environment[name];
    if (value === undefined || value === '') continue;
    put(document, path, path.at(-1) === 'port' ? Number(value) : value);
  }
  const whole = environment['KEEL_CONFIG_JSON'];
  if (whole !== undefined) Object.assign(document, readDocument(whole, 'KEEL_CONFIG_JSON'));
  return parseConfig(document, file);
}
