/**
 * What the manager does with each event: prices into the cache, balances, trades and equity into
 * PostgreSQL. Everything is recomputed from booked facts, so an event that comes twice, late or out of order
 * changes nothing.
 */
import { PRICE_TTL_MS, priceKey, type Cache } from '../adapters/cache.ts';
import type { AccountReconciled, MarketMessage } from '../adapters/bus/messages.ts';
import type { OrderRepository } from '../adapters/order-repository.ts';
import type { PortfolioRepository } from '../adapters/repositories.ts';
import type { StrategyRepository } from '../adapters/strategy-repository.ts';
import { KeelError } from '../core/errors.ts';
import type { Kline } from '../core/kline.ts';
import type { OrderView } from '../core/order.ts';
import type { Logger } from '../observability/logger.ts';
import { counter } from '../observability/metrics.ts';

/** Between equity points, in market time. */
export const SNAPSHOT_MS = 15 * 60_000;

const orderEvents = counter('keel_manager_order_events_total', 'Order events taken in', [
  'outcome',
]);
const equityPoints = counter('keel_manager_equity_points_total', 'Equity points written', [
  'cause',
]);

export interface PortfolioDeps {
  readonly repositories: {
    readonly orders: Pick<OrderRepository, 'orderFills'>;
    readonly strategies: Pick<StrategyRepository, 'list'>;
    readonly portfolio: Pick<
      PortfolioRepository,
      'positions' | 'rebuildBalances' | 'rebuildTrades' | 'recordEquity' | 'takeOrderVersion'
    >;
  };
  readonly cache: Pick<Cache, 'get' | 'set'>;
  readonly logger: Logger;
}

/** Statuses of a run that has not ended. */
const ON: ReadonlySet<string> = new Set(['running', 'paused', 'stopping']);

export interface PortfolioKeeper {
  /** Throws UNAVAILABLE while PostgreSQL is away: give the event again. */
  onOrder(order: OrderView): Promise<void>;
  /** Throws UNAVAILABLE while PostgreSQL is away: give the event again. */
  onReconciled(account: AccountReconciled): Promise<void>;
  /** Throws UNAVAILABLE while PostgreSQL is away: give the event again. */
  onMarket(message: MarketMessage): Promise<void>;
}

export function createPortfolioKeeper(deps: PortfolioDeps): PortfolioKeeper {
  const { cache, logger } = deps;
  const { orders, portfolio, strategies } = deps.repositories;
  /** Exchange → newest market time seen. */
  const marketTimes = new Map<string, number>();
  /** Price key → market time of the price in the cache. */
  const pricedAt = new Map<string, number>();

  const sawTime = (exchange: string, at: number): void => {
    marketTimes.set(exchange, Math.max(marketTimes.get(exchange) ?? 0, at));
  };

  const takePrice = async (
    exchange: string,
    symbol: string,
    { price, at }: { readonly price: string; readonly at: number },
  ): Promise<void> => {
    const key = priceKey(exchange, symbol);
    if (at < (pricedAt.get(key) ?? 0)) return;
    pricedAt.set(key, at);
    try {
      await cache.set(key, price, PRICE_TTL_MS);
    } catch (error) {
      // Readers fall back to the stored bars.
      logger.warn({ err: error, key }, 'price_not_cached');
    }
  };

  const recordEquity = async (
    strategyId: string,
    at: number,
    {
      prices,
      cause,
    }: { readonly prices: Readonly<Record<string, string>>; readonly cause: string },
  ): Promise<void> => {
    try {
      await portfolio.recordEquity(strategyId, at, prices);
      equityPoints.inc({ cause });
    } catch (error) {
      // No price yet to mark at: the next bar brings one, giving this event again would not.
      if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
      logger.warn({ err: error, strategyId, at }, 'equity_not_recorded');
    }
  };

  /** Of the symbols held, as far as the cache knows them; the rest is marked at the newest stored close. */
  const cachedPrices = async (
    strategyId: string,
    exchange: string,
  ): Promise<Record<string, string>> => {
    const prices: Record<string, string> = {};
    for (const { symbol } of await portfolio.positions(strategyId)) {
      const price = await cache.get(priceKey(exchange, symbol)).catch((error: unknown) => {
        logger.warn({ err: error, symbol }, 'price_not_read');
        return null;
      });
      if (price !== null) prices[symbol] = price;
    }
    return prices;
  };

  /** Strategies of the exchange whose equity can have moved. */
  const movingStrategies = async (exchange: string): Promise<string[]> => {
    const holders = new Set(
      (await portfolio.positions())
        .filter(({ quantity }) => /[1-9]/.test(quantity))
        .map(({ strategyId }) => strategyId),
    );
    return (await strategies.list())
      .filter((strategy) => strategy.exchange === exchange)
      .filter(({ id, status }) => ON.has(status) || holders.has(id))
      .map(({ id }) => id);
  };

  const onKline = async ({ exchange, symbol, closeAt, close }: Kline): Promise<void> => {
    sawTime(exchange, closeAt);
    await takePrice(exchange, symbol, { price: close, at: closeAt });
    if (closeAt % SNAPSHOT_MS !== 0) return;
    // Only this bar's own price is given, not the cache's: a bar that comes again must write the same point.
    for (const strategyId of await movingStrategies(exchange)) {
      await recordEquity(strategyId, closeAt, { prices: { [symbol]: close }, cause: 'bar' });
    }
  };

  return {
    async onOrder(order) {
      const { accountId, strategyId, symbol, exchange } = order;
      const traded = /[1-9]/.test(order.filledQuantity);
      const fills = traded ? await orders.orderFills(order.orderId) : [];
      const at = Math.max(
        marketTimes.get(exchange) ?? 0,
        order.eventTime,
        ...fills.map(({ executedAt }) => executedAt),
      );
      // A split order moves the balances of several accounts.
      for (const account of new Set([accountId, ...order.legs.map((leg) => leg.accountId)])) {
        await portfolio.rebuildBalances(account, at);
      }
      // What traded nothing moved no equity.
      if (traded) {
        await portfolio.rebuildTrades(strategyId, symbol);
        const prices = await cachedPrices(strategyId, exchange);
        await recordEquity(strategyId, at, { prices, cause: 'order' });
      }
      // Last, so that an event whose work failed half-way is not taken for done.
      const fresh = await portfolio.takeOrderVersion(order.orderId, order.version);
      orderEvents.inc({ outcome: fresh ? 'applied' : 'known' });
    },

    async onReconciled({ accountId, at }) {
      // Foreign trades, funding and transfers have no order whose event would tell them.
      await portfolio.rebuildBalances(accountId, at);
    },

    async onMarket(message) {
      if (message.kind === 'tick') {
        const { exchange, symbol, price, timestamp } = message.tick;
        sawTime(exchange, timestamp);
        await takePrice(exchange, symbol, { price, at: timestamp });
        return;
      }
      // Longer bars tell nothing that their minutes did not.
      if (message.kline.interval === '1m') await onKline(message.kline);
    },
  };
}
