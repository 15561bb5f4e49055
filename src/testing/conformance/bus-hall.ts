import assert from 'node:assert/strict';
import { ClusterError } from '../../core/errors.js';
import type { BusDoor, BusEvent, BusSubscription, GroupStrategy, SubscribeOptions } from '../../spi/bus.js';
import type { Waiter } from './suite.js';

/** Three doors, made anew for each test: of three nodes that know each other, the oldest first, or three times the door of one node. */
export interface BusFixture extends Waiter {
  readonly doors: readonly [BusDoor, BusDoor, BusDoor];
  /** False: all three are one node. */
  readonly isCluster: boolean;
  /** Ends a node and starts another life of its name; resolves with that one's door. Absent where there is one node. */
  readonly restart?: (index: 1 | 2) => Promise<BusDoor>;
  stop(): Promise<void>;
}

/** The fixture with what the cases say often. */
export class Hall {
  readonly isCluster: boolean;
  readonly #fixture: BusFixture;
  #doors: BusFixture['doors'];

  constructor(fixture: BusFixture) {
    this.#fixture = fixture;
    this.#doors = fixture.doors;
    this.isCluster = fixture.isCluster;
  }

  get doors(): BusFixture['doors'] {
    return this.#doors;
  }

  /** False where there is no other node to restart. */
  async restart(index: 1 | 2): Promise<boolean> {
    const door = await this.#fixture.restart?.(index);
    if (door === undefined) return false;
    const [first, second, third] = this.#doors;
    this.#doors = index === 1 ? [first, door, third] : [first, second, door];
    return true;
  }

  until(condition: () => boolean): Promise<void> {
    return this.#fixture.until(condition);
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.#fixture.settle(promise);
  }

  rest(): Promise<void> {
    return this.#fixture.rest();
  }

  stop(): Promise<void> {
    return this.#fixture.stop();
  }

  publish(index: 0 | 1 | 2, topic: string): void {
    this.doors[index].publish(topic, topic);
  }

  async subscribe(
    index: 0 | 1 | 2,
    patterns: string | readonly string[],
    handler: (event: BusEvent) => void | Promise<void>,
    options: SubscribeOptions = {},
  ): Promise<BusSubscription> {
    const subscription = this.doors[index].subscribe(patterns, handler, options);
    await this.settle(subscription.ready({ scope: 'cluster' }));
    return subscription;
  }

  /** The topics that a subscription gets. */
  async collect(index: 0 | 1 | 2, patterns: readonly string[], options: SubscribeOptions = {}): Promise<string[]> {
    const got: string[] = [];
    await this.subscribe(index, patterns, (event) => void got.push(event.topic), options);
    return got;
  }

  /** A group with a member at each door, on `/NAME/*`; how many events each got. */
  async group(name: string, strategy: GroupStrategy): Promise<number[]> {
    const counts = [0, 0, 0];
    for (const index of [0, 1, 2] as const) {
      const count = (): void => void (counts[index] = (counts[index] ?? 0) + 1);
      await this.subscribe(index, `/${name}/*`, count, { group: { name, strategy } });
    }
    return counts;
  }

  /** Publishes 60 events for such a group and checks that each was served once; how many each member got. */
  async serveOnce(strategy: GroupStrategy): Promise<readonly number[]> {
    const counts = await this.group(strategy, strategy);
    for (let index = 0; index < 60; index += 1) this.publish(0, `/${strategy}/${index}`);
    await this.until(() => sum(counts) === 60);
    await this.rest();
    assert.equal(sum(counts), 60);
    return counts;
  }
}

/** The cases of a suite, by what they show. */
export type HallCases = Readonly<Record<string, (hall: Hall) => Promise<void>>>;

/** Holds for a `ClusterError` of this code. */
export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ClusterError && error.code === code;
}

/** Of several numbers. */
export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
