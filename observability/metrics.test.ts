import { describe, expect, it } from '@jest/globals';
import { counter, serveMetrics } from './metrics.ts';

describe('metrics', () => {
  it('gives the same metric to whoever asks for the name', () => {
    expect(counter('keel_test_total', 'Test', ['kind'])).toBe(
      counter('keel_test_total', 'Test', ['kind']),
    );
  });

  it('serves /metrics and /health, and nothing else', async () => {
    counter('keel_test_served_total', 'Test', ['kind']).inc({ kind: 'a' }, 2);
    const server = await serveMetrics(0);
    try {
      const text = await (await fetch(server.url)).text();
      expect(text).toContain('keel_test_served_total{kind="a"} 2');
      expect(text).toContain('keel_process_cpu_seconds_total');
      const health = await fetch(server.url.replace('/metrics', '/health'));
      expect(await health.json()).toEqual({ status: 'up' });
      expect((await fetch(server.url.replace('/metrics', '/else'))).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
