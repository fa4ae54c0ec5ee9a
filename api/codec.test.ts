import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Express } from 'express';
import request from 'supertest';
import { createPayloadCodec } from '../adapters/temporal/encryption.ts';
import { payloadToJson } from '../adapters/temporal/payload-json.ts';
import { ApiWorld } from '../test/factories/api-world.ts';

const UI = 'http://127.0.0.1:8233';
const codec = createPayloadCodec({
  keys: [{ id: 'k1', key: randomBytes(32).toString('base64') }],
  current: 'k1',
});

let world: ApiWorld;
let app: Express;

beforeEach(async () => {
  world = new ApiWorld();
  app = await world.open({ encryption: { codec, uiUrl: `${UI}/` } });
});

const PLAIN = payloadToJson(defaultPayloadConverter.toPayload('12.5 BTC'));

async function sealed(): Promise<object> {
  const [payload] = await codec.encode([defaultPayloadConverter.toPayload('12.5 BTC')]);
  return payloadToJson(payload!);
}

async function decode(headers: Record<string, string>, payloads: unknown[]) {
  return request(app)
    .post('/api/codec/decode?preserveStorageRefs=true')
    .set({ 'X-Namespace': 'default', ...headers })
    .send({ payloads });
}

describe('the codec endpoint', () => {
  it.each(['trader', 'risk', 'admin'] as const)('decodes for a %s', async (role) => {
    const answer = await decode({ authorization: await world.as(role) }, [await sealed(), PLAIN]);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ payloads: [PLAIN, PLAIN] });
  });

  it('refuses a viewer, and who shows no token', async () => {
    const viewer = await decode({ authorization: await world.as('viewer') }, [await sealed()]);
    expect(viewer.status).toBe(403);
    expect((await decode({}, [await sealed()])).status).toBe(401);
  });

  it('encodes, so that a signal can be sent from the UI', async () => {
    const authorization = await world.as('trader');
    const answer = await request(app)
      .post('/api/codec/encode')
      .set({ authorization })
      .send({ payloads: [PLAIN] });
    const { payloads } = answer.body as { payloads: object[] };
    expect(payloads).not.toEqual([PLAIN]);
    expect((await decode({ authorization }, payloads)).body).toEqual({ payloads: [PLAIN] });
  });

  it("lets the Temporal UI's page in, also by the cookie of a log-in, and no other page", async () => {
    const asked = await request(app)
      .options('/api/codec/decode')
      .set({ origin: UI, 'access-control-request-method': 'POST' });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, UI]);

    const login = await request(app)
      .post('/login')
      .send({ name: 'ann', password: 'correct horse' });
    const cookie = String(login.headers['set-cookie']);
    expect(cookie).toMatch(/Path=\/api\/codec; .*HttpOnly; SameSite=Strict/);
    const answer = await decode({ origin: UI, cookie: cookie.split(';')[0]! }, [await sealed()]);
    expect(answer.body).toEqual({ payloads: [PLAIN] });
    expect(answer.headers['access-control-allow-credentials']).toBe('true');

    const other = await decode({ origin: 'http://evil.example', cookie }, [await sealed()]);
    expect(other.status).toBe(403);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
    expect(JSON.stringify(other.body)).toContain('pages of http://evil.example may not decode');
  });

  it('says which key it lacks, and what a malformed body lacks', async () => {
    const authorization = await world.as('admin');
    const foreign = createPayloadCodec({
      keys: [{ id: 'k0', key: randomBytes(32).toString('base64') }],
      current: 'k0',
    });
    const [payload] = await foreign.encode([defaultPayloadConverter.toPayload(1)]);
    const unknown = await decode({ authorization }, [payloadToJson(payload!)]);
    expect([unknown.status, JSON.stringify(unknown.body)]).toEqual([
      400,
      expect.stringContaining('was encrypted with key \\"k0\\"'),
    ]);
    const malformed = await decode({ authorization }, [{ data: '%' }]);
    expect([malformed.status, JSON.stringify(malformed.body)]).toEqual([
      400,
      expect.stringContaining('body.payloads.0.data'),
    ]);
  });

  it('is not there, and leaves no cookie, where nothing is encrypted', async () => {
    app = await world.open();
    expect((await decode({ authorization: await world.as('admin') }, [])).status).toBe(404);
    const login = await request(app)
      .post('/login')
      .send({ name: 'ann', password: 'correct horse' });
    expect(login.headers['set-cookie']).toBeUndefined();
  });
});
