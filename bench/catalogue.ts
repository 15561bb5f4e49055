/** The benches, in the order in which a smoke run takes them. */
import type { Bench } from './harness/run.js';
import { busBench } from './suite/bus.js';
import { rpcBench } from './suite/rpc.js';

/** Every bench that measures contenders. */
export const benches: readonly Bench[] = [rpcBench, busBench];
