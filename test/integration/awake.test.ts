import assert from 'node:assert/strict';
import type { Connection } from '../../src/spi/connections.js';
import { createNodeEnvironment, createOptionSources } from '../../src/runtime/node-environment.js';
import { type NodeOptions, resolveNodeOptions } from '../../src/runtime/options.js';
import { Opened, tlsFile } from './transport-fixture.js';

describe('a node that stays awake', function awake() {
  this.timeout(20_000);
  const opened = new Opened();
  afterEach(async () => opened.close());

  const ways: readonly (readonly [string, NodeOptions])[] = [
    ['TCP', {}],
    ['TLS', { tls: { key: tlsFile('node-a-key.pem'), cert: tlsFile('node-a.pem'), ca: tlsFile('cluster-ca.pem') } }],
  ];
  for (const [way, options] of ways) {
    it(`looks for an answer over ${way}, and no more once it has come`, async () => {
      const { turns, exchange } = await connect(opened, { ...options, awakeMaxUs: 10_000 });
      await exchange();
      // Nothing else asks for turns on these connections.
      const looks = turns();
      assert.ok(looks > 0);
      await passTurns(20);
      assert.equal(turns(), looks);
    });

    it(`sleeps at once over ${way} when it was not asked to stay awake`, async () => {
      const { turns, exchange } = await connect(opened, options);
      await exchange();
      assert.equal(turns(), 0);
    });
  }
});

interface Pair {
  /** Ends of turns that somebody asked for since the connection stood. */
  readonly turns: () => number;
  /** Sends a byte and waits until it comes back. */
  readonly exchange: () => Promise<void>;
}

/** A connection to an echo, in the environment of a node with these options. */
async function connect(opened: Opened, given: NodeOptions): Promise<Pair> {
  const environment = createNodeEnvironment(given, resolveNodeOptions(given, createOptionSources()));
  const { clock } = environment;
  let turns = 0;
  const afterTurn = clock.afterTurn.bind(clock);
  clock.afterTurn = (run) => {
    turns += 1;
    afterTurn(run);
  };
  const connections = opened.watch(environment.connections);
  // The echo never stays awake itself: what is counted is the dialling side.
  const plain = { ...given, awakeMaxUs: 0 };
  const other = createNodeEnvironment(plain, resolveNodeOptions(plain, createOptionSources()));
  const server = await opened
    .watch(other.connections)
    .listen({ host: '127.0.0.1', port: 0 }, (peer) => take(peer, (bytes) => peer.write(bytes.slice())));
  const mine = await connections.dial(server.local, { timeoutMs: 5000 });
  let onAnswer = (): void => undefined;
  take(mine, () => onAnswer());
  turns = 0;
  return {
    turns: () => turns,
    exchange: async () => {
      const answered = new Promise<void>((resolve) => {
        onAnswer = resolve;
      });
      mine.write(Uint8Array.of(1));
      await answered;
    },
  };
}

async function passTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function take(connection: Connection, onBytes: (bytes: Uint8Array) => void): void {
  connection.listen({ onBytes, onDrain: () => undefined, onClosed: () => undefined });
}
