import { describe, expect, it } from '@jest/globals';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { isAlreadyStarted, unavailable, workflowUrl } from './client.ts';

describe('workflowUrl', () => {
  it('is the page in the web UI, with and without a slash at the end', () => {
    const page = 'http://127.0.0.1:8233/namespaces/default/workflows/abc';
    expect(workflowUrl('http://127.0.0.1:8233', 'default', 'abc')).toBe(page);
    expect(workflowUrl('http://127.0.0.1:8233/', 'default', 'abc')).toBe(page);
  });

  it('encodes ids that are no path segments', () => {
    expect(workflowUrl('http://ui', 'a/b', 'strategy:x y')).toBe(
      'http://ui/namespaces/a%2Fb/workflows/strategy%3Ax%20y',
    );
  });
});

describe('errors of Temporal calls', () => {
  it('a duplicate start is told from a failure', () => {
    expect(isAlreadyStarted(new WorkflowExecutionAlreadyStartedError('again', 'id', 'type'))).toBe(
      true,
    );
    expect(isAlreadyStarted(new Error('deadline exceeded'))).toBe(false);
  });

  it('become UNAVAILABLE, with what the server said', () => {
    const cause = new Error('deadline exceeded');
    expect(unavailable('Temporal did not answer', cause)).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Temporal did not answer (deadline exceeded)',
      cause,
    });
    expect(unavailable('Temporal did not answer', 'cut').message).toBe('Temporal did not answer');
  });
});
