import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../temporal-config/search-attributes.ts';
import { checkEngine, composeMissing, fillPasswords } from './compose.ts';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const ROOT = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
/** Services that run to their end: another one waits for that. */
const jobs = new Set(
  services.flatMap(([, service]) =>
    Object.entries(service.depends_on ?? {})
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  ),
);

describe('docker-compose.yml', () => {
  const schema = JSON.parse(read('stack/schema/compose-spec.json')) as { $schema?: string };
  // ajv knows draft 7 by its http address only.
  delete schema.$schema;
  const validate = new Ajv({ strict: false, logger: false, validateFormats: false }).compile(
    schema,
  );

  it('obeys the Compose Specification', () => {
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it('is checked by a schema that refuses what is not in the specification', () => {
    expect(validate({ services: { postgres: { image: 'x', healthchek: {} } } })).toBe(false);
  });

  it('has the servers of the native stack, TimescaleDB, Temporal and its page', () => {
    expect(compose.services['postgres']?.image).toMatch(/^timescale\/timescaledb:/);
    expect(services.map(([name]) => name)).toEqual(
      expect.arrayContaining(['postgres', 'redis', 'kafka', 'temporal', 'temporal-ui']),
    );
  });

  it.each(services)('%s: a pinned image, and a health check or an end', (name, service) => {
    expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
    if (jobs.has(name)) expect(service.healthcheck).toBeUndefined();
    else expect(service.healthcheck?.test.length).toBeGreaterThan(1);
  });

  it.each(services)(
    '%s: ports on the loopback address only, no password in plain',
    (_name, service) => {
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        if (/PASSWORD|PWD|AUTH|SECRET/.test(variable))
          expect(value).toMatch(/^\$\{KEEL_\w+_PASSWORD:\?/);
      }
    },
  );

  it('keeps each store in a volume that is declared', () => {
    const used = services
      .flatMap(([, service]) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((volume) => !volume.startsWith('.'));
    expect(new Set(used)).toEqual(new Set(Object.keys(compose.volumes)));
  });

  it('asks for every variable that it needs in .env.example', () => {
    const required = [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(
      (match) => match[1],
    );
    for (const name of new Set(required))
      expect(read('.env.example')).toContain(`${String(name)}=`);
  });

  it('registers the search attributes that the code uses', () => {
    const script = read('temporal-config/create-namespace.sh');
    const names = /for name in (.+); do/.exec(script)?.[1]?.split(' ');
    expect(names).toEqual(Object.keys(SEARCH_ATTRIBUTES));
  });

  it.each(['create-schema.sh', 'create-namespace.sh'])(
    '%s is a shell script without faults of syntax',
    (file) => {
      expect(
        execFileSync('sh', ['-n', join(ROOT, 'temporal-config', file)], { encoding: 'utf8' }),
      ).toBe('');
    },
  );
});

describe('containers', () => {
  it('get passwords of their own', () => {
    let next = 0;
    const text = fillPasswords(
      'A=1\nKEEL_X_PASSWORD=\nKEEL_Y_PASSWORD=kept\n# KEEL_Z_PASSWORD=\n',
      () => `p${String(++next)}`,
    );
    expect(text).toBe('A=1\nKEEL_X_PASSWORD=p1\nKEEL_Y_PASSWORD=kept\n# KEEL_Z_PASSWORD=\n');
  });

  it('that do not run are named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keel-docker-'));
    const docker = join(folder, 'docker');
    writeFileSync(docker, '#!/bin/sh\nprintf "postgres\\nredis\\nkafka\\n"\n', { mode: 0o755 });
    expect(await composeMissing(docker)).toEqual(['temporal', 'temporal-ui']);
    rmSync(folder, { recursive: true });
  });

  it('say what is missing where there is no engine', async () => {
    await expect(checkEngine('/bin/false')).rejects.toThrow(
      /compose[\s\S]*What to do: start Docker/,
    );
    await expect(checkEngine('/nowhere/docker')).rejects.toThrow(/docker: it has no/);
  });
});
