/**
 * The order that cases share. Servers limit an account's open orders and its orders in an hour, so a case that leaves
 * its order open leaves it to the next; only when it is spent comes a new one.
 */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Account } from "../acme/account.ts";
import type { PlacedOrder } from "../acme/enroller.ts";
import { readOrder } from "../acme/order.ts";
import type { PreparedOrder } from "../acme/prepared_orders.ts";
import type { Subject } from "./subject.ts";

export interface HeldOrder {
  /** The account that placed it. */
  readonly account: Account;
  readonly prepared: PreparedOrder;
  readonly order: PlacedOrder;
}

/** The held order as it is now, pending or ready, or a new one. There must be an account. */
export async function holdOrder(subject: Subject): Promise<HeldOrder | Failure> {
  const { enrollment, sender } = subject;
  const open = subject.held && await refreshed(subject, subject.held);
  if (open !== undefined) return open;
  const prepared = await enrollment.prepareOrder(sender);
  const placed = await subject.withOrdersLeft(async (account) => {
    const order = await enrollment.enroller.attempt(sender, account).placeOrder(prepared.names);
    return isFailure(order) ? order : { account, prepared, order };
  });
  subject.held = isFailure(placed) ? undefined : placed;
  return placed;
}

/** The same with its names proved. */
export async function holdReadyOrder(subject: Subject): Promise<HeldOrder | Failure> {
  const held = await holdOrder(subject);
  if (isFailure(held)) return held;
  const { enrollment, sender } = subject;
  return await enrollment.enroller.attempt(sender, held.account).prove(held.order) ?? held;
}

/** Undefined when the order is no longer open, or cannot be read. */
async function refreshed(
  subject: Subject,
  { account, prepared, order: { url } }: HeldOrder,
): Promise<HeldOrder | undefined> {
  const order = readOrder(await subject.askAs(account, url));
  if (isFailure(order)) return undefined;
  const isOpen = order.status === "pending" || order.status === "ready";
  return isOpen ? { account, prepared, order: { ...order, url } } : undefined;
}
