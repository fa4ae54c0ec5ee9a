/**
 * Topic names. They are built injectively and never parsed back: what a message is about is in the message.
 */
import { orderStatus, type OrderStatus } from '../../core/order.ts';
import { alertLevel, type AlertLevel } from '../../core/risk/alert.ts';
import { signalAction, type SignalAction } from '../../core/signal.ts';

/** `BTC/USDT:USDT` → `BTC-USDT-USDT`. Symbols hold no dash, so no two share a name. */
function topicSymbol(symbol: string): string {
  return symbol.replaceAll(/[/:]/g, '-');
}

export function marketTopic(exchange: string, symbol: string): string {
  return `market.${exchange}.${topicSymbol(symbol)}`;
}

export function signalTopic(strategyType: string, action: SignalAction): string {
  return `signals.${strategyType}.${action}`;
}

export function orderTopic(status: OrderStatus, exchange: string): string {
  return `orders.${status}.${exchange}`;
}

export function alertTopic(level: AlertLevel): string {
  return `risk.alert.${level}`;
}

export type SystemTopicType = 'account' | 'dead-letter' | 'quarantine' | 'status';

export function systemTopic(type: SystemTopicType, source: string): string {
  return `system.${type}.${source}`;
}

export const ALL_MARKETS = /^market\./;
export const ALL_SIGNALS = /^signals\./;
export const ALL_ACCOUNTS = /^system\.account\./;
export const ALL_ORDERS = /^orders\./;

/** Every topic an alert can be told on. */
export const ALERT_TOPICS: readonly string[] = alertLevel.options.map(alertTopic);

/** Every topic a strategy template can write. */
export function signalTopics(strategyType: string): string[] {
  return signalAction.options.map((action) => signalTopic(strategyType, action));
}

/** Every topic an exchange's orders can be told on. */
export function orderTopics(exchange: string): string[] {
  return orderStatus.options.map((status) => orderTopic(status, exchange));
}
