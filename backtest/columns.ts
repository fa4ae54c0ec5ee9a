/** Rows of a chunk in a log's columns: a log grows by chunks, so that nothing is copied when it does. */
export const CHUNK_ROWS = 1024;

/** A column that holds `blank` in every row. */
export function column<T>(blank: T): T[] {
  return new Array<T>(CHUNK_ROWS).fill(blank);
}

/** The last chunk, or a new one where that is full. @param row the row that is to be written */
export function chunkOf<C>(chunks: C[], row: number, make: () => C): C {
  const index = Math.floor(row / CHUNK_ROWS);
  const known = chunks[index];
  if (known !== undefined) return known;
  const chunk = make();
  chunks.push(chunk);
  return chunk;
}
