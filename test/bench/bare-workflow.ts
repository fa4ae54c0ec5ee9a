/** The baseline of the order bench: as many activities as a plain market order has steps, that do nothing. */
import { proxyActivities } from '@temporalio/workflow';

export interface BareActivities {
  nothing(step: BareStep): Promise<void>;
}

export interface BareStep {
  readonly workflow: string;
  /** From 1. */
  readonly step: number;
}

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '15 seconds' });

export async function bareWorkflow(workflow: string, steps: number): Promise<void> {
  for (let step = 1; step <= steps; step += 1) await nothing({ workflow, step });
}
