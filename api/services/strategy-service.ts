/** Strategies: create, list, show; start and stop through Temporal. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Repositories } from '../../adapters/repositories.ts';
import type { StrategyRecord } from '../../adapters/strategy-repository.ts';
import { KeelError } from '../../core/errors.ts';
import { isContract } from '../../core/symbol.ts';
import type { StrategyListing, StrategyRegistry } from '../../strategies/registry.ts';
import type { StrategyInput } from '../../workflows/strategy-messages.ts';
import { strategyWorkflowId } from '../../workflows/strategy-names.ts';
import type { NewStrategyBody, PauseBody, StopBody, StrategyBody } from '../schemas.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';

/** Longest an ended run's workflow may take to close. */
const ENDING_MS = 5_000;

export interface StrategyServiceDeps {
  readonly repositories: Pick<Repositories, 'strategies' | 'accounts' | 'audit'>;
  readonly registry: Pick<StrategyRegistry, 'create' | 'list'>;
  readonly workflows: Pick<
    Workflows,
    'startStrategy' | 'stopStrategy' | 'pauseStrategy' | 'resumeStrategy'
  >;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
  /** What a strategy created without its own limit gets. */
  readonly defaultMaxOrdersPerDay: number;
  /** Symbols that are collected for an account; a feed outside them would stay silent for ever. */
  collectedSymbols(accountId: string): readonly string[];
}

export interface StrategyService {
  types(): readonly StrategyListing[];
  list(): Promise<readonly StrategyBody[]>;
  get(id: string): Promise<StrategyBody>;
  create(body: NewStrategyBody, by: string): Promise<StrategyBody>;
  start(id: string, by: string): Promise<StrategyBody>;
  stop(id: string, body: StopBody, by: string): Promise<StrategyBody>;
  /** Throws CONFLICT unless it is running. */
  pause(id: string, body: PauseBody, by: string): Promise<StrategyBody>;
  /** Throws CONFLICT unless it is paused. */
  resume(id: string, body: PauseBody, by: string): Promise<StrategyBody>;
}

export function createStrategyService(deps: StrategyServiceDeps): StrategyService {
  const { strategies, accounts, audit } = deps.repositories;

  const show = (record: StrategyRecord): StrategyBody => ({
    ...record,
    workflowUrl: deps.workflowLink(strategyWorkflowId(record.id)),
  });

  /** Throws INVALID_INPUT listing the accounts there are. */
  async function exchangeOf(accountId: string): Promise<string> {
    const known = await accounts.list();
    const account = known.find(({ id }) => id === accountId);
    if (account !== undefined) return account.exchange;
    throw new KeelError(
      'INVALID_INPUT',
      `there is no account "${accountId}"; known: ${known.map(({ id }) => id).join(', ') || 'none'}`,
      { details: { problems: [`body.accountId: unknown account "${accountId}"`] } },
    );
  }

  /**
   * The symbols the strategy trades, as its feeds say. Throws STRATEGY_UNKNOWN, CONFIG_INVALID or, for a feed
   * nobody collects, INVALID_INPUT.
   */
  function symbolsOf(body: NewStrategyBody, exchange: string): readonly string[] {
    const strategy = deps.registry.create(body.type, body.config);
    const collected = deps.collectedSymbols(body.accountId);
    const feeds = strategy.feeds();
    const silent = feeds
      .filter((feed) => feed.exchange !== exchange || !collected.includes(feed.symbol))
      .map(
        (feed) =>
          `body.config: ${feed.symbol} on ${feed.exchange} is not collected for ${body.accountId}`,
      );
    if (silent.length > 0) {
      throw new KeelError(
        'INVALID_INPUT',
        `${silent.join('; ')} (collected: ${collected.map((symbol) => `${symbol} on ${exchange}`).join(', ') || 'nothing'})`,
        { details: { problems: silent } },
      );
    }
    return [...new Set(feeds.map((feed) => feed.symbol))];
  }

  return {
    types: () => deps.registry.list(),

    async list() {
      return (await strategies.list()).map(show);
    },

    async get(id) {
      return show(await strategies.get(id));
    },

    async create(body, by) {
      const exchange = await exchangeOf(body.accountId);
      const contracts = symbolsOf(body, exchange).filter(isContract);
      const id = body.id ?? `${body.type}-${randomUUID().slice(0, 8)}`;
      const { type, accountId, config } = body;
      const quota = {
        ...body.quota,
        maxOrdersPerDay: body.quota.maxOrdersPerDay ?? deps.defaultMaxOrdersPerDay,
      };
      await audit.write({
        actor: by,
        action: 'strategy.create',
        target: id,
        detail: { type, accountId, config },
      });
      return show(
        await strategies.create({
          id,
          name: body.name ?? id,
          type,
          accountId,
          exchange,
          config,
          quota,
          contracts,
          failurePolicy: body.failurePolicy,
          createdBy: by,
        }),
      );
    },

    async start(id, by) {
      const record = await strategies.get(id);
      // A template that is no longer there, or a config it no longer takes, is told now and not by a failed run.
      deps.registry.create(record.type, record.config);
      const runId = randomUUID();
      await audit.write({ actor: by, action: 'strategy.start', target: id, detail: { runId } });
      await startOnceOver({ strategyId: id, runId, failurePolicy: record.failurePolicy });
      return { ...show(record), status: 'running', statusReason: null, runId };
    },

    async stop(id, { reason, flatten }, by) {
      const record = await strategies.get(id);
      await audit.write({
        actor: by,
        action: 'strategy.stop',
        target: id,
        detail: { runId: record.runId, flatten, reason: reason ?? null },
      });
      try {
        await deps.workflows.stopStrategy(id, { ...asking(by, reason), flatten });
      } catch (error) {
        if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
        await endOrphan(record);
      }
      return { ...show(record), status: 'stopping' };
    },

    async pause(id, { reason }, by) {
      await strategies.get(id);
      await audit.write({ actor: by, action: 'strategy.pause', target: id });
      await deps.workflows.pauseStrategy(id, asking(by, reason));
      return show(await strategies.get(id));
    },

    async resume(id, { reason }, by) {
      await strategies.get(id);
      await audit.write({ actor: by, action: 'strategy.resume', target: id });
      await deps.workflows.resumeStrategy(id, asking(by, reason));
      return show(await strategies.get(id));
    },
  };

  /** A run that has just ended has a workflow for a moment yet: that one is waited for, a running one is not. */
  async function startOnceOver(input: StrategyInput): Promise<void> {
    const deadline = Date.now() + ENDING_MS;
    for (;;) {
      try {
        await deps.workflows.startStrategy(input);
        return;
      } catch (error) {
        if (!(error instanceof KeelError) || error.code !== 'CONFLICT') throw error;
        const { status } = await strategies.get(input.strategyId);
        if (!['stopped', 'failed'].includes(status) || Date.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  /** The row says running, but no workflow holds the run (it was terminated): the row is put right. */
  async function endOrphan(record: StrategyRecord): Promise<void> {
    if (record.runId === null || !['running', 'paused', 'stopping'].includes(record.status)) {
      throw new KeelError('CONFLICT', `${record.id} does not run: it is ${record.status}`);
    }
    await strategies.endRun(record.id, record.runId, 'stopped', 'its workflow was gone');
  }
}

function asking(by: string, reason: string | undefined): { by: string; reason?: string } {
  return { by, ...(reason === undefined ? {} : { reason }) };
}
