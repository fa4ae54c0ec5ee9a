/** The baseline of the order bench: as many activities as a plain market order has, that do nothing. */
import { proxyActivities } from '@temporalio/workflow';

export interface BareActivities {
  nothing(): Promise<void>;
}

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '15 seconds' });

export async function bareWorkflow(activities: number): Promise<void> {
  for (let done = 0; done < activities; done += 1) await nothing();
}
