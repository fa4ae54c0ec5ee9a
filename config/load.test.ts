import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig, parseConfig } from './load.ts';

const VENUE = { adapter: 'binance', accountId: 'binance-sandbox', symbols: ['BTC/USDT'] };
const LEAST = { postgresUrl: 'postgres://keel@127.0.0.1/keel', venues: [VENUE] };

const folder = mkdtempSync(join(tmpdir(), 'keel-config-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
function configFile(text: string): string {
  const file = join(folder, `${String((files += 1))}.yaml`);
  writeFileSync(file, text);
  return file;
}

describe('the configuration', () => {
  it('needs little: paper mode, memory bus and cache are the defaults', () => {
    const config = parseConfig(LEAST);
    expect(config.mode).toBe('paper');
    expect(config.bus).toEqual({ kind: 'memory' });
    expect(config.venues[0]?.restUrl).toBe('https://api.binance.com');
  });

  it('reconciles every two minutes unless told otherwise, and no faster than every ten seconds', () => {
    const every = (reconciliation?: object) =>
      parseConfig({ ...LEAST, ...(reconciliation && { reconciliation }) }).reconciliation.everyMs;
    expect(every()).toBe(120_000);
    expect(every({ everyMs: 30_000 })).toBe(30_000);
    expect(() => every({ everyMs: 9_999 })).toThrow(/reconciliation\.everyMs: .*10000.*9999/);
  });

  it('reports all three of three errors at once, each with what was given', () => {
    const broken = {
      ...LEAST,
      mode: 'reckless',
      api: { port: 99_999 },
      venues: [{ ...VENUE, symbols: ['BTCUSDT'] }],
    };
    expect(() => parseConfig(broken, 'keel.yaml')).toThrow(
      /^keel\.yaml has 3 errors:\n {2}- mode: .*"reckless".*\n {2}- venues\.0\.symbols\.0: .*BTC\/USDT.*"BTCUSDT".*\n {2}- api\.port: .*65535.*99999/,
    );
  });

  it('refuses an unknown field by its name', () => {
    expect(() => parseConfig({ ...LEAST, postgressUrl: 'x' })).toThrow(/postgressUrl/);
  });

  it('never repeats a secret in an error', () => {
    const config = { ...LEAST, venues: [{ ...VENUE, secret: 12_345 }] };
    expect(() => parseConfig(config)).toThrow(/venues\.0\.secret/);
    expect(() => parseConfig(config)).not.toThrow(/12345/);
  });

  it('checks the keys that encrypt payloads, and repeats none of them', () => {
    const encryption = (keys: object[], current: string) => ({
      ...LEAST,
      temporal: { encryption: { keys, current } },
    });
    const key = Buffer.alloc(32, 7).toString('base64');
    const one = { id: 'a', key };
    expect(parseConfig(encryption([one], 'a')).temporal.encryption?.current).toBe('a');
    const short = encryption([{ id: 'a', key: 'c2hvcnQ=' }], 'a');
    expect(() => parseConfig(short)).toThrow(/keys\.0\.key: expected 32 bytes in base64/);
    expect(() => parseConfig(short)).not.toThrow(/c2hvcnQ/);
    expect(() => parseConfig(encryption([one], 'b'))).toThrow(/current: .*one of the keys: a/);
    expect(() => parseConfig(encryption([one, one], 'a'))).toThrow(/an id of its own/);
    expect(() => parseConfig(encryption([one, one], 'a'))).not.toThrow(key);
  });

  it('takes live mode only with the second word', () => {
    expect(() => parseConfig({ ...LEAST, mode: 'live' })).toThrow(/iUnderstandLive/);
    const keys = { apiKey: 'key', secret: 'secret' };
    const live = { ...LEAST, mode: 'live', iUnderstandLive: true };
    expect(parseConfig({ ...live, venues: [{ ...VENUE, ...keys }] }).mode).toBe('live');
    expect(() => parseConfig(live)).toThrow(
      /venues\.0\.apiKey: .*needs apiKey and secret for the account binance-sandbox/,
    );
  });

  describe('of OKX', () => {
    const okx = { ...VENUE, adapter: 'okx', accountId: 'okx-main' };

    it('has the real addresses, and needs a passphrase to trade live', () => {
      expect(parseConfig({ ...LEAST, venues: [okx] }).venues[0]).toMatchObject({
        restUrl: 'https://www.okx.com',
        tdMode: 'cross',
        leverage: 1,
      });
      const live = { ...LEAST, mode: 'live', iUnderstandLive: true };
      const keys = { apiKey: 'key', secret: 'secret' };
      expect(() => parseConfig({ ...live, venues: [{ ...okx, ...keys }] })).toThrow(
        /needs apiKey and secret and passphrase for the account okx-main/,
      );
    });

    it('lets a sandbox trade at the real address only as demo', () => {
      const sandbox = { ...LEAST, mode: 'sandbox' };
      expect(() => parseConfig({ ...sandbox, venues: [okx] })).toThrow(/must not trade at www.okx/);
      expect(parseConfig({ ...sandbox, venues: [{ ...okx, demo: true }] }).mode).toBe('sandbox');
    });

    it('plays no perpetuals on paper', () => {
      const swaps = { ...okx, symbols: ['BTC/USDT', 'BTC/USDT:USDT'] };
      expect(() => parseConfig({ ...LEAST, mode: 'paper', venues: [swaps] })).toThrow(
        /venues\.0\.symbols: .*"paper" plays spot only: trade BTC\/USDT:USDT/,
      );
    });
  });

  it.each(['https://api.binance.com', 'https://binance.us'])(
    'lets no sandbox trade at %s',
    (restUrl) => {
      const sandbox = { ...LEAST, mode: 'sandbox', venues: [{ ...VENUE, restUrl }] };
      expect(() => parseConfig(sandbox)).toThrow(/venues\.0\.restUrl: .*must not trade at/);
    },
  );

  it.each(['http://127.0.0.1:8090', 'https://testnet.binance.com', 'https://notbinance.com'])(
    'lets a sandbox trade at %s',
    (restUrl) => {
      const sandbox = { ...LEAST, mode: 'sandbox', venues: [{ ...VENUE, restUrl }] };
      expect(parseConfig(sandbox).mode).toBe('sandbox');
    },
  );

  it('reads the file, then the environment over it', () => {
    const file = configFile(
      'postgresUrl: postgres://file/keel\nvenues:\n  - adapter: binance\n    accountId: a\n    symbols: [BTC/USDT]\n',
    );
    const config = loadConfig({
      KEEL_CONFIG: file,
      KEEL_POSTGRES_URL: 'postgres://environment/keel',
      KEEL_API_PORT: '9000',
    });
    expect(config.postgresUrl).toBe('postgres://environment/keel');
    expect(config.api.port).toBe(9000);
  });

  it('trades perpetuals at a venue, not on paper, and names only perpetuals there', () => {
    const venue = {
      adapter: 'binance-usdm',
      accountId: 'perps',
      symbols: ['BTC/USDT:USDT'],
      restUrl: 'http://127.0.0.1:9080',
      leverage: 3,
    };
    const config = { postgresUrl: 'postgres://db/keel', mode: 'sandbox', venues: [venue] };
    expect(parseConfig(config).venues[0]).toMatchObject({ leverage: 3, marginType: 'cross' });
    expect(() => parseConfig({ ...config, mode: 'paper' })).toThrow(/"paper" plays spot only/);
    const spot = { ...venue, symbols: ['BTC/USDT'] };
    expect(() => parseConfig({ ...config, venues: [spot] })).toThrow(/expected a perpetual/);
  });

  it('accepts the example that is to be copied', () => {
    const config = loadConfig({ KEEL_CONFIG: 'keel.example.yaml' });
    expect(config.mode).toBe('paper');
    expect(config.venues[0]).toMatchObject({ openingBalances: { USDT: '10000' } });
  });

  it('says which file is missing, no YAML, or no mapping', () => {
    expect(() => loadConfig({ KEEL_CONFIG: '/nowhere/keel.yaml' })).toThrow(/does not exist/);
    expect(() => loadConfig({ KEEL_CONFIG: configFile('a: [1') })).toThrow(/not valid YAML/);
    expect(() => loadConfig({ KEEL_CONFIG: configFile('- a') })).toThrow(/mapping/);
  });
});
