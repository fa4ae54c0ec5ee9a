/** Every workflow, for the bundle. */
export { amendWorkflow } from './amend-workflow.ts';
export { guardWorkflow } from './guard-workflow.ts';
export { haltWorkflow } from './halt-workflow.ts';
export { legWorkflow } from './leg-workflow.ts';
export { optimizeWorkflow } from './optimize-workflow.ts';
export { orderWorkflow } from './order-workflow.ts';
export { reconcileWorkflow } from './reconcile-workflow.ts';
export { strategyWorkflow } from './strategy-workflow.ts';
