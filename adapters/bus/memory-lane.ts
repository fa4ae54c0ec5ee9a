/**
 * A lane of the memory bus: one group's reading of one topic, a message at a time. It knows whom its
 * handler waits for, so that the bus can tell when waiting would never end.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { backOffMs, pause, type BackOff } from '../back-off.ts';
import { lagGauge, type DeadLetter, type Outcome, type RawMessage } from './delivery.ts';

export interface Topic {
  readonly name: string;
  /** Offset of the oldest message kept. */
  base: number;
  readonly log: string[];
}

export interface Member {
  readonly group: string;
  deliver(raw: RawMessage): Promise<Outcome>;
  reads(topic: string): boolean;
}

export interface LaneOptions {
  readonly current: AsyncLocalStorage<Lane>;
  readonly backoff: BackOff;
  readonly logger: Logger | undefined;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

interface Waiter {
  readonly offset: number;
  readonly promise: PromiseWithResolvers<void>;
}

export class Lane {
  private readonly topic: Topic;
  private readonly members: ReadonlySet<Member>;
  private readonly options: LaneOptions;
  /** Offset of the next message to handle. */
  private next: number;
  private handling: { readonly member: Member; readonly done: Promise<void> } | undefined;
  private waiters: Waiter[] = [];
  /** Lanes that the message in hand waits for: its handler published to them. */
  private readonly waitsFor: Lane[] = [];
  private readonly closing = new AbortController();
  private pumping = false;

  constructor(topic: Topic, members: ReadonlySet<Member>, options: LaneOptions) {
    this.topic = topic;
    this.members = members;
    this.options = options;
    this.next = topic.base;
  }

  get busy(): boolean {
    return this.handling !== undefined;
  }

  lag(): number {
    return this.end() - Math.max(this.next, this.topic.base);
  }

  /** True when this lane cannot go on before `other` does. */
  leadsTo(other: Lane, seen = new Set<Lane>()): boolean {
    if (this === other) return true;
    if (seen.has(this)) return false;
    seen.add(this);
    return this.waitsFor.some((lane) => lane.leadsTo(other, seen));
  }

  /** Resolves when the messages before `offset` are handled, or nobody reads this lane any more. */
  async handledTo(offset: number): Promise<void> {
    if (this.next >= offset || this.reader() === undefined) return;
    if (this.closing.signal.aborted) throw this.closedError();
    const promise: PromiseWithResolvers<void> = Promise.withResolvers();
    this.waiters.push({ offset, promise });
    return promise.promise;
  }

  /** As `handledTo` of the other lane, on behalf of the handler at work in this one. */
  async waitFor(other: Lane, offset: number): Promise<void> {
    this.waitsFor.push(other);
    try {
      await other.handledTo(offset);
    } finally {
      this.waitsFor.splice(this.waitsFor.indexOf(other), 1);
    }
  }

  /** Starts handling if there is something to handle and someone to do it. */
  wake(): void {
    if (this.pumping || this.closing.signal.aborted) return;
    this.pumping = true;
    void this.pump().finally(() => {
      this.pumping = false;
      if (this.lag() > 0 && this.reader() !== undefined) this.wake();
    });
  }

  /** After a member left the group: resolves when the message it had in hand is done. */
  async left(member: Member): Promise<void> {
    if (this.handling?.member === member) await this.handling.done;
    if (this.reader() !== undefined) return;
    for (const waiter of this.waiters.splice(0)) waiter.promise.resolve();
  }

  /** Resolves when the message in hand is done; whoever waits for later ones gets UNAVAILABLE. */
  async close(): Promise<void> {
    this.closing.abort();
    const { handling } = this;
    if (handling !== undefined) await handling.done;
    for (const waiter of this.waiters.splice(0)) waiter.promise.reject(this.closedError());
  }

  private closedError(): KeelError {
    return new KeelError(
      'UNAVAILABLE',
      `the bus was closed before every subscriber had handled the message on ${this.topic.name}`,
    );
  }

  private end(): number {
    return this.topic.base + this.topic.log.length;
  }

  private reader(): Member | undefined {
    for (const member of this.members) if (member.reads(this.topic.name)) return member;
    return undefined;
  }

  private async pump(): Promise<void> {
    for (let attempt = 0; !this.closing.signal.aborted;) {
      const member = this.reader();
      if (this.next < this.topic.base) {
        const missed = this.topic.base - this.next;
        this.options.logger?.error({ topic: this.topic.name, missed }, 'bus_memory_overrun');
        this.next = this.topic.base;
      }
      const text = this.topic.log[this.next - this.topic.base];
      if (member === undefined || text === undefined) return;
      if (await this.handleOne(member, text)) {
        attempt = 0;
        continue;
      }
      await pause(backOffMs(attempt, this.options.backoff), this.closing.signal);
      attempt += 1;
    }
  }

  /** False: to be tried again. */
  private async handleOne(member: Member, text: string): Promise<boolean> {
    const done: PromiseWithResolvers<void> = Promise.withResolvers();
    this.handling = { member, done: done.promise };
    try {
      const outcome = await this.options.current.run(this, async () => {
        const raw = { topic: this.topic.name, position: `0/${String(this.next)}`, text };
        const result = await member.deliver(raw);
        if (result.kind === 'poison') this.options.onDeadLetter(result.letter);
        return result.kind;
      });
      if (outcome === 'failed') return false;
      this.next += 1;
      lagGauge.set({ group: member.group, topic: this.topic.name, partition: '0' }, this.lag());
      this.waiters = this.waiters.filter((waiter) => {
        if (waiter.offset > this.next) return true;
        waiter.promise.resolve();
        return false;
      });
      return true;
    } finally {
      this.handling = undefined;
      done.resolve();
    }
  }
}
