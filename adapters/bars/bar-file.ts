/**
 * Keel's own file of bars: what a series is in memory, so that reading one is reading its bytes.
 *
 *     8 bytes   "KEELBARS"
 *     uint32    version
 *     uint32    length of the header's text, in bytes
 *     uint32    CRC-32 of all after these 24 bytes
 *     uint32    zero
 *     JSON      header, filled with spaces to a multiple of 8
 *     float64   openAt, open, high, low, close, volume: each column whole
 *
 * Numbers are in the machine's byte order: a file from one of the other order has a version that is unknown.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { BAR_COLUMNS, type BarColumn, type BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { symbol } from '../../core/symbol.ts';
import { interval, intervalMs } from '../../core/time.ts';
import { writeAtomically } from './atomic-file.ts';

const MAGIC = Buffer.from('KEELBARS');
const VERSION = 1;
const PREFIX_BYTES = 24;
const WORD = Float64Array.BYTES_PER_ELEMENT;

const headerSchema = z.strictObject({
  exchange: z.string().min(1),
  symbol,
  interval,
  length: z.int().positive(),
  /** Open of the first bar and close of the last, ms UTC. */
  from: z.number(),
  to: z.number(),
  /** Whatever the writer wants to find again: JSON. */
  note: z.json(),
});
export type BarFileHeader = z.infer<typeof headerSchema>;

/** Writes a series, which may not be empty, whole or not at all. `note` is JSON that comes back with the header. */
export function writeBarFile(file: string, series: BarSeries, note: BarFileHeader['note']): void {
  const { exchange, symbol, interval, length } = series;
  const header = headerSchema.parse({
    ...{ exchange, symbol, interval, length, note },
    from: series.openAt[0],
    to: (series.openAt.at(-1) ?? 0) + intervalMs(interval),
  });
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / WORD) * WORD, ' ');
  text.copy(padded);
  const columns = BAR_COLUMNS.map((name) => {
    const column = series[name];
    return Buffer.from(column.buffer, column.byteOffset, column.byteLength);
  });
  const body = [padded, ...columns];
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  const sum = body.reduce((before, chunk) => crc32(chunk, before), 0);
  new Uint32Array(prefix.buffer, prefix.byteOffset + MAGIC.length, 3).set([
    VERSION,
    padded.length,
    sum,
  ]);
  writeAtomically(file, [prefix, ...body]);
}

/** Header of a file, without reading its bars. Throws as `readStoredBars` does, but for the checksum. */
export function readBarFileHeader(file: string): BarFileHeader {
  return withFile(file, (descriptor) => readHeader(file, descriptor).header);
}

/**
 * Bars and header of a file; the columns are views of one buffer. Throws NOT_FOUND where there is no file, and
 * INVALID_INPUT where it is of another version, cut short or damaged.
 */
export function readStoredBars(file: string): {
  readonly header: BarFileHeader;
  readonly series: BarSeries;
} {
  return withFile(file, (descriptor) => {
    const { header, headerBytes, sum } = readHeader(file, descriptor);
    const { exchange, symbol, interval, length } = header;
    // From the end of the prefix: the checksum covers the header too.
    const bodyBytes = headerBytes + BAR_COLUMNS.length * length * WORD;
    const size = fstatSync(descriptor).size;
    if (size !== PREFIX_BYTES + bodyBytes) {
      throw damaged(file, `it has ${String(size)} bytes, not ${String(PREFIX_BYTES + bodyBytes)}`);
    }
    const body = readAt(descriptor, PREFIX_BYTES, bodyBytes);
    if (crc32(body) !== sum) throw damaged(file, 'its checksum is wrong');
    const column = (name: BarColumn): Float64Array =>
      new Float64Array(
        body.buffer,
        body.byteOffset + headerBytes + BAR_COLUMNS.indexOf(name) * length * WORD,
        length,
      );
    return {
      header,
      series: {
        ...{ exchange, symbol, interval, length },
        ...{ openAt: column('openAt'), open: column('open'), high: column('high') },
        ...{ low: column('low'), close: column('close'), volume: column('volume') },
      },
    };
  });
}

function withFile<T>(file: string, read: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    throw new KeelError('NOT_FOUND', `${file} cannot be opened`, { cause });
  }
  try {
    return read(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readHeader(file: string, descriptor: number) {
  const prefix = readAt(descriptor, 0, PREFIX_BYTES);
  if (prefix.length < PREFIX_BYTES || !prefix.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged(file, 'it does not begin as one');
  }
  const [version, headerBytes = 0, sum] = new Uint32Array(
    prefix.buffer,
    prefix.byteOffset + MAGIC.length,
    3,
  );
  if (version !== VERSION) {
    throw damaged(file, `its version is ${String(version)}, this Keel reads ${String(VERSION)}`);
  }
  const text = readAt(descriptor, PREFIX_BYTES, headerBytes).toString('utf8');
  const header = headerSchema.safeParse(parseJson(text));
  if (!header.success) throw damaged(file, 'its header cannot be read');
  return { header: header.data, headerBytes, sum };
}

/** Into memory of its own, so that columns begin at whole words. Shorter at the file's end. */
function readAt(descriptor: number, position: number, length: number): Buffer {
  const size = fstatSync(descriptor).size;
  const bytes = Buffer.from(new ArrayBuffer(Math.max(Math.min(length, size - position), 0)));
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, position + at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(file: string, why: string): KeelError {
  return new KeelError('INVALID_INPUT', `${file} is no file of bars, or damaged: ${why}`);
}
