/** A position and its guard over the stage: how tests drive them, and one life each by the name of its recorded history. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { GuardView } from '../../adapters/guard-repository.ts';
import { createGuardDoor } from '../../adapters/temporal/guard-door.ts';
import type { GuardMessage } from '../../core/guard.ts';
import { guardWorkflowId } from '../../core/guard-signal.ts';
import type { Signal } from '../../core/signal.ts';
import type { StopSpec } from '../../core/stops.ts';
import type { guardWorkflow } from '../../workflows/guard-workflow.ts';
import { nextSignal, type OrderStage } from './order-stage.ts';

const FAR: StopSpec = { stopLoss: { fraction: '0.2' }, takeProfit: { fraction: '0.2' } };
const NEAR: StopSpec = { stopLoss: { fraction: '0.003' } };

const keyOf = ({ strategyId, symbol }: Signal) => ({ strategyId, symbol });

export function guardOf(stage: OrderStage, entry: Signal): Promise<GuardView> {
  return stage.house.repositories.guards.getGuard(keyOf(entry));
}

export async function guardUntil(
  stage: OrderStage,
  entry: Signal,
  wanted: (guard: GuardView) => boolean,
): Promise<GuardView> {
  for (;;) {
    const guard = await guardOf(stage, entry);
    if (wanted(guard)) return guard;
    await sleep(50);
  }
}

/** Its stop rests at the venue. */
export function armed(stage: OrderStage, entry: Signal): Promise<GuardView> {
  return guardUntil(stage, entry, ({ state, order }) => state === 'armed' && order !== null);
}

/** Buys 0.01 and waits until the guard's stop rests. */
export async function enter(
  stage: OrderStage,
  stops: StopSpec,
): Promise<{ entry: Signal; guard: GuardView }> {
  const entry = await stage.signal({ stops });
  await (await stage.send(entry)).result();
  return { entry, guard: await armed(stage, entry) };
}

/** The run's next signal, without stops. */
export function towards(signal: Signal, quantity: string): Signal {
  const next = { ...nextSignal(signal, { wanted: { kind: 'target', quantity } }) };
  Reflect.deleteProperty(next, 'stops');
  return next;
}

export async function tell(stage: OrderStage, entry: Signal, message: GuardMessage): Promise<void> {
  const { client } = await stage.house.temporal();
  await createGuardDoor(client).tellGuard(keyOf(entry), message);
}

/** The market goes on until the guard has ended. */
export async function playedOut(stage: OrderStage, entry: Signal): Promise<GuardView> {
  return guardUntil(stage, entry, ({ state }) => {
    if (state !== 'ended') stage.simulator.advance(1);
    return state === 'ended';
  });
}

async function handleOf(
  stage: OrderStage,
  entry: Signal,
): Promise<WorkflowHandle<typeof guardWorkflow>> {
  const { client } = await stage.house.temporal();
  return client.workflow.getHandle(guardWorkflowId(entry.strategyId, entry.symbol));
}

type Life = (stage: OrderStage) => Promise<WorkflowHandle<typeof guardWorkflow>>;

/** Each to its guard's end. */
export const GUARD_LIVES: Readonly<Record<string, Life>> = {
  'stop-filled': async (stage) => {
    const { entry } = await enter(stage, NEAR);
    await playedOut(stage, entry);
    return handleOf(stage, entry);
  },

  'take-profit': async (stage) => {
    const { entry, guard } = await enter(stage, FAR);
    const { generation, levels } = guard;
    const price = levels.takeProfit ?? '';
    await tell(stage, entry, { kind: 'trigger', level: 'takeProfit', generation, price });
    return handleOf(stage, entry);
  },

  trailing: async (stage) => {
    const { entry, guard } = await enter(stage, { trailing: { fraction: '0.003' } });
    const { generation, bestPrice } = guard;
    const price = String(Math.ceil(Number(bestPrice) * 1.001));
    await tell(stage, entry, { kind: 'ratchet', generation, price });
    await guardUntil(stage, entry, (one) => one.generation > generation);
    await armed(stage, entry);
    await playedOut(stage, entry);
    return handleOf(stage, entry);
  },

  /** Part of the position is sold past it, then all that is left. */
  'stood-aside': async (stage) => {
    const { entry } = await enter(stage, FAR);
    const part = towards(entry, '0.005');
    await (await stage.send(part)).result();
    await armed(stage, entry);
    await (await stage.send(towards(part, '0'))).result();
    return handleOf(stage, entry);
  },

  /** All but what the venue takes no order for is sold. */
  dust: async (stage) => {
    const { entry } = await enter(stage, FAR);
    await (await stage.send(towards(entry, '0.00003'))).result();
    return handleOf(stage, entry);
  },

  /** A person cancels the stop, which comes back, and clears the guard. */
  cleared: async (stage) => {
    const { entry, guard } = await enter(stage, FAR);
    const { client } = await stage.house.temporal();
    await client.workflow.getHandle(guard.order?.signal.id ?? '').signal('cancel', { by: 'ada' });
    await guardUntil(
      stage,
      entry,
      ({ ordersMade, state }) => ordersMade > guard.ordersMade && state === 'armed',
    );
    const wish = { by: 'ada', reason: 'hedged elsewhere' };
    await stage.house.repositories.guards.clear(keyOf(entry), wish);
    await tell(stage, entry, { kind: 'positionChanged' });
    return handleOf(stage, entry);
  },

  /** The venue refuses its first stop; the second rests. */
  'stop-refused': async (stage) => {
    stage.simulator.faults.add({
      seed: 1,
      rules: [
        {
          match: { action: 'place', nth: 2, times: 1, probability: 1 },
          fault: { kind: 'reject' },
        },
      ],
    });
    const { entry } = await enter(stage, NEAR);
    await playedOut(stage, entry);
    return handleOf(stage, entry);
  },
};
