/** A file is there whole or not at all. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.ts';

/** Writes beside the file and renames: a reader, or a crash, never sees half of it. */
export function writeAtomically(file: string, chunks: Iterable<Uint8Array>): void {
  makeFolder(dirname(file));
  const temporary = `${file}.${String(process.pid)}.tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += writeSync(descriptor, chunk, at);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
