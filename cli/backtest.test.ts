import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BacktestDocument } from '../backtest/report/json.ts';
import { run } from './keel.ts';
import type { Io } from './session.ts';

const CHECK = 'data/checks/sma-100k.csv.gz';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keel-backtest-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function keel(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    environment: { KEEL_DATA_DIR: folder, KEEL_CACHE_DIR: join(folder, 'cache') },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
  };
  const code = await run(line, io);
  return { code, out, err: err.join('\n') };
}

function documentOf(text: string | undefined): BacktestDocument {
  return JSON.parse(text ?? '') as BacktestDocument;
}

describe('keel backtest', () => {
  // Figures of independent engines.
  it('has the figures of the check, as one JSON document', async () => {
    const settings = ['fast=10', 'slow=30', 'quantity=10'].flatMap((text) => ['--set', text]);
    const { code, out, err } = await keel(
      ...['backtest', '--data', CHECK, '-s', 'sma-cross', ...settings],
      ...['--fee', '0.001', '--wallet', '1000000', '--json'],
    );
    expect([code, err, out.length]).toEqual([0, '', 1]);
    expect(JSON.parse(out[0]!)).toMatchObject({
      summary: { roundTrips: 1962, finalEquity: '995940.9659889' },
      result: { run: { symbols: ['BTC/USDT'], interval: '1m', exchange: 'binance' } },
    });
  });

  /** Hourly bars: up, then down; one cross each way of the averages over 2 and 3. */
  function smallFile(name = 'BTCUSDT-okx-1h.csv'): string {
    const closes = [10, 10, 10, 9, 11, 12, 13, 14, 12, 10, 9, 9];
    const rows = closes.map((close, hour) => {
      const open = closes[hour - 1] ?? close;
      const at = Date.UTC(2024, 0, 1, hour);
      return [at, open, Math.max(open, close), Math.min(open, close), close, 100].join(',');
    });
    const file = join(folder, name);
    writeFileSync(file, `timestamp,open,high,low,close,volume\n${rows.join('\n')}\n`);
    return file;
  }

  const small = ['-s', 'sma-cross', '--set', 'fast=2', 'slow=3', 'quantity=1', '--wallet', '1000'];

  it('takes market, fee and limits from names and options', async () => {
    const { code, out } = await keel(
      'backtest',
      '--data',
      smallFile(),
      ...small,
      '--fee',
      '0.01',
      '--json',
    );
    expect(code).toBe(0);
    const { summary, result } = documentOf(out[0]);
    // The averages cross at the closes 12 and 10; orders fill at the next opens. 1000 − 2 − 0.12 − 0.10.
    expect(result.fills).toMatchObject([
      { side: 'buy', price: '12', feeAmount: '0.12', feeAsset: 'USDT' },
      { side: 'sell', price: '10', feeAmount: '0.1', feeAsset: 'USDT' },
    ]);
    expect(summary.finalEquity).toBe('997.78');
    expect(result.run).toMatchObject({ exchange: 'okx', interval: '1h', symbols: ['BTC/USDT'] });
    const denied = await keel(
      ...['backtest', '--data', smallFile(), ...small, '--max-order-notional', '5', '--json'],
    );
    expect(documentOf(denied.out[0]).result.orders).toContainEqual(
      expect.objectContaining({ state: 'denied', reasonCode: 'RISK_ORDER_NOTIONAL' }),
    );
  });

  it('reads a file of options, before which the command line goes', async () => {
    const config = join(folder, 'run.yaml');
    writeFileSync(
      config,
      `strategy: sma-cross\ndata: ${smallFile()}\nfee: 0.01\nwallet: 500\nparameters: { fast: 2, slow: 4, quantity: 1 }\n`,
    );
    const { out } = await keel(
      'backtest',
      '-c',
      config,
      '--set',
      'slow=3',
      '--wallet',
      '1000',
      '--json',
    );
    expect(documentOf(out[0]).summary.finalEquity).toBe('997.78');
    writeFileSync(config, 'strateg: sma-cross\nfee: dear\n');
    const { code, err } = await keel('backtest', '-c', config);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/run.yaml: fee.*run.yaml: strateg: unknown/),
    ]);
  });

  it('exports a run, and reports it again', async () => {
    const target = join(folder, 'out');
    const run = await keel('backtest', '--data', smallFile(), ...small, '--export', target);
    expect(readdirSync(target).sort()).toEqual([
      'equity.csv',
      'fills.csv',
      'orders.csv',
      'report.html',
      'result.json',
      'trades.csv',
    ]);
    const page = join(folder, 'page.html');
    const again = await keel('report', join(target, 'result.json'), '--html', page);
    expect([again.code, again.out]).toEqual([0, run.out]);
    expect(readFileSync(page, 'utf8')).toContain('<title>Backtest of sma-cross');
    expect((await keel('report', smallFile())).code).toBe(2);
  });

  it.each([
    ['--export', 'file/out', /file\/out\/result\.json .*EEXIST: .* mkdir '\S*\/file'/],
    ['--html', 'file/page.html', /file\/page\.html .*EEXIST: .* mkdir '\S*\/file'/],
    ['--html', '.', /EISDIR/],
  ])('says why it cannot write %s %s, before it runs', async (option, path, why) => {
    writeFileSync(join(folder, 'file'), '');
    const line = ['backtest', '--data', smallFile(), ...small, option, join(folder, path)];
    const { code, out, err } = await keel(...line);
    expect([code, out, err]).toEqual([2, [], expect.stringMatching(why)]);
    expect(err).toMatch(/^keel: \S+ cannot be written \(.*\): name another that you may write to$/);
  });

  it('leaves a page as it was where the run fails', async () => {
    const [there, none] = [join(folder, 'there.html'), join(folder, 'none.html')];
    writeFileSync(there, 'older');
    for (const page of [there, none]) {
      const line = ['backtest', '--data', smallFile(), '-s', 'sma-cross', '--set', 'fast=-1'];
      expect((await keel(...line, '--html', page)).code).toBe(2);
    }
    expect(readFileSync(there, 'utf8')).toBe('older');
    expect(existsSync(none)).toBe(false);
  });

  // In a process of its own: Node's recursive mkdir never returns there.
  it.each([
    ['backtest --export', 2, () => ['backtest', '--data', smallFile(), ...small, '--export']],
    ['strategy new --dir', 2, () => ['strategy', 'new', 'my-breakout', '--dir']],
    ['data import --data-dir', 1, () => ['data', 'import', smallFile(), '--data-dir']],
  ])('ends where no folder can be made: %s', (_, code, line) => {
    const { status, stderr } = spawnKeel(...line(), '/proc/keel');
    expect([status, stderr]).toEqual([code, expect.stringMatching(/^keel: .* mkdir '\/proc/)]);
  });

  it('runs over bars of the library', async () => {
    await keel('data', 'import', smallFile());
    const { out } = await keel(
      'backtest',
      '-p',
      'BTC/USDT',
      '-i',
      '1h',
      ...small,
      '--fee',
      '0',
      '--json',
    );
    expect(documentOf(out[0]).summary.finalEquity).toBe('998');
    const none = await keel('backtest', '-p', 'ETH/USDT', ...small);
    expect([none.code, none.err]).toEqual([3, expect.stringContaining('okx BTC/USDT 1h')]);
  });

  it('tells flaws of the data, and what was assumed', async () => {
    const file = smallFile('bars.csv');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.filter((_, index) => index !== 5).join('\n'));
    const { out } = await keel('backtest', '--data', file, ...small, '--json');
    expect(documentOf(out[0]).result.notices).toEqual([
      expect.stringContaining('gap 1 (1 bars missing)'),
      expect.stringContaining('taken for BTC/USDT'),
      expect.stringContaining('no --fee was given: 0.001'),
    ]);
  });

  it('tells a symbol that the file is not named for, and orders that are too small', async () => {
    const args = ['--symbol', 'ETH/USDT', '--min-notional', '1000000', '--json'];
    const { out } = await keel('backtest', '--data', smallFile(), ...small, ...args);
    const { result } = documentOf(out[0]);
    expect(result.fills).toEqual([]);
    expect(result.notices).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/is named for BTC\/USDT: taken for ETH\/USDT, as you say$/),
        expect.stringMatching(/^1 order was denied by FILTER_NOTIONAL; the first: .*notional/),
      ]),
    );
  });

  it.each<[string, number, RegExp]>([
    ['-s astrology --data FILE', 2, /no strategy is named "astrology"; there are: .*sma-cross/],
    ['--data FILE', 2, /say which strategy by --strategy: .*sma-cross/],
    [
      '-s sma-cross --set fats=2 --data FILE',
      2,
      /no parameter "fats"; there are: .*fast \(2 … 200\)/,
    ],
    ['-s sma-cross --set fast=999 --data FILE', 2, /fast: .*<=200/],
    ['-s sma-cross --set fast --data FILE', 2, /write key=value/],
    ['-s sma-cross --data FILE --timerange 20230101-20230201', 2, /is 2024-01-01T00:00:00.000Z to/],
    ['-s sma-cross --data /nowhere.csv', 2, /nowhere.csv cannot be read/],
    ['-s sma-cross --data FILE -i 1m', 2, /wants bars of 1m .* the data has bars of 1h/],
    ['-s sma-cross --data FILE --set exchange=mars', 2, /wants bars of mars:BTC\/USDT/],
    ['-s sma-cross --data FILE --leverage 3', 2, /--leverage is for perpetuals/],
    ['-s sma-cross --data FILE --fee dear', 2, /--fee: expected a decimal/],
    ['-s sma-cross --data FILE --fee -0.1', 2, /--fee: expected zero or more/],
    ['-s sma-cross --data FILE --fee 1', 2, /--fee: expected a rate under 1: 0.001 is 0.1 %/],
    ['-s sma-cross --data FILE --wallet 0', 2, /--wallet: expected more than zero/],
    ['-s sma-cross --data FILE --volume-share 2', 2, /volumeShare is 2; allowed is/],
    ['-s sma-cross --data FILE --detail 1m', 3, /no bars of okx BTC\/USDT 1m/],
    ['-s sma-cross --data FILE ETH/USDT=FILE', 2, /takes no bars of ETH\/USDT/],
    ['-s sma-cross --data data/flaws/BTCUSD-bitfinex-1h-disorder.csv', 2, /is unfit: row 13/],
    ['-s sma-cross --strategy-path /nowhere --data FILE', 2, /there is no \/nowhere/],
  ])('%s ends with exit code %d', async (line, exitCode, message) => {
    const file = smallFile();
    const args = line.split(' ').map((word) => word.replace('FILE', file));
    const { code, err } = await keel('backtest', ...args);
    expect([code, err]).toEqual([exitCode, expect.stringMatching(message)]);
  });

  it('runs a strategy of your own from outside the repository', async () => {
    const own = join(folder, 'own');
    expect((await keel('strategy', 'new', 'my-breakout', '--dir', own)).code).toBe(0);
    expect((await keel('strategy', 'new', 'my-breakout', '--dir', own)).code).toBe(4);
    expect((await keel('strategy', 'new', 'MyBreakout', '--dir', own)).code).toBe(2);
    const tests = spawnKeel('strategy', 'test', join(own, 'my-breakout.test.ts'));
    expect([tests.status, tests.stdout]).toEqual([0, expect.stringContaining('pass 2')]);
    const args = ['--strategy-path', own, '--data', smallFile(), '--set', 'lookback=2', '--json'];
    const run = spawnKeel('backtest', '-s', 'my-breakout', ...args);
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(documentOf(run.stdout).summary.roundTrips).toBe(1);
    const file = join(own, 'my-breakout.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace('const { close, length }', "throw new Error('oh'); const { close, length }"),
    );
    const failed = spawnKeel('backtest', '-s', 'my-breakout', ...args);
    expect(failed.status).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      error: {
        code: 'STRATEGY_FAILED',
        message: expect.stringMatching(
          /my-breakout.* failed on bar okx:BTC\/USDT:1h closing at 2024-01-01T01:00:00.000Z: oh/,
        ),
      },
    });
    writeFileSync(file, 'export class {');
    const broken = spawnKeel('backtest', '-s', 'my-breakout', ...args.slice(0, -1));
    expect([broken.status, broken.stderr]).toEqual([
      2,
      expect.stringContaining('cannot be loaded'),
    ]);
    expect(existsSync(join(own, 'tsconfig.json'))).toBe(true);
  });

  /** In a process of its own: jest has a module loader that knows no hooks. */
  function spawnKeel(...args: string[]) {
    return spawnSync(process.execPath, ['cli/keel.ts', ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      env: {
        ...process.env,
        KEEL_DATA_DIR: folder,
        KEEL_CACHE_DIR: join(folder, 'cache'),
        NODE_OPTIONS: '',
      },
    });
  }
});

describe('keel strategy', () => {
  it('lists strategies and shows the parameters of one', async () => {
    expect((await keel('strategy', 'list')).out[0]).toMatch(/^sma-cross +Long while/m);
    const shown = (await keel('strategy', 'show', 'sma-cross')).out[0];
    expect(shown).toMatch(/^│ fast +int +20 +2 … 200 +bars of the fast/m);
    expect(shown).toMatch(/^│ allocation +number +– +above 0 … 1 +fraction/m);
    expect(shown).toMatch(/It bets\s+on trends[^]*Brock, Lakonishok and LeBaron/);
    expect(shown).toMatch(/^Bars: binance:BTC\/USDT:1m, and 60 before the first it acts on$/m);
    expect(shown).toMatch(/^Example: keel backtest -s sma-cross --data FILE --set fast=20/m);
    expect(Math.max(...shown!.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect((await keel('strategy', 'show', 'astrology')).code).toBe(2);
  });
});
