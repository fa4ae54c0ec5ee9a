/** Sends WebSocket frames, with the faults that stand in between. */
import type { WebSocket } from 'ws';
import type { Faults } from './faults.ts';
import type { SendFrame } from './venue.ts';

/** `kind` is what rules match as `method`: `STREAM` for market data, `USER` for user events. */
export function sendWithFaults(faults: Faults, kind: 'STREAM' | 'USER'): SendFrame {
  /** By connection: sends the message that waits to be overtaken. */
  const held = new Map<WebSocket, () => void>();
  return (socket, name, text) => {
    let copies = 1;
    let lateMs = 0;
    let overtakenWithinMs = 0;
    let frame = text;
    for (const fault of faults.take({ method: kind, path: name })) {
      switch (fault.kind) {
        case 'cutStream':
          socket.terminate();
          return;
        case 'dropMessage':
          return;
        case 'malformed':
          frame = fault.text;
          break;
        case 'duplicate':
          copies += fault.copies;
          break;
        case 'late':
          lateMs = fault.ms;
          break;
        case 'reorder':
          overtakenWithinMs = fault.withinMs;
          break;
        default:
          break;
      }
    }
    const send = (): void => {
      for (let count = 0; count < copies; count += 1) {
        sendIfOpen(socket, frame);
      }
    };
    const release = held.get(socket);
    if (overtakenWithinMs > 0 && release === undefined) {
      hold(held, socket, { send, forMs: overtakenWithinMs });
    } else if (lateMs > 0) {
      setTimeout(send, lateMs).unref();
    } else {
      send();
    }
    release?.();
  };
}

function hold(
  held: Map<WebSocket, () => void>,
  socket: WebSocket,
  { send, forMs }: { readonly send: () => void; readonly forMs: number },
): void {
  const release = (): void => {
    clearTimeout(alone);
    held.delete(socket);
    send();
  };
  const alone = setTimeout(release, forMs).unref();
  held.set(socket, release);
}

function sendIfOpen(socket: WebSocket, text: string): void {
  if (socket.readyState === socket.OPEN) {
    socket.send(text);
  }
}
