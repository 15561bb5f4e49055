/** Calls between whole nodes over TCP: our engine at both ends, and rsocket-js 0.0.27 at one of them. */
import { createNodeEnvironment, createOptionSources } from '../../src/runtime/node-environment.js';
import { type EngineName, resolveNodeOptions } from '../../src/runtime/options.js';
import { checkRpc } from '../../src/testing/conformance/rpc.js';
import type { RpcFixture } from '../../src/testing/conformance/rpc-fixture.js';
import { startWholePair, type WholeNode } from '../cluster/rpc/whole-pair.js';
import { realWaiter } from './link-waiter.js';
import { drawLabel } from './process-fixture.js';

describe('calls between whole nodes over TCP', function suite() {
  this.timeout(30_000);

  const pairs: readonly (readonly [string, EngineName, EngineName])[] = [
    ['our engine', 'scalebus', 'scalebus'],
    ['our engine, at a node of rsocket-js', 'scalebus', 'rsocket-js'],
    ['rsocket-js, at a node of our engine', 'rsocket-js', 'scalebus'],
  ];
  for (const [name, callers, serves] of pairs) {
    checkRpc({ describe, it }, name, () => startPair(callers, serves));
  }
});

function startPair(callers: EngineName, serves: EngineName): Promise<RpcFixture> {
  const label = drawLabel();
  const make = (name: string, engine: EngineName): WholeNode => {
    const options = { name, label, engine };
    return { options, environment: createNodeEnvironment(options, resolveNodeOptions(options, createOptionSources())) };
  };
  return startWholePair(realWaiter(10_000), make('one', callers), make('two', serves));
}
