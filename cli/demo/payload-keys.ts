/**
 * The keys that encrypt what the demo's Temporal stores, kept in the data folder: workflows written with them
 * go on at the next start, so once there they are used whether or not that start asks for it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncryptionSettings } from '../../adapters/temporal/encryption.ts';
import { encryptionSchema } from '../../config/schema.ts';
import { KeelError } from '../../core/errors.ts';

/** Throws CONFIG_INVALID for a file that cannot be read. Undefined: nothing is encrypted. */
export function payloadKeys(dataDir: string, wanted: boolean): EncryptionSettings | undefined {
  const file = join(dataDir, 'payload-keys.json');
  if (existsSync(file)) return readKeys(file);
  if (!wanted) return undefined;
  const settings = { keys: [{ id: '1', key: randomBytes(32).toString('base64') }], current: '1' };
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  return settings;
}

function readKeys(file: string): EncryptionSettings {
  try {
    return encryptionSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new KeelError(
      'CONFIG_INVALID',
      `${file} holds no keys; restore it, or start with --fresh, which forgets what they encrypted`,
      { cause: error },
    );
  }
}
