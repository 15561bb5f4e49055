import assert from 'node:assert/strict';
import type { RpcManager } from '../../cluster/rpc/rpc-manager.js';
import { ClusterError, type ErrorCode } from '../../core/errors.js';
import type { Waiter } from './suite.js';

/** Two nodes with a link between them, made anew for each test. */
export interface RpcFixture extends Waiter {
  readonly one: RpcManager;
  readonly two: RpcManager;
  readonly oneName: string;
  readonly twoName: string;
  /** Ends the link between the two; it comes back by itself. */
  drop(): void;
  /** Streams that are open on either side. */
  streamCount(): number;
  stop(): Promise<void>;
}

/** All items. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error that a call fails with. */
export async function rejected(promise: Promise<unknown>): Promise<ClusterError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it resolved' });
}

/** Asserts that a call fails with a code. */
export async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  assert.equal((await rejected(promise)).code, code);
}
