/** The file of `keel replay --rules`: limits and rules to decide by in place of those that were in force. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Proposal } from '../core/decision.ts';
import { KeelError } from '../core/errors.ts';
import { nonNegativeDecimal, positiveDecimal } from '../core/decimal-strings.ts';
import { RISK_RULES } from '../core/risk/rules.ts';

const RULE_NAMES = RISK_RULES.map(({ name }) => name);

const limits = z.strictObject({
  maxPosition: positiveDecimal.nullable().optional(),
  maxOrderNotional: positiveDecimal.nullable().optional(),
  maxOrdersPerDay: z.int().positive().nullable().optional(),
});

const schema = z.strictObject({
  marketBuyBuffer: nonNegativeDecimal.optional(),
  rulesOff: z
    .array(
      z.string().refine((name) => RULE_NAMES.includes(name), {
        error: (issue) =>
          `there is no rule ${JSON.stringify(issue.input)}; the rules are ${RULE_NAMES.join(', ')}`,
      }),
    )
    .optional(),
  limits: z
    .strictObject({
      all: limits.optional(),
      strategies: z.record(z.string(), limits).optional(),
    })
    .optional(),
});

/** Throws INVALID_INPUT naming the file and every fault in it at once. */
export function readProposal(file: string): Proposal {
  let document: unknown;
  try {
    document = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    throw new KeelError('INVALID_INPUT', `${file} cannot be read: ${(error as Error).message}`);
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || '(top level)'}: ${message}`,
  );
  throw new KeelError('INVALID_INPUT', `${file} is no rules file:\n  - ${faults.join('\n  - ')}`);
}
