/** PostgreSQL keeps the zeros a numeric was written with; what leaves this room has none. */
import { decimal, toDecimalString } from '../../core/money.ts';

/** A numeric column's text in canonical form: `1.500` → `1.5`. */
export function canonical(value: string): string {
  return toDecimalString(decimal(value));
}

export function canonicalOrNull(value: string | null): string | null {
  return value === null ? null : canonical(value);
}

/** Amounts by asset. */
export function canonicalRecord(amounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(amounts).map(([asset, amount]) => [asset, canonical(amount)]),
  );
}
