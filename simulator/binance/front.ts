/** Binance's whole front: REST, market streams, WebSocket API. */
import type { EngineOrder } from '../orders.ts';
import type { Faults } from '../faults.ts';
import { sendWithFaults } from '../frames.ts';
import { serveVenue } from '../http-front.ts';
import type { VenueFront } from '../venue.ts';
import { binanceHttp } from './http-front.ts';
import { answer, isEndpoint } from './rest.ts';
import { MarketStreams } from './streams.ts';
import type { Venue } from './venue.ts';
import { weightOf } from './weights.ts';
import { WsApi } from './ws-api.ts';

export function binanceFront(
  venue: Venue,
  faults: Faults,
  hide: (order: EngineOrder, ms: number) => void,
): VenueFront {
  const streams = new MarketStreams(venue, sendWithFaults(faults, 'STREAM'));
  const wsApi = new WsApi(venue, sendWithFaults(faults, 'USER'));
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
      if (target.pathname === '/ws-api/v3') {
        return (socket) => {
          wsApi.accept(socket);
        };
      }
      return /^\/(ws|stream)(\/|$)/.test(target.pathname)
        ? (socket) => {
            streams.accept(socket, target);
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
      return wsApi.sockets();
    },
    get userStreams() {
      return wsApi.subscriptions;
    },
  };
}
