/** Binance USDⓈ-M's whole front: REST below `/fapi`, market streams at `/stream`, user streams at `/ws`. */
import { binanceHttp } from '../binance/http-front.ts';
import { MarketStreams } from '../binance/streams.ts';
import type { EngineOrder } from '../orders.ts';
import type { Faults } from '../faults.ts';
import { sendWithFaults } from '../frames.ts';
import { serveVenue } from '../http-front.ts';
import type { VenueFront } from '../venue.ts';
import { answer, isEndpoint, weightOf } from './rest.ts';
import { UserStreams } from './user-stream.ts';
import type { UsdmVenue } from './venue.ts';

export function usdmFront(
  venue: UsdmVenue,
  faults: Faults,
  hide: (order: EngineOrder, ms: number) => void,
): VenueFront {
  const streams = new MarketStreams(venue, sendWithFaults(faults, 'STREAM'));
  const users = new UserStreams(venue, sendWithFaults(faults, 'USER'));
  const http = {
    dialect: binanceHttp(venue, {
      isEndpoint,
      weightOf,
      answer: (request, placement) => answer(venue, request, placement),
    }),
    faults,
    hide,
    marketTime: () => venue.replay.marketTime,
  };
  return {
    serve: (incoming, outgoing, body) => serveVenue(http, incoming, outgoing, body),
    acceptorOf(target) {
      if (target.pathname === '/stream') {
        return (socket) => {
          streams.accept(socket, target);
        };
      }
      return /^\/ws(\/|$)/.test(target.pathname)
        ? (socket) => {
            users.accept(socket, target);
          }
        : undefined;
    },
    onMinute: (minute) => {
      streams.onMinute(minute);
    },
    get marketSockets() {
      return streams.sockets();
    },
    get userSockets() {
      return users.sockets();
    },
    get userStreams() {
      return users.subscriptions;
    },
  };
}
