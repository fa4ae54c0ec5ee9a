/**
 * A venue for tests and the demo: Binance's or OKX's wire protocol over a replayed market.
 *
 * `startSimulator({ recordings: [{ file: 'data/BTCUSDT-….csv.gz' }] })` listens on a free port; the REST
 * paths are the venue's own below `httpUrl`, its WebSockets below `wsUrl`, and the replay is driven by
 * `advance` or by `/sim/*` (control.ts).
 */
import { KeelError } from '../core/errors.ts';
import { isContract } from '../core/symbol.ts';
import { reconciliation, serveControl } from './control.ts';
import { createVenue } from './create-venue.ts';
import { fundingSchedule } from './funding.ts';
import { Faults } from './faults.ts';
import { listen } from './listener.ts';
import type { Simulator, SimulatorOptions } from './options.ts';
import { createPacer } from './pacer.ts';
import { keepState } from './state-file.ts';

/** Loads the recordings and listens. Throws INVALID_INPUT for a flawed recording or option. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const faults = new Faults();
  const { replay, engine, front } = createVenue(options, faults);
  const funding = fundingSchedule(options.contracts ?? {});
  const keeper = keepState(options.stateFile, engine, replay);

  const step = (): void => {
    const minute = replay.minute();
    if (minute === undefined) {
      return;
    }
    for (const { symbol, bar } of minute.bars) {
      // Inside the bar, so that a fill belongs to the minute whose prices made it.
      engine.matchBar(symbol, bar, minute.closeAt - 1);
    }
    replay.step();
    for (const { symbol } of minute.bars.filter((one) => isContract(one.symbol))) {
      const rate = funding.dueAt(minute.closeAt);
      if (rate !== undefined) {
        engine.fund(symbol, rate, minute.closeAt);
      }
    }
    keeper.afterStep();
    front.onMinute(minute);
  };
  const pace = options.pace ?? 'stepped';
  const pacer = createPacer(pace === 'stepped' ? undefined : pace.speed, step, () => replay.done);

  const cutStreams: Simulator['cutStreams'] = (which) => {
    const cut = [
      ...(which === 'user' ? [] : front.marketSockets),
      ...(which === 'market' ? [] : front.userSockets),
    ];
    for (const socket of cut) {
      socket.terminate();
    }
    return cut.length;
  };
  faults.onMaintenance(() => cutStreams('all'));

  const listener = await listen({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    serve: async (incoming, outgoing, body) => {
      if (incoming.url?.startsWith('/sim/') === true) {
        serveControl(simulator, incoming, outgoing, body);
      } else {
        await front.serve(incoming, outgoing, body);
      }
    },
    acceptorOf: (target) => (faults.inMaintenance ? undefined : front.acceptorOf(target)),
  });
  const simulator: Simulator = {
    httpUrl: `http://${listener.address}`,
    wsUrl: `ws://${listener.address}`,
    faults,
    advance: (bars = 1) => {
      if (pacer.running) {
        throw new KeelError(
          'CONFLICT',
          'the replay runs by itself: start it stepped to advance it',
        );
      }
      for (let count = 0; count < bars && !replay.done; count += 1) {
        step();
      }
      return { marketTime: replay.marketTime, done: replay.done, bar: replay.bar };
    },
    start: () => {
      pacer.start();
    },
    state: () => ({
      marketTime: replay.marketTime,
      wallTime: Date.now(),
      bar: replay.bar,
      totalBars: replay.totalBars,
      done: replay.done,
      running: pacer.running,
      prices: Object.fromEntries(replay.symbols.map((symbol) => [symbol, replay.price(symbol)])),
      orders: engine.orders().length,
      openOrders: engine.openOrders().length,
      trades: engine.trades().length,
      connections: {
        market: front.marketSockets.length,
        user: front.userSockets.length,
        userStreams: front.userStreams,
      },
    }),
    orders: () => reconciliation(engine),
    deleverage: (symbol, quantity) => {
      const price = replay.price(symbol);
      engine.closeByVenue(symbol, { cause: 'adl', price, quantity }, replay.marketTime);
    },
    cutStreams,
    finished: () => pacer.finished,
    close: async () => {
      pacer.stop();
      keeper.save();
      await listener.close();
    },
  };
  return simulator;
}
