/** Lists that people read a page at a time: each page says where the next one begins. */

export interface Page<T> {
  readonly rows: readonly T[];
  /** To be given as `after` for the next page; null on the last. */
  readonly next: string | null;
}

/** The page of `limit` rows that `read` gives; one more than that is read, which tells whether there is a next. */
export async function pageOf<T>(
  limit: number,
  read: (limit: number) => Promise<readonly T[]>,
  cursorOf: (last: T) => string,
): Promise<Page<T>> {
  const found = await read(limit + 1);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
