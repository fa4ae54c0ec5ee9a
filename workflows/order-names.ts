/** The names by which others find an order's workflow: its id is the signal's id. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SearchAttributeName } from '../temporal-config/search-attributes.ts';

export const ORDER_TASK_QUEUE = 'orders';
/** Held by one activity per open order; a queue of its own, so that trackers starve nobody. */
export const TRACKER_TASK_QUEUE = 'order-trackers';

function keyword(
  name: SearchAttributeName,
): ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>> {
  return defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
}

export const KEEL_STRATEGY = keyword('KeelStrategy');
export const KEEL_SYMBOL = keyword('KeelSymbol');
export const KEEL_EXCHANGE = keyword('KeelExchange');
export const KEEL_SIDE = keyword('KeelSide');
export const KEEL_ORDER_STATUS = keyword('KeelOrderStatus');

/** The child that works a leg of an order with several. */
export function legWorkflowId(orderId: string, legNumber: number): string {
  return `${orderId}:leg-${String(legNumber)}`;
}

/** At most one amend of an order at a time. */
export function amendWorkflowId(orderId: string): string {
  return `amend:${orderId}`;
}
