/**
 * Statements by name: PostgreSQL parses and plans each once a connection, not once a call. Which is most of what
 * our small statements cost it.
 */
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';

/** Each costs every connection some memory; lists of parameters of any length would make any number. */
const MOST_NAMES = 500;
/** Bulk inserts come in as many shapes as there are rows, and planning is the least of them. */
const MOST_PARAMETERS = 64;

/** Names for statements, the same on all connections of a pool. */
export class StatementNames {
  readonly #names = new Map<string, string>();
  #generation = 1;

  /** Undefined where the statement is not worth a name: without parameters, with too many, or one too many. */
  nameOf(text: string, parameters: number): string | undefined {
    if (parameters === 0 || parameters > MOST_PARAMETERS) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MOST_NAMES) return known;
    const name = `keel_${String(this.#generation)}_${String(this.#names.size + 1)}`;
    this.#names.set(text, name);
    return name;
  }

  /** The tables changed: what was prepared under the names given so far is of no use any more. */
  forget(): void {
    this.#generation += 1;
    this.#names.clear();
  }
}

/**
 * True where a table has other columns than when the statement was prepared, as after a migration under a
 * running process. The same statement works when it is sent again: its name is a new one.
 */
export function isPlanOutdated(error: unknown): boolean {
  // By its shape: `instanceof` fails for errors of another realm.
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  return error.message === 'cached plan must not change result type';
}

/** `pool`, preparing what it is asked. */
export function preparing(pool: Pool): PostgresPool {
  const names = new StatementNames();
  const clients = new WeakMap<PoolClient, PostgresPoolClient>();
  const wrap = (client: PoolClient): PostgresPoolClient => {
    const query = async <R>(
      text: string,
      values: readonly unknown[],
    ): Promise<PostgresQueryResult<R>> => {
      const name = names.nameOf(text, values.length);
      try {
        const asked = { text, values: [...values], ...(name === undefined ? {} : { name }) };
        const result: unknown = await client.query(asked);
        return result as PostgresQueryResult<R>;
      } catch (error) {
        if (isPlanOutdated(error)) names.forget();
        throw error;
      }
    };
    return {
      query: query as PostgresPoolClient['query'],
      release: () => {
        client.release();
      },
    };
  };
  return {
    async connect() {
      const client = await pool.connect();
      const known = clients.get(client);
      if (known !== undefined) return known;
      const wrapped = wrap(client);
      clients.set(client, wrapped);
      return wrapped;
    },
    end: () => pool.end(),
  };
}
