/** Every workflow, for the bundle. */
export { orderWorkflow } from './order-workflow.ts';
export { strategyWorkflow } from './strategy-workflow.ts';
