/** `keel replay --since`: recorded decisions under other rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiWorld } from '../test/factories/api-world.ts';
import { recordDecision } from '../test/factories/decisions.ts';
import { T0 } from '../test/factories/market.ts';
import { run } from './keel.ts';

let world: ApiWorld;
let server: Server;
let folder: string;

beforeEach(async () => {
  world = new ApiWorld();
  server = createServer(await world.open());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'keel-decisions-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function replay(...options: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['replay', ...options], {
    environment: {
      KEEL_API_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      KEEL_TOKEN: await world.tokens.issue({ name: 'vic', role: 'viewer' }),
      KEEL_DATA_DIR: folder,
    },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function rules(text: string): string {
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, text);
  return file;
}

const SINCE = ['--since', String(T0)];

describe('the decision diff', () => {
  it('exit code 0 where nothing would differ, over all pages and no other time', async () => {
    for (let index = 0; index < 450; index += 1) {
      world.decisions.push(recordDecision(`order-${String(index)}`));
    }
    world.decisions.push({ ...recordDecision('later'), decidedAt: T0 + 5 });
    const { code, out } = await replay(...SINCE, '--until', String(T0 + 1));
    expect([code, out]).toEqual([
      0,
      '450 decisions: 0 would differ, 0 cannot be decided again, 0 have no recorded inputs',
    ]);
  });

  it('exit code 1, and each order whose verdict would differ, with both reasons', async () => {
    const small = recordDecision('small', {
      signal: { wanted: { kind: 'order', side: 'buy', quantity: '0.5' } },
    });
    world.decisions.push(recordDecision('large'), small, {
      ...recordDecision('old'),
      admission: null,
      risk: null,
    });
    const file = rules(
      'limits:\n  all: { maxOrderNotional: "60" }\n  strategies: { nobody: {} }\n',
    );
    const { code, out } = await replay(...SINCE, '--rules', file);
    expect(code).toBe(1);
    expect(out).toMatch(
      /large +\S+ +BTC\/USDT +approved 1 +\S* +denied 1 +the order is worth 100 USDT, the limit is 60/,
    );
    expect(out).not.toMatch(/^small/m);
    expect(out).toContain('note: no order of strategy "nobody", which the rules file names');
    expect(out).toContain('3 decisions: 1 would differ, 0 cannot be decided again, 1 have no');
    const json = await replay(...SINCE, '--rules', file, '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      decisions: 3,
      unrecorded: 1,
      differ: [{ orderId: 'large', recorded: { verdict: 'approved' }, now: { verdict: 'denied' } }],
      unused: ['nobody'],
    });
  });

  it('inputs that the code of today cannot take are told; the rest is decided', async () => {
    const odd = recordDecision('odd');
    const input = { ...odd.admission!.input, position: 'a lot' };
    world.decisions.push({ ...odd, admission: { ...odd.admission!, input } });
    world.decisions.push(recordDecision('sound'));
    const { code, out } = await replay(...SINCE);
    expect(code).toBe(1);
    expect(out).toMatch(/odd cannot be decided again: .*a lot/);
    expect(out).toContain('2 decisions: 0 would differ, 1 cannot be decided again');
  });
});

describe('bad input', () => {
  it.each([
    [
      'rulesOff: [daily-order]',
      /rulesOff\.0: there is no rule "daily-order"; the rules are halted, /,
    ],
    ['limits: { all: { maxPosition: -1 } }', /limits\.all\.maxPosition/],
    ['limit: {}', /"limit"/],
    ['a: [', /cannot be read/],
  ])('of a rules file: %s', async (text, message) => {
    const { code, err } = await replay(...SINCE, '--rules', rules(text));
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toContain('rules.yaml');
  });

  it.each([
    [['--since', 'yesterday'], /expected milliseconds UTC, or an ISO date/],
    [['--since', '2026-02-30'], /expected milliseconds UTC/],
    [['--since', '2026-07-02', '--until', '2026-07-01T00:00:00Z'], /--until is before --since/],
    [[], /give either --histories or --since/],
    [['--histories', '--since', '1'], /give either --histories or --since/],
    [['--histories', '--rules', 'x'], /belong to --since/],
    [['--since', '1', '--rules', '/nowhere.yaml'], /\/nowhere\.yaml cannot be read/],
  ])('of options: %j', async (options, message) => {
    const { code, err } = await replay(...options);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
