/** Balances and positions of one account, the venue's against ours. */
import { isDeepStrictEqual } from 'node:util';
import type {
  Difference,
  ReconciliationRepository,
} from '../adapters/reconciliation-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { decimal, toDecimalString } from '../core/money.ts';
import { compareHoldings, type HoldingDifference, uncovered } from '../core/reconciliation.ts';
import { isContract, parseSymbol } from '../core/symbol.ts';

const LOOKS = 5;
const PAUSE_MS = 1_000;

/**
 * The differences between two reads of our books that are equal, with nothing in flight; null where there was
 * no such moment in five looks.
 */
export async function compareAccount(
  reconciliation: Pick<ReconciliationRepository, 'holdings'>,
  adapter: Pick<TradeAdapter, 'accountId' | 'getBalances' | 'getPositions'>,
  sleep: (ms: number) => Promise<void>,
): Promise<readonly Difference[] | null> {
  const { accountId } = adapter;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    if (looks > 0) await sleep(PAUSE_MS);
    const before = await reconciliation.holdings(accountId);
    if (before.inFlight) continue;
    const balances = Object.fromEntries(
      (await adapter.getBalances()).map(({ asset, free, locked }) => [
        asset,
        toDecimalString(decimal(free).plus(locked)),
      ]),
    );
    const contracts = Object.fromEntries(
      (await adapter.getPositions())
        .filter(({ symbol }) => isContract(symbol))
        .map(({ symbol, quantity }) => [symbol, quantity]),
    );
    const after = await reconciliation.holdings(accountId);
    if (!isDeepStrictEqual(before, after)) continue;
    const held = Object.entries(after.positions);
    const describe = (difference: HoldingDifference): Difference =>
      differenceOf(accountId, difference, after.others[difference.subject]);
    return [
      ...compareHoldings('balance-off', balances, after.balances),
      ...compareHoldings(
        'position-off',
        contracts,
        Object.fromEntries(held.filter(([symbol]) => isContract(symbol))),
      ),
      ...uncovered(balances, byBase(held.filter(([symbol]) => !isContract(symbol)))),
    ].map(describe);
  }
  return null;
}

function byBase(held: readonly (readonly [string, string])[]): Record<string, string> {
  const sums: Record<string, string> = {};
  for (const [symbol, quantity] of held) {
    const { base } = parseSymbol(symbol);
    sums[base] = toDecimalString(decimal(sums[base] ?? '0').plus(quantity));
  }
  return sums;
}

function differenceOf(
  accountId: string,
  { kind, subject, venue, ours, off }: HoldingDifference,
  others: string | undefined,
): Difference {
  const what =
    kind === 'balance-off'
      ? `${accountId} holds ${venue} ${subject} at the venue, ${ours} by our books`
      : `${accountId} has ${venue} ${subject} at the venue, its strategies together ${ours}`;
  const symbol = kind === 'position-off' && isSymbol(subject) ? subject : null;
  const theirs = others === undefined ? '' : ` (others have traded ${others})`;
  return { kind, subject, symbol, off, message: `${what}: ${off} off${theirs}` };
}

/** Of a contract; on spot the subject is the asset. */
function isSymbol(subject: string): boolean {
  return subject.includes('/');
}
