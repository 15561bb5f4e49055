/** The benches, in order of importance. */
import type { Bench } from './harness/run.js';
import { busBench } from './suite/bus.js';
import { failureBench } from './suite/failure.js';
import { interestBench } from './suite/interest.js';
import { latencyBench } from './suite/latency.js';
import { localBench } from './suite/local.js';
import { microBench } from './suite/micro.js';
import { rpcBench } from './suite/rpc.js';
import { scaleBench } from './suite/scale.js';
import { startupBench } from './suite/startup.js';
import { streamBench } from './suite/stream.js';

/** Every bench that measures contenders. */
export const benches: readonly Bench[] = [
  rpcBench,
  busBench,
  failureBench,
  startupBench,
  localBench,
  latencyBench,
  streamBench,
  scaleBench,
  interestBench,
  microBench,
];
