/**
 * Columns of the tables as Kysely sees them. `numeric` columns are decimal strings, `bigint` columns safe
 * integers (milliseconds UTC or counters), `date` columns `YYYY-MM-DD`, `jsonb` columns are written as JSON text
 * and read parsed.
 */
import type { ColumnType } from 'kysely';

/** jsonb: parsed when read, `JSON.stringify`-ed by us when written (pg would turn an array into a PG array). */
export type JsonColumn<T> = ColumnType<T, string, string>;
export type DefaultString = ColumnType<string, string | undefined, string>;
export type DefaultNumber = ColumnType<number, number | undefined, number>;
export type DefaultNull<T> = ColumnType<T | null, T | null | undefined, T | null>;
