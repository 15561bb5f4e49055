import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ClusterError } from '../../src/core/errors.js';
import type { ClusterNode } from '../../src/runtime/cluster-node.js';
import { createMqttGateway } from '../../src/runtime/mqtt-gateway.js';
import { startRules } from '../../src/runtime/node-rules.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

describe('options of gateways and rules', () => {
  let node: ClusterNode;

  before(async () => {
    const cluster = new SimCluster(6, ['n1']);
    node = await cluster.settle(cluster.start('n1'), 20_000);
  });

  const wrong: readonly (readonly [options: unknown, message: RegExp])[] = [
    ['127.0.0.1:1883', /the options of createMqttGateway: give an object/],
    [{ authentcate: () => undefined }, /createMqttGateway takes no option authentcate; give listen, /],
    [{ authenticate: 'ada' }, /option authenticate: give a function, not 'ada'/],
    [{ listen: '0.0.0.0:1883', insecure: 'false' }, /option insecure: give true or false, not 'false'/],
    [{ listen: 1883 }, /option listen: give host:port, such as '127\.0\.0\.1:1883', not 1883/],
    [{ listen: 'host:port' }, /option listen is "host:port": give host:port/],
    [{ clientsMax: '5' }, /option clientsMax: give a whole number of at least 1, not '5'/],
    [{ clientsMax: Number.NaN }, /option clientsMax: .*, not NaN/],
    [{ commandTimeoutMs: 0 }, /option commandTimeoutMs: .*, not 0/],
    [
      { acknowledge: 'deliverd' },
      /option acknowledge: give one of accepted, written, delivered, handled, not 'deliverd'/,
    ],
    [{ protocol: {} }, /option protocol: give a device protocol, not an object/],
  ];
  for (const [options, message] of wrong) {
    it(`are refused: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createMqttGateway(node, options as object), isRefusal(message));
    });
  }

  it('that are there and undefined take no default away', () => {
    const open = { listen: '0.0.0.0:1883', insecure: undefined };
    assert.throws(() => createMqttGateway(node, open as object), { code: 'insecure-address' });
    assert.equal(
      createMqttGateway(node, { listen: undefined, clientsMax: undefined } as object).address,
      '127.0.0.1:1883',
    );
  });

  it('of rules are checked too', async () => {
    for (const [options, message] of [
      [{ drainMS: 5 }, /startRules takes no option drainMS; give concurrencyMax, queueMax, drainMs/],
      [{ queueMax: '5' }, /option queueMax: give a whole number of at least 1, not '5'/],
      [{ drainMs: -1 }, /option drainMs: give a whole number of at least 0, not -1/],
    ] as const) {
      await assert.rejects(startRules(node, [], options as object), isRefusal(message));
    }
  });

  it('have a kind for every name that there is', () => {
    const known = (run: () => unknown): string[] => {
      try {
        run();
      } catch (error) {
        return [...String(error).matchAll(/\b[a-z]\w+\b/g)].map(([word]) => word);
      }
      return [];
    };
    const words = new Set(known(() => createMqttGateway(node, { none: 1 } as object)));
    const named = [
      ...membersOf('src/device/network/mqtt-options.ts', 'MqttOptions'),
      ...membersOf('src/device/gateway/device-gateway.ts', 'GatewayOptions'),
      ...membersOf('src/runtime/mqtt-gateway.ts', 'MqttGatewayOptions'),
    ];
    assert.ok(named.length > 15);
    assert.deepEqual(
      named.filter((name) => !words.has(name)),
      [],
    );
  });
});

function isRefusal(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ClusterError && error.code === 'invalid-options' && message.test(error.message);
}

function membersOf(source: string, name: string): string[] {
  const body =
    new RegExp(`export interface ${name}\\b[^{]*\\{([^]*?)\\n\\}`).exec(readFileSync(source, 'utf8'))?.[1] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member);
}
