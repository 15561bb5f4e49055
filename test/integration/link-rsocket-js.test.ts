/** The rsocket-js engine behind the same door, as one side of a link and as both. */
import { addressToText } from '../../src/core/address.js';
import { createOwnEngine, type EngineFactory } from '../../src/cluster/link/link-engine.js';
import { rsocketJsEngines } from '../../src/cluster/link/rsocket-js-engine.js';
import { loadRsocketJs } from '../../src/cluster/link/rsocket-js-module.js';
import { checkLinks } from '../../src/testing/conformance/links.js';
import { introduce } from '../cluster/link/link-world.js';
import { startNode } from './link-node.js';
import { realWaiter } from './link-waiter.js';

const noFragments = 'it sends nothing in fragments';

/** What 0.0.27 cannot do as the side that serves. */
const cannotServe: Readonly<Record<string, string>> = {
  'carries more than a frame can hold': noFragments,
};
/** And as the side that asks. */
const cannotAsk: Readonly<Record<string, string>> = {
  'lets a short call pass a long one': noFragments,
};

describe('rsocket-js 0.0.27 behind the door', function suite() {
  this.timeout(30_000);
  let js: EngineFactory = createOwnEngine;

  before(async () => {
    js = rsocketJsEngines(await loadRsocketJs());
  });

  const pairs = [
    ['rsocket-js calling ours', () => [js, createOwnEngine], cannotAsk],
    ['ours calling rsocket-js', () => [createOwnEngine, js], cannotServe],
    ['rsocket-js calling rsocket-js', () => [js, js], { ...cannotAsk, ...cannotServe }],
  ] as const;
  for (const [name, engines, cannot] of pairs) {
    checkLinks({ describe, it }, name, async () => {
      const options = { engine: { streamsMax: 20 }, redialMinMs: 10, dialYieldMs: 50 };
      const [leftEngine = createOwnEngine, rightEngine = createOwnEngine] = engines();
      const left = await startNode('left', { options, createEngine: leftEngine });
      const right = await startNode('right', { options, createEngine: rightEngine });
      introduce(left.node, right.node);
      return {
        // It joins 15 MiB of fragments in squared time: 14 s where a dozen others want the same two cores.
        ...realWaiter(25_000),
        left: left.node.links,
        right: right.node.links,
        rightAddress: addressToText(right.node.address),
        breakLink: () => {
          for (const { node } of [left, right]) for (const connection of node.connections.dialed) connection.destroy();
        },
        streamsMax: 20,
        cannot,
        stop: async () => {
          await left.stop();
          await right.stop();
        },
      };
    });
  }
});
