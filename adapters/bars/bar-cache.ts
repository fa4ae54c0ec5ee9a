/** Bars of CSV files as they were read last time, with their report: a flaw is told the second time too. */
import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import { readStoredBars, writeBarFile } from './bar-file.ts';
import type { BarReport } from './bar-report.ts';
import { readBarCsv, seriesFrom, type ReadBars, type ReadOptions } from './read-bars.ts';

/** Raised with every change of what is read or told: what an older reader stored is read again. */
const READER = 1;

/** What a stored entry is of; the report is our own, written by `writeBarFile`. */
const noteSchema = z.looseObject({ source: z.string(), report: z.custom<BarReport>() });

/**
 * Reads a file as `readBarCsv` does, from `folder` where it was read before and has not changed since (path,
 * size, time of change, options). What is damaged or of an older version there is read anew. Only fit data of a
 * known market is kept. A folder that cannot be written to costs time, nothing else.
 */
export function readBarsCached(file: string, folder: string, options: ReadOptions = {}): ReadBars {
  const source = sourceOf(file, options);
  if (source === undefined) return readBarCsv(file, options);
  const entry = join(folder, 'bars', `${hash(source.name)}.bars`);
  const stored = readEntry(entry, source.state);
  if (stored !== undefined) return stored;
  const read = readBarCsv(file, options);
  const { report } = read;
  if (report.fit && report.exchange !== null && report.symbol !== null) {
    try {
      writeBarFile(entry, seriesFrom(read), {
        source: source.state,
        report: { ...report } as never,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    }
  }
  return read;
}

/** `name` finds the entry, `state` says whether it is still of the file as it is. */
function sourceOf(
  file: string,
  options: ReadOptions,
): { readonly name: string; readonly state: string } | undefined {
  try {
    const path = realpathSync(file);
    const { size, mtimeMs } = statSync(path);
    const { exchange, symbol, interval, accept = [] } = options;
    const name = JSON.stringify([path, file, exchange, symbol, interval, [...accept].sort()]);
    return { name, state: JSON.stringify([READER, name, size, mtimeMs]) };
  } catch {
    // The reader says what is wrong with the file.
    return undefined;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function readEntry(entry: string, state: string): ReadBars | undefined {
  try {
    const { header, series } = readStoredBars(entry);
    const { source, report } = noteSchema.parse(header.note);
    return source === state ? { report, bars: series } : undefined;
  } catch (error) {
    if (error instanceof KeelError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
