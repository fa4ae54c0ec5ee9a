/** The names by which others find a strategy's workflow. */
export const STRATEGY_TASK_QUEUE = 'strategies';

export function strategyWorkflowId(strategyId: string): string {
  return `strategy:${strategyId}`;
}
