/**
 * The process behind `npm run stack -- up`: it owns the servers until SIGTERM or SIGINT, then stops them. Its
 * parent is told of progress by IPC messages and leaves once it says ready.
 *
 * `node stack/supervisor.ts <mode> <dataDir>`
 */
import { z } from 'zod';
import { messageOf } from './stack-error.ts';
import { removeStackFile, writeStackFile } from './stack-file.ts';
import { startStack, type Stack } from './stack.ts';

export const supervisorMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), text: z.string() }),
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), text: z.string() }),
]);

export type SupervisorMessage = z.infer<typeof supervisorMessage>;

function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message);
}

function log(text: string): void {
  process.stdout.write(`${new Date().toISOString()} ${text}\n`);
}

async function supervise(mode: 'embedded' | 'native', dataDir: string): Promise<void> {
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal);
      });
    }
  });
  let stack: Stack;
  try {
    stack = await startStack({
      mode,
      dataDir,
      onProgress: (text) => {
        log(text);
        tell({ kind: 'progress', text });
      },
    });
  } catch (error) {
    log(messageOf(error));
    tell({ kind: 'failed', text: messageOf(error) });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
    return;
  }
  void stack.lost.then((loss) => {
    // The others go on: `status` shows which one is gone, and its log says why.
    log(`LOST ${loss.message}`);
  });
  writeStackFile(stack);
  tell({ kind: 'ready' });
  log('ready');

  log(`${await stopped}: stops`);
  await stack.stop();
  removeStackFile(dataDir);
  log('stopped');
  if (process.connected) process.disconnect();
}

if (import.meta.main) {
  const [mode, dataDir] = process.argv.slice(2);
  await supervise(z.enum(['embedded', 'native']).parse(mode), z.string().min(1).parse(dataDir));
}
