/**
 * What Temporal stores of our workflows, encrypted with AES-256-GCM: inputs, results, signals, queries, memos,
 * summaries, details and heartbeats by the payload codec here, failures' messages and stack traces by
 * failure-converter.cjs. Workflow ids and types, task queues, search attributes and the codes of failures stay
 * readable, so they must hold no secret.
 *
 * Each payload names the key that made it, so keys can be changed while workflows run: add the new key, make
 * it `current`, and keep the old one until no history that was written with it is left.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { KeelError } from '../../core/errors.ts';

/** `temporal.encryption` of the configuration, checked there: ids are unique, `current` is one of them. */
export interface EncryptionSettings {
  readonly keys: readonly {
    readonly id: string;
    /** 32 bytes in base64. */
    readonly key: string;
  }[];
  /** Id of the key that encrypts. All of them decrypt. */
  readonly current: string;
}

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
/** What GCM is made for, and its longest tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

/**
 * Payloads of other encodings pass through `decode` unchanged: what was written before encryption was on.
 * Throws CONFIG_INVALID for a key id that the ring does not have, INVALID_INPUT for bytes that do not decrypt.
 */
export function createPayloadCodec(settings: EncryptionSettings): PayloadCodec {
  const keys = new Map(settings.keys.map(({ id, key }) => [id, Buffer.from(key, 'base64')]));

  function keyOf(id: string): Buffer {
    const key = keys.get(id);
    if (key !== undefined) return key;
    throw new KeelError(
      'CONFIG_INVALID',
      `a payload was encrypted with key "${id}"; temporal.encryption.keys has ${[...keys.keys()].join(', ')}: add "${id}" again to read it`,
    );
  }

  /** The key's id is authenticated with the data: nonce, tag, ciphertext. */
  function encrypt(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, keyOf(settings.current), nonce);
    const keyId = Buffer.from(settings.current);
    cipher.setAAD(keyId);
    const sealed = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
    return {
      metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': keyId },
      data: Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]),
    };
  }

  function decrypt(payload: Payload): Payload {
    if (text(payload.metadata?.['encoding']) !== ENCODING) return payload;
    const id = text(payload.metadata?.['encryption-key-id']);
    const data = Buffer.from(payload.data ?? []);
    const nonce = data.subarray(0, NONCE_BYTES);
    const tag = data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const key = keyOf(id);
    try {
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(id));
      decipher.setAuthTag(tag);
      const plain = [decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
      return PayloadMessage.decode(Buffer.concat(plain));
    } catch (error) {
      throw new KeelError(
        'INVALID_INPUT',
        `a payload does not decrypt with key "${id}": it was altered, or another key has that id here`,
        { cause: error },
      );
    }
  }

  return {
    encode: (payloads) => Promise.resolve(payloads.map(encrypt)),
    // In a promise's callback, so that what throws rejects.
    decode: (payloads) => Promise.resolve(payloads).then((all) => all.map(decrypt)),
  };
}

/** For every client, worker and replay. Without settings it is the SDK's own. */
export function dataConverterOf(settings: EncryptionSettings | undefined): DataConverter {
  if (settings === undefined) return {};
  return {
    payloadCodecs: [createPayloadCodec(settings)],
    failureConverterPath: fileURLToPath(new URL('failure-converter.cjs', import.meta.url)),
  };
}
