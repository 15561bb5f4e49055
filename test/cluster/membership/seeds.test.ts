import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSeeds, findSeeds, type HostResolver } from '../../../src/cluster/membership/seeds.js';
import { NodeResolver } from '../../../src/runtime/node-resolver.js';

const resolver: HostResolver = {
  resolveHost: (host) =>
    host === 'pods' ? Promise.resolve(['10.0.0.1', 'fd00::2']) : Promise.reject(new Error(`no such host: ${host}`)),
  resolveService: () => Promise.resolve([{ host: '10.0.0.3', port: 9 }]),
  readList: (kind, name) => Promise.resolve(kind === 'env' && name === 'SEEDS' ? '10.0.0.4:1, dns:pods' : ''),
};

describe('seeds', () => {
  it('are read from addresses, names, services, the environment and files', async () => {
    const source = ['10.0.0.9:5', 'dns:pods', 'dns:pods:8', 'srv:_bus._udp.example', 'env:SEEDS', '[::1]:4'];
    checkSeeds(source);
    const { addresses, fault } = await findSeeds({ source, defaultPort: 7, resolver });
    assert.equal(fault, undefined);
    assert.deepEqual(addresses, [
      '10.0.0.9:5',
      '10.0.0.1:7',
      '[fd00::2]:7',
      '10.0.0.1:8',
      '[fd00::2]:8',
      '10.0.0.3:9',
      '10.0.0.4:1',
      '[::1]:4',
    ]);
  });

  it('that cannot be looked up are left out, with the reason', async () => {
    const { addresses, fault } = await findSeeds({ source: 'gone:1, 10.0.0.1:1', defaultPort: 7, resolver });
    assert.deepEqual(addresses, ['10.0.0.1:1']);
    assert.match(String(fault), /no such host: gone/);
  });

  it('that are none are refused at once', () => {
    assert.throws(() => checkSeeds(['host:99999']), { code: 'invalid-options' });
    assert.throws(() => checkSeeds('dns:'), { code: 'invalid-options' });
  });

  it('are looked up by the machine', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'seeds '));
    try {
      const path = join(folder, 'a list');
      await writeFile(path, '127.0.0.1:1\n127.0.0.2:2\n');
      const real = new NodeResolver({ SEEDS: '127.0.0.3:3' });
      const found = await findSeeds({
        source: [`file:${path}`, 'env:SEEDS', 'env:NONE'],
        defaultPort: 7,
        resolver: real,
      });
      assert.deepEqual(found, { addresses: ['127.0.0.1:1', '127.0.0.2:2', '127.0.0.3:3'], fault: undefined });
      const missing = await findSeeds({ source: [`file:${path}x`], defaultPort: 7, resolver: real });
      assert.match(String(missing.fault), /ENOENT/);
      assert.deepEqual(await real.resolveHost('127.0.0.1'), ['127.0.0.1']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
