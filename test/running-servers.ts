/** The servers of this jest run, shared by the global set-up and tear-down of all its projects. */
import { rmSync } from 'node:fs';
import type { Server } from '../stack/server.ts';

interface RunningServers {
  started: boolean;
  dataDir: string | undefined;
  readonly servers: Server[];
  stop(): Promise<void>;
}

const KEY = Symbol.for('keel.test.running-servers');
const shared = globalThis as { [KEY]?: RunningServers };

// jest may load this file once a project: the handle must outlive the module.
const existing = shared[KEY];
export const running: RunningServers = existing ?? {
  started: false,
  dataDir: undefined,
  servers: [],
  async stop() {
    await Promise.all(this.servers.splice(0).map((server) => server.stop()));
    if (this.dataDir !== undefined) rmSync(this.dataDir, { recursive: true, force: true });
    this.dataDir = undefined;
  },
};
shared[KEY] = running;
