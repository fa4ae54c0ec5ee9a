import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { createPayloadCodec, dataConverterOf } from './encryption.ts';

const SECRET = 'account binance-1 holds 12.5 BTC';
const FIRST = { id: '2026-01', key: randomBytes(32).toString('base64') };
const SECOND = { id: '2026-07', key: randomBytes(32).toString('base64') };

function payload(value: unknown = SECRET): Payload {
  return defaultPayloadConverter.toPayload(value);
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

describe('the payload codec', () => {
  const codec = createPayloadCodec({ keys: [FIRST], current: FIRST.id });

  it('hides the value and its encoding, names the key, and gives both back', async () => {
    const [sealed] = await codec.encode([payload()]);
    expect(textOf(sealed!.data)).not.toContain('binance');
    expect(textOf(sealed!.metadata!['encoding'])).toBe('binary/encrypted');
    expect(textOf(sealed!.metadata!['encryption-key-id'])).toBe(FIRST.id);
    const [opened] = await codec.decode([sealed!]);
    expect(defaultPayloadConverter.fromPayload(opened!)).toBe(SECRET);
  });

  it('never gives the same bytes twice', async () => {
    const [one, two] = await codec.encode([payload(), payload()]);
    expect(textOf(one!.data)).not.toBe(textOf(two!.data));
  });

  it('encrypts with the current key and reads what older ones wrote', async () => {
    const [old] = await codec.encode([payload()]);
    const rotated = createPayloadCodec({ keys: [FIRST, SECOND], current: SECOND.id });
    const [opened] = await rotated.decode([old!]);
    expect(defaultPayloadConverter.fromPayload(opened!)).toBe(SECRET);
    const [fresh] = await rotated.encode([payload()]);
    expect(textOf(fresh!.metadata!['encryption-key-id'])).toBe(SECOND.id);
  });

  it('says which key is missing, and which there are', async () => {
    const [sealed] = await codec.encode([payload()]);
    const other = createPayloadCodec({ keys: [SECOND], current: SECOND.id });
    await expect(other.decode([sealed!])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'a payload was encrypted with key "2026-01"; temporal.encryption.keys has 2026-07: add "2026-01" again to read it',
    });
  });

  it('passes other encodings through', async () => {
    const plain = payload();
    expect(await codec.decode([plain])).toEqual([plain]);
  });

  it('refuses bytes that were changed, cut short, or made with another key of that id', async () => {
    const [sealed] = await codec.encode([payload()]);
    const changed = Uint8Array.from(sealed!.data!);
    changed[changed.length - 1]! ^= 1;
    const impostor = createPayloadCodec({
      keys: [{ id: FIRST.id, key: SECOND.key }],
      current: FIRST.id,
    });
    const refused = { code: 'INVALID_INPUT', message: expect.stringContaining('was altered') };
    await expect(codec.decode([{ ...sealed!, data: changed }])).rejects.toMatchObject(refused);
    const cut = sealed!.data!.subarray(0, 20);
    await expect(codec.decode([{ ...sealed!, data: cut }])).rejects.toMatchObject(refused);
    await expect(impostor.decode([sealed!])).rejects.toMatchObject(refused);
  });
});

describe('the data converter', () => {
  it("is the SDK's own where nothing is to be encrypted", () => {
    expect(dataConverterOf(undefined)).toEqual({});
  });

  it('keeps message and stack of a failure in a payload', () => {
    const { failureConverterPath } = dataConverterOf({ keys: [FIRST], current: FIRST.id });
    const { failureConverter } = createRequire(import.meta.url)(failureConverterPath!) as {
      failureConverter: { errorToFailure(error: Error, converter: unknown): object };
    };
    expect(
      failureConverter.errorToFailure(new Error(SECRET), defaultPayloadConverter),
    ).toMatchObject({ message: 'Encoded failure', stackTrace: '', encodedAttributes: {} });
  });
});
