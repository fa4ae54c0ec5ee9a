/** An account's money: free and locked amounts by asset. */
import { Decimal, decimal } from '../core/money.ts';

export interface AssetBalance {
  readonly asset: string;
  readonly free: Decimal;
  readonly locked: Decimal;
}

const ZERO = new Decimal(0);

export class Balances {
  readonly #byAsset = new Map<string, AssetBalance>();

  constructor(opening: Readonly<Record<string, string>>) {
    for (const [asset, amount] of Object.entries(opening)) {
      this.#byAsset.set(asset, { asset, free: decimal(amount), locked: ZERO });
    }
  }

  replace(balances: readonly AssetBalance[]): void {
    this.#byAsset.clear();
    for (const balance of balances) {
      this.#byAsset.set(balance.asset, balance);
    }
  }

  get(asset: string): AssetBalance {
    return this.#byAsset.get(asset) ?? { asset, free: ZERO, locked: ZERO };
  }

  all(): AssetBalance[] {
    return [...this.#byAsset.values()];
  }

  /** Adds to (or with a negative amount takes from) what is free. */
  addFree(asset: string, amount: Decimal): void {
    const { free, locked } = this.get(asset);
    this.#set(asset, free.add(amount), locked);
  }

  /** Moves free money into a lock; a negative amount unlocks. */
  lock(asset: string, amount: Decimal): void {
    const { free, locked } = this.get(asset);
    this.#set(asset, free.sub(amount), locked.add(amount));
  }

  #set(asset: string, free: Decimal, locked: Decimal): void {
    if (free.isNegative() || locked.isNegative()) {
      throw new RangeError(
        `${asset} would be overdrawn: free ${free.toFixed()}, locked ${locked.toFixed()}`,
      );
    }
    this.#byAsset.set(asset, { asset, free, locked });
  }
}
