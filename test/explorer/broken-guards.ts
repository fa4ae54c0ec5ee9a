/** Guards that are wrong in one way each: what the explorer must catch. */
import { decideAdmission } from '../../core/admission.ts';
import { GUARD_PROTOCOL, type GuardProtocol } from './guard-books.ts';

export const BROKEN_GUARDS: Readonly<Record<string, GuardProtocol>> = {
  'a stop replaced without verifying that it was cancelled': {
    // Admission would hold the new one back: it does not look either.
    admit: (input) =>
      decideAdmission({
        ...input,
        openOrders: input.openOrders.filter((order) => !order.guardStop),
      }),
    step: (sight, plan) =>
      sight.own !== null && sight.guard.order?.withdrawn === true
        ? plan({ ...sight, own: { ...sight.own, final: true } })
        : plan(sight),
  },

  'a guard ended before its cancel is verified': {
    ...GUARD_PROTOCOL,
    step: (sight, plan) => {
      const planned = plan(sight);
      const { guard, act } = planned;
      if (act.kind !== 'cancel' || !guard.clearing) return planned;
      return { ...planned, guard: { ...guard, state: 'ended', ending: 'cleared', order: null } };
    },
  },

  'a stop that an exit does not wait for': {
    ...GUARD_PROTOCOL,
    admit: (input) =>
      decideAdmission({
        ...input,
        openOrders: input.openOrders.filter((order) => !order.guardStop),
      }),
  },

  'a guard that ends as flat while something is held': {
    ...GUARD_PROTOCOL,
    step: (sight, plan) => {
      const planned = plan(sight);
      if (sight.own?.final !== true || sight.own.filledQuantity === '0') return planned;
      const guard = { ...planned.guard, state: 'ended', ending: 'flat', order: null } as const;
      return { ...planned, guard, act: { kind: 'none' } };
    },
  },
};
