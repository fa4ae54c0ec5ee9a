/** Sends WebSocket frames, with the faults that stand in between. */
import type { WebSocket } from 'ws';
import type { SendFrame } from './binance/streams.ts';
import type { Faults } from './faults.ts';

/** `kind` is what rules match as `method`: `STREAM` for market data, `USER` for user events. */
export function sendWithFaults(faults: Faults, kind: 'STREAM' | 'USER'): SendFrame {
  return (socket, name, text) => {
    let copies = 1;
    let lateMs = 0;
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
        default:
          break;
      }
    }
    const send = (): void => {
      for (let count = 0; count < copies; count += 1) {
        sendIfOpen(socket, frame);
      }
    };
    if (lateMs === 0) {
      send();
    } else {
      setTimeout(send, lateMs).unref();
    }
  };
}

function sendIfOpen(socket: WebSocket, text: string): void {
  if (socket.readyState === socket.OPEN) {
    socket.send(text);
  }
}
