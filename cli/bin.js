#!/usr/bin/env node
/**
 * The `keel` command as npm installs it: `npx keel …` in a clone, `keel …` anywhere after `npm link`. Runs `keel.ts`
 * on the Node that Keel brings, and installs that first where it is missing. Plain JavaScript without packages, since
 * it runs on whatever Node the machine has.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import '../stack/ensure-installed.js';

const here = dirname(fileURLToPath(import.meta.url));
const node = join(
  ...[here, '..', 'node_modules', 'node', 'bin'],
  process.platform === 'win32' ? 'node.exe' : 'node',
);
const keel = spawn(node, [join(here, 'keel.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
// It ends as the command ends, and never before it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => keel.kill(signal));
keel.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
