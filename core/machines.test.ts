import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { INTENT_MOVES, isFinalIntent, moveIntent } from './intent-machine.ts';
import { isFinalLeg, LEG_MOVES, moveLeg } from './leg-machine.ts';
import { intentState, legState } from './order.ts';

describe('intent machine', () => {
  it('walks the way of a normal order', () => {
    expect(moveIntent('pending', 'admitted').outcome).toBe('applied');
    expect(moveIntent('admitted', 'working').state).toBe('working');
    expect(moveIntent('working', 'done').state).toBe('done');
  });

  it('ignores what is old and reports a second ending', () => {
    expect(moveIntent('working', 'admitted')).toMatchObject({
      outcome: 'ignored',
      state: 'working',
    });
    expect(moveIntent('done', 'working')).toMatchObject({ outcome: 'ignored', state: 'done' });
    expect(moveIntent('done', 'done')).toMatchObject({ outcome: 'ignored', state: 'done' });
    expect(moveIntent('done', 'failed')).toEqual({
      outcome: 'anomaly',
      state: 'done',
      detail: 'failed after the final state done',
    });
  });

  it('lets a working order end by the claim that refused it', () => {
    for (const end of ['superseded', 'expired', 'denied'] as const) {
      expect(moveIntent('working', end)).toMatchObject({ outcome: 'applied', state: end });
    }
  });

  it('never takes a forbidden move and never leaves a final state', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...intentState.options),
        fc.array(fc.constantFrom(...intentState.options), { maxLength: 30 }),
        (start, words) => {
          let state = start;
          for (const word of words) {
            const move = moveIntent(state, word);
            if (move.outcome === 'applied') {
              expect(INTENT_MOVES[state]).toContain(move.state);
              expect(move.state).toBe(word);
            } else {
              expect(move.state).toBe(state);
            }
            if (isFinalIntent(state)) expect(move.state).toBe(state);
            state = move.state;
          }
        },
      ),
    );
  });
});

describe('leg machine', () => {
  it('never turns unknown into rejected', () => {
    expect(moveLeg('unknown', 'rejected')).toMatchObject({ outcome: 'anomaly', state: 'unknown' });
    expect(moveLeg('unknown', 'cancel_pending')).toMatchObject({
      outcome: 'ignored',
      state: 'unknown',
    });
    expect(moveLeg('unknown', 'submitting').outcome).toBe('applied');
    expect(moveLeg('unknown', 'filled').outcome).toBe('applied');
  });

  it('reports a fill after a cancel and a life after a refusal, and keeps the state', () => {
    expect(moveLeg('cancelled', 'filled')).toMatchObject({
      outcome: 'anomaly',
      state: 'cancelled',
    });
    expect(moveLeg('expired', 'filled')).toMatchObject({ outcome: 'anomaly', state: 'expired' });
    expect(moveLeg('rejected', 'open')).toMatchObject({ outcome: 'anomaly', state: 'rejected' });
    expect(moveLeg('partially_filled', 'rejected')).toMatchObject({
      outcome: 'anomaly',
      state: 'partially_filled',
    });
  });

  it('ignores old words', () => {
    expect(moveLeg('filled', 'partially_filled')).toMatchObject({
      outcome: 'ignored',
      state: 'filled',
    });
    expect(moveLeg('partially_filled', 'open').outcome).toBe('ignored');
    expect(moveLeg('cancel_pending', 'open').outcome).toBe('ignored');
    expect(moveLeg('open', 'open')).toEqual({
      outcome: 'ignored',
      state: 'open',
      detail: 'already open',
    });
    expect(moveLeg('open', 'unknown')).toMatchObject({ outcome: 'ignored', state: 'open' });
  });

  it('never takes a forbidden move and never leaves a final state', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...legState.options),
        fc.array(fc.constantFrom(...legState.options), { maxLength: 40 }),
        (start, words) => {
          let state = start;
          for (const word of words) {
            const move = moveLeg(state, word);
            if (move.outcome === 'applied') {
              expect(LEG_MOVES[state]).toContain(word);
              expect(move.state).toBe(word);
            } else {
              expect(move.state).toBe(state);
            }
            if (isFinalLeg(state)) expect(move.state).toBe(state);
            if (state === 'unknown') expect(move.state).not.toBe('rejected');
            state = move.state;
          }
        },
      ),
    );
  });
});
