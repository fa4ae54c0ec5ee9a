/** A data folder belongs to one running stack at a time: two would stop each other's servers as leftovers. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { birthOf } from './processes.ts';
import { StackError } from './stack-error.ts';

const ownerSchema = z.object({
  pid: z.int().positive(),
  /** Tells the owner from a later process of the same pid. */
  birth: z.string(),
});

function lockFile(dataDir: string): string {
  return join(dataDir, 'stack.lock');
}

/** The pid of the living process that owns the folder, if any. */
export function ownerOf(dataDir: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(lockFile(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const owner = ownerSchema.safeParse(text === '' ? undefined : JSON.parse(text));
  if (!owner.success) return undefined;
  return birthOf(owner.data.pid) === owner.data.birth ? owner.data.pid : undefined;
}

/** Takes the folder for this process; a lock whose owner is dead is taken over. Throws a StackError. */
export function claimFolder(dataDir: string): { release: () => void } {
  mkdirSync(dataDir, { recursive: true });
  const file = lockFile(dataDir);
  const owner = ownerOf(dataDir);
  if (owner !== undefined) {
    throw new StackError(
      'stack',
      `the data folder ${dataDir} is in use by process ${String(owner)}`,
      'stop that one first (`npm run stack -- down`, or Ctrl-C where it runs), or set KEEL_DATA_DIR to another folder',
    );
  }
  rmSync(file, { force: true });
  // `wx` lets one of two that start at the same moment fail.
  writeFileSync(file, JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) ?? '' }), {
    flag: 'wx',
  });
  return {
    release: () => {
      rmSync(file, { force: true });
    },
  };
}
