/** OKX's whole front: REST v5, public, business and private WebSockets. */
import type { Faults } from '../faults.ts';
import { sendWithFaults } from '../frames.ts';
import { serveVenue } from '../http-front.ts';
import type { EngineOrder } from '../orders.ts';
import type { VenueFront } from '../venue.ts';
import { okxHttp } from './http-front.ts';
import { PrivateStream } from './private-stream.ts';
import { MarketStreams } from './streams.ts';
import type { OkxVenue } from './venue.ts';

export function okxFront(
  venue: OkxVenue,
  faults: Faults,
  hide: (order: EngineOrder, ms: number) => void,
): VenueFront {
  const streams = new MarketStreams(venue, sendWithFaults(faults, 'STREAM'));
  const privateStream = new PrivateStream(venue, sendWithFaults(faults, 'USER'));
  const http = {
    dialect: okxHttp(venue),
    faults,
    hide,
    marketTime: () => venue.replay.marketTime,
  };
  return {
    serve: (incoming, outgoing, body) => serveVenue(http, incoming, outgoing, body),
    acceptorOf({ pathname }) {
      switch (pathname) {
        case '/ws/v5/public':
          return (socket) => {
            streams.accept(socket, 'public');
          };
        case '/ws/v5/private':
          return (socket) => {
            privateStream.accept(socket, 'private');
          };
        case '/ws/v5/business':
          return (socket) => {
            // What logs in follows the account's stops, what does not the market.
            socket.once('message', (data: Buffer) => {
              const first = data.toString('utf8');
              if (first.includes('"login"')) {
                privateStream.accept(socket, 'business', first);
              } else {
                streams.accept(socket, 'business', first);
              }
            });
          };
        default:
          return undefined;
      }
    },
    onMinute: (minute) => {
      streams.onMinute(minute);
    },
    get marketSockets() {
      return streams.sockets();
    },
    get userSockets() {
      return privateStream.sockets();
    },
    get userStreams() {
      return privateStream.subscriptions;
    },
  };
}
