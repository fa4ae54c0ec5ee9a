/**
 * The commands by the module that has them. A module is loaded when one of its commands is asked for, all of them
 * only for help and for what is no command: research loads no API, a look at the house no backtest engine.
 */
import type { Command } from 'commander';
import type { Session } from './session.ts';

interface CommandGroup {
  readonly commands: readonly string[];
  readonly load: () => Promise<(program: Command, session: Session) => void>;
}

/** In the order in which help lists them. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    commands: ['status'],
    load: async () => (await import('./commands/status.ts')).addStatusCommand,
  },
  {
    commands: ['strategies', 'create', 'start', 'stop', 'pause', 'resume'],
    load: async () => (await import('./commands/strategies.ts')).addStrategyCommands,
  },
  {
    commands: ['orders', 'order', 'amend', 'cancel', 'approve', 'reject'],
    load: async () => (await import('./commands/orders.ts')).addOrderCommands,
  },
  {
    commands: ['buy', 'sell'],
    load: async () => (await import('./commands/place-orders.ts')).addPlaceCommands,
  },
  {
    commands: ['guards', 'guard-set', 'guard-clear'],
    load: async () => (await import('./commands/guards.ts')).addGuardCommands,
  },
  {
    commands: ['halts', 'halt', 'lift'],
    load: async () => (await import('./commands/halts.ts')).addHaltCommands,
  },
  {
    commands: ['positions', 'balances', 'pnl', 'close'],
    load: async () => (await import('./commands/portfolio.ts')).addPortfolioCommands,
  },
  {
    commands: ['reconcile', 'findings', 'resolve'],
    load: async () => (await import('./commands/reconciliation.ts')).addReconciliationCommands,
  },
  {
    commands: ['builds', 'deploy'],
    load: async () => (await import('./commands/builds.ts')).addBuildCommands,
  },
  {
    commands: ['history'],
    load: async () => (await import('./commands/history.ts')).addHistoryCommand,
  },
  {
    commands: ['replay'],
    load: async () => (await import('./commands/replay.ts')).addReplayCommand,
  },
  {
    commands: ['data'],
    load: async () => (await import('./commands/data.ts')).addDataCommands,
  },
  {
    commands: ['backtest', 'report'],
    load: async () => (await import('./commands/backtest.ts')).addBacktestCommands,
  },
  {
    commands: ['optimize', 'walk-forward'],
    load: async () => (await import('./commands/optimise.ts')).addOptimiseCommands,
  },
  {
    commands: ['study'],
    load: async () => (await import('./commands/studies.ts')).addStudyCommands,
  },
  {
    commands: ['lookahead', 'warm-up', 'monte-carlo'],
    load: async () => (await import('./commands/analyse.ts')).addAnalysisCommands,
  },
  {
    commands: ['strategy'],
    load: async () => (await import('./commands/strategy.ts')).addStrategyFileCommands,
  },
  {
    commands: ['doctor'],
    load: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  },
  {
    commands: ['login'],
    load: async () => (await import('./commands/login.ts')).addLoginCommand,
  },
];

/** Adds the group of the command that the line begins with, or all of them where it begins with none. */
export async function addCommands(
  program: Command,
  session: Session,
  args: readonly string[],
): Promise<void> {
  const asked = args.find((arg) => !arg.startsWith('-'));
  const group = COMMAND_GROUPS.find(({ commands }) => commands.some((name) => name === asked));
  for (const { load } of group === undefined ? COMMAND_GROUPS : [group]) {
    (await load())(program, session);
  }
}
