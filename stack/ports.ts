/** Ports on the loopback address: the configured one, or a free one. */
import { createServer, connect } from 'node:net';
import { StackError } from './stack-error.ts';

export const LOOPBACK = '127.0.0.1';

/** A port that nobody listens on now. Another process may take it before it is used: start soon. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, LOOPBACK, () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}

/** Whether something accepts connections there. */
export function isListening(port: number, host = LOOPBACK): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('timeout', () => {
      end(false);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

/** `wanted` if nobody has it, else a StackError; a free port where none is wanted. */
export async function choosePort(server: string, wanted: number | undefined): Promise<number> {
  if (wanted === undefined || wanted === 0) return freePort();
  if (await isListening(wanted)) {
    throw new StackError(
      server,
      `port ${String(wanted)} is taken by another process`,
      'stop that process, or set another port, or none to get a free one',
    );
  }
  return wanted;
}

/** The port in `host:port` or in a URL. */
export function portOf(address: string): number {
  return Number(new URL(address.includes('://') ? address : `tcp://${address}`).port);
}
