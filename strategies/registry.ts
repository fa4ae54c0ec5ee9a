/** The strategies a process knows by name. Add yours to `defaultRegistry` and it can be started everywhere. */
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import type { BaseStrategy, StrategyClass } from './base-strategy.ts';
import { BollingerBreakout } from './bollinger-breakout.ts';
import { CrossSectionalMomentum } from './cross-sectional-momentum.ts';
import { Dca } from './dca.ts';
import { FundingCarry } from './funding-carry.ts';
import { Grid } from './grid.ts';
import { MacdCross } from './macd.ts';
import { PairsSpread } from './pairs-spread.ts';
import { RsiMeanReversion } from './rsi-mean-reversion.ts';
import { SmaCross } from './sma-cross.ts';
import { Turtle } from './turtle.ts';

export interface StrategyListing {
  readonly type: string;
  readonly summary: string;
  /** JSON Schema of the configuration, with ranges and defaults. */
  readonly configSchema: Readonly<Record<string, unknown>>;
}

export class StrategyRegistry {
  readonly #classes = new Map<string, StrategyClass>();

  /** Adds a class. Throws CONFLICT when its type is taken by another class, INVALID_INPUT for a bad name. */
  register(strategy: StrategyClass): this {
    const { type } = strategy;
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(type)) {
      throw new KeelError(
        'INVALID_INPUT',
        `"${type}" cannot name a strategy; use lower-case words joined by "-", such as sma-cross`,
      );
    }
    const taken = this.#classes.get(type);
    if (taken !== undefined && taken !== strategy) {
      throw new KeelError('CONFLICT', `a strategy named "${type}" is registered already`);
    }
    this.#classes.set(type, strategy);
    return this;
  }

  /** The class of that name. Throws STRATEGY_UNKNOWN, listing the names there are. */
  get(type: string): StrategyClass {
    const strategy = this.#classes.get(type);
    if (strategy === undefined) {
      const known = [...this.#classes.keys()].sort().join(', ');
      throw new KeelError(
        'STRATEGY_UNKNOWN',
        `no strategy is named "${type}"; there are: ${known}`,
      );
    }
    return strategy;
  }

  /** The configuration with defaults filled in. Throws CONFIG_INVALID with every fault in `details.issues`. */
  parseConfig(type: string, config: unknown): Record<string, unknown> {
    const parsed = this.get(type).config.safeParse(config);
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.map(
      (issue) => `${issue.path.map(String).join('.') || '(config)'}: ${issue.message}`,
    );
    throw new KeelError(
      'CONFIG_INVALID',
      `the configuration of ${type} has ${String(issues.length)} fault(s): ${issues.join('; ')}`,
      { details: { issues } },
    );
  }

  /** A strategy with its configuration checked. Throws as `get` and `parseConfig`. */
  create(type: string, config: unknown): BaseStrategy {
    const strategy = this.get(type);
    return new strategy(this.parseConfig(type, config) as never);
  }

  /** All strategies by name, with their configuration's JSON Schema. */
  list(): StrategyListing[] {
    return [...this.#classes.values()]
      .map(({ type, summary, config }) => ({
        type,
        summary,
        configSchema: z.toJSONSchema(config, { io: 'input' }),
      }))
      .sort((a, b) => a.type.localeCompare(b.type));
  }
}

/** A registry with the strategies Keel ships. */
export function defaultRegistry(): StrategyRegistry {
  return new StrategyRegistry()
    .register(SmaCross)
    .register(RsiMeanReversion)
    .register(MacdCross)
    .register(BollingerBreakout)
    .register(Turtle)
    .register(Grid)
    .register(Dca)
    .register(CrossSectionalMomentum)
    .register(PairsSpread)
    .register(FundingCarry);
}
