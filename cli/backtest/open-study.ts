/** From an opened run to many of it: for runs in other threads, and for a search. */
import type { BacktestInput } from '../../backtest/input.ts';
import type { SearchOptions, SearchTarget } from '../../backtest/optimise/search.ts';
import { searchSpace } from '../../backtest/optimise/space.ts';
import { spanOf, type Span } from '../../backtest/optimise/spans.ts';
import type { Parameters, Study } from '../../backtest/optimise/study.ts';
import type { StrategyRegistry } from '../../strategies/registry.ts';
import type { RunOptions } from './run-options.ts';

/** A run that is ready to go. */
export interface OpenedRun {
  readonly run: RunOptions;
  readonly registry: StrategyRegistry;
  readonly input: BacktestInput;
}

/** What a search is asked for: its space as texts, such as `fast=5..50:5`. */
export interface AskedSearch extends Omit<SearchOptions, 'space'> {
  readonly space?: readonly string[];
}

export interface OpenedSearch {
  readonly study: Study;
  readonly target: Omit<SearchTarget, 'stretch'>;
  readonly span: Span;
  readonly options: SearchOptions;
}

/** For runs in other threads, which make the strategy and its auxiliary data themselves. */
export function studyOf({ run, input }: OpenedRun): Study {
  const portable = Object.entries(input).filter(([name]) => name !== 'strategy' && name !== 'aux');
  return {
    input: Object.fromEntries(portable) as unknown as Study['input'],
    parameters: input.strategy.config as Parameters,
    strategyPaths: run.strategyPath ?? [],
  };
}

/** Throws as `searchSpace`. */
export function openSearch(opened: OpenedRun, asked: AskedSearch): OpenedSearch {
  const study = studyOf(opened);
  const strategy = opened.registry.get(study.input.strategyType);
  const fixed = Object.keys(opened.run.parameters ?? {});
  const { sampler, objective, minTrades, trials, seed } = asked;
  const space = searchSpace(strategy, asked.space ?? [], fixed);
  return {
    study,
    target: { strategy, parameters: study.parameters },
    span: spanOf(study.input),
    options: { space, sampler, objective, minTrades, trials, seed },
  };
}
