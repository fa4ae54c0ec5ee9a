/** A request that is repeated finds the order it made. */
import type { OrderRepository } from '../../adapters/order-repository.ts';
import { KeelError } from '../../core/errors.ts';

export async function isKnownOrder(
  orders: Pick<OrderRepository, 'getOrder'>,
  orderId: string,
): Promise<boolean> {
  try {
    await orders.getOrder(orderId);
    return true;
  } catch (error) {
    if (error instanceof KeelError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}
