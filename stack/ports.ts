/** Ports on the loopback address: the configured one, or a free one. */
import { randomInt } from 'node:crypto';
import { createServer, connect } from 'node:net';
import { StackError } from './stack-error.ts';

export const LOOPBACK = '127.0.0.1';

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768 on, others higher): while a
 * server is away, a client that tries to reach it could be given the server's own port, and meet itself there.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
const TRIES = 100;

/** A port that nobody listens on now. Another process may take it before it is used: start soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (await canListen(port)) return port;
  }
  throw new StackError(
    'stack',
    `none of ${String(TRIES)} ports from ${String(FIRST_PORT)} to ${String(LAST_PORT)} is free`,
    'end what listens there, or configure ports',
  );
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, LOOPBACK, () => {
      probe.close(() => {
        resolve(true);
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
