import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { call, type ClusterNode, createNode, defineService } from 'scalebus';

const hello = defineService('hello', { version: '1.0.0', methods: { say: call<string, string>() } });

describe('nodes with certificates, over TCP', function () {
  this.timeout(30_000);
  const running: ClusterNode[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((node) => node.stop()));
  });

  async function start(name: string, certificate: string, seeds: readonly string[]): Promise<ClusterNode> {
    const node = createNode({ name, port: 0, seeds, label: `tls-${process.pid}`, tls: tlsOf(certificate) });
    running.push(node);
    await node.start();
    return node;
  }

  it('call each other when each certificate names its node', async () => {
    const a = await start('node-a', 'node-a', []);
    a.rpc.register(hello, { say: (to) => `hello ${to}` });
    const b = await start('node-b', 'node-b', [a.address]);
    await b.rpc.whenAvailable(hello);
    assert.equal(await b.rpc.client(hello).say('b'), 'hello b');
  });

  it('have no link with a node whose certificate names another', async () => {
    const a = await start('node-a', 'node-a', []);
    a.rpc.register(hello, { say: (to) => `hello ${to}` });
    const b = await start('node-c', 'node-b', [a.address]);
    await assert.rejects(b.rpc.whenAvailable(hello, { timeoutMs: 1500 }), { code: 'deadline-exceeded' });
  });
});

function tlsOf(certificate: string): { readonly key: string; readonly cert: string; readonly ca: string } {
  return { key: pem(`${certificate}-key.pem`), cert: pem(`${certificate}.pem`), ca: pem('cluster-ca.pem') };
}

function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
}
