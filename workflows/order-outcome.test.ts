import { describe, expect, it } from '@jest/globals';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { failure, legView } from '../test/factories/order-steps.ts';
import { cancelReason, failureOf, finalStateOf, gaveWay } from './order-outcome.ts';

const CANCEL = { by: 'ann', reason: 'changed her mind' };

function stepFailure(cause: Error | undefined): ActivityFailure {
  return new ActivityFailure(
    'step failed',
    'placeOrder',
    '1',
    'MAXIMUM_ATTEMPTS_REACHED',
    'w',
    cause,
  );
}

describe('gaveWay', () => {
  it.each([
    ['CANCEL_REQUESTED', true],
    ['NON_RETRYABLE_FAILURE', false],
    ['MAXIMUM_ATTEMPTS_REACHED', false],
  ] as const)('a step that failed with %s: %s', (retryState, expected) => {
    const cause = ApplicationFailure.create({ type: 'VENUE_CLOCK' });
    expect(gaveWay(new ActivityFailure('failed', 'placeOrder', '1', retryState, 'w', cause))).toBe(
      expected,
    );
  });

  it('what is no step’s failure: false', () => {
    expect(gaveWay(new Error('defect'))).toBe(false);
  });
});

describe('finalStateOf', () => {
  it('without a leg, or with one that filled: done', () => {
    expect(finalStateOf(null, CANCEL)).toEqual({ state: 'done' });
    expect(finalStateOf(legView({ state: 'filled' }), CANCEL)).toEqual({ state: 'done' });
  });

  it("tells who asked for the cancel, and leaves a venue's own cancel unexplained", () => {
    const leg = legView({ state: 'cancelled' });
    expect(finalStateOf(leg, CANCEL)).toEqual({
      state: 'done',
      reason: 'cancelled by ann: changed her mind',
    });
    expect(finalStateOf(leg, null)).toEqual({ state: 'done' });
  });

  it("hands the venue's refusal on", () => {
    const leg = legView({
      state: 'rejected',
      errorCode: 'VENUE_INSUFFICIENT_BALANCE',
      errorMessage: 'too little',
    });
    expect(finalStateOf(leg, null)).toEqual({
      state: 'done',
      reasonCode: 'VENUE_INSUFFICIENT_BALANCE',
      reason: 'too little',
    });
  });

  it.each([
    ['SIGNAL_EXPIRED', 'expired'],
    ['HALTED', 'denied'],
    ['SIGNAL_SUPERSEDED', 'superseded'],
    ['VENUE_CLOCK', 'done'],
    ['a code of tomorrow', 'done'],
  ])('never sent because of %s: %s', (errorCode, state) => {
    const leg = legView({ state: 'expired', venueOrderId: null, errorCode });
    expect(finalStateOf(leg, null).state).toBe(state);
  });

  it('sent, and expired at the venue for whatever reason: done', () => {
    const leg = legView({ state: 'expired', errorCode: 'SIGNAL_EXPIRED' });
    expect(finalStateOf(leg, null)).toEqual({ state: 'done' });
  });
});

describe('cancelReason', () => {
  it('names who asked, and why where that was said', () => {
    expect(cancelReason({ by: 'ann' })).toBe('cancelled by ann');
    expect(cancelReason(null)).toBe('cancelled');
  });
});

describe('failureOf', () => {
  it("is the step's own code and message", () => {
    const found = { reasonCode: 'NOT_FOUND', reason: 'fake NOT_FOUND' };
    expect(failureOf(stepFailure(failure('NOT_FOUND', true)))).toEqual(found);
    expect(failureOf(failure('NOT_FOUND', true))).toEqual(found);
  });

  it.each([
    ['a type that is no code of ours', ApplicationFailure.nonRetryable('odd', 'Odd'), 'odd'],
    ['a time-out', new Error('heartbeat timeout'), 'heartbeat timeout'],
    ['nothing', undefined, 'step failed'],
  ])('is INTERNAL for %s', (_what, cause, reason) => {
    expect(failureOf(stepFailure(cause))).toEqual({ reasonCode: 'INTERNAL', reason });
  });

  it('lets what is no failure of a step go on up', () => {
    const defect = new TypeError('x is undefined');
    expect(() => failureOf(defect)).toThrow(defect);
  });
});
