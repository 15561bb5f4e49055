import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { memberMetadataBytesMax } from '../../src/core/limits.js';
import { type NodeOptions, resolveNodeOptions, type TlsOptions } from '../../src/runtime/options.js';
import { lan, local, localPortsMax, wan } from '../../src/runtime/profiles.js';

const key = 'sixteen letters!';
const pem = { key: '-----BEGIN KEY', cert: '-----BEGIN CERTIFICATE', ca: '-----BEGIN CERTIFICATE' };

describe('node options', () => {
  it('are all optional: the local profile, a drawn name, defaults', () => {
    const options = resolve({});
    assert.equal(options.name, 'node-drawn');
    assert.equal(options.profile.kind, 'local');
    assert.equal(options.host, '127.0.0.1');
    assert.equal(options.ports.length, localPortsMax);
    assert.deepEqual(
      options.seeds,
      options.ports.map((port) => `127.0.0.1:${port}`),
    );
    assert.deepEqual(
      [options.joinRequired, options.joinTimeoutMs, options.label, options.linksMax, options.drainMs],
      [false, 300, 'scalebus', 200, 5000],
    );
    assert.equal(options.awakeMaxUs, 0);
    assert.deepEqual(
      [options.key, options.tls, options.metadata, options.advertise],
      [undefined, undefined, undefined, undefined],
    );
  });

  it('take a given port alone, and the wait for seeds from the profile', () => {
    assert.deepEqual(resolve({ port: 0 }).ports, [0]);
    assert.deepEqual(resolve({ port: 65_535 }).ports, [65_535]);
    assert.equal(resolve({ profile: lan(), key }).joinTimeoutMs, 3000);
    assert.equal(resolve({ profile: wan(), key }).joinTimeoutMs, 10_000);
    assert.equal(resolve({ profile: wan(), key, joinTimeoutMs: 5 }).joinTimeoutMs, 5);
  });

  it('that are there and undefined were not given, as in key: process.env.KEY', () => {
    const text = readFileSync('src/runtime/options.ts', 'utf8');
    const body = /export interface NodeOptions \{([^]*?)\n\}/.exec(text)?.[1] ?? '';
    // Every name there is, so that none lacks a kind to be checked by.
    const names = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = '']) => name);
    assert.ok(names.length > 20);
    const given = Object.fromEntries(names.map((name) => [name, undefined]));
    assert.deepEqual(resolve(given as NodeOptions), resolve({}));
  });

  it('accept every form of seed', () => {
    const seeds = ['a:1', '[::1]:2', 'dns:nodes.example:7700', 'srv:_bus._udp.example', 'env:SEEDS', 'file:/etc/seeds'];
    assert.deepEqual(resolve({ seeds }).seeds, seeds);
  });

  it('hash a key that is a text, and take 32 bytes as they are', () => {
    assert.deepEqual(resolve({ key }).key, Uint8Array.of(16));
    const bytes = new Uint8Array(32).fill(7);
    assert.equal(resolve({ key: bytes }).key, bytes);
  });

  for (const [option, given, todo] of wrongOptions()) {
    const shown = JSON.stringify(Object.values(given)[0]);
    it(`refuse ${option} ${shown.slice(0, 40)} and say what to give`, () => {
      assert.throws(
        () => resolve(given),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'invalid-options');
          assert.match(error.message, new RegExp(`${option.replace('.', '\\.')}( is .+)?: ${todo}`));
          return true;
        },
      );
    });
  }

  it('never show a key, or certificates', () => {
    for (const given of [
      { key: 'tooshort-secret' },
      { tls: { key: 'hidden-secret', cert: 'hidden-secret', ca: 'hidden-secret' } },
    ]) {
      assert.throws(
        () => resolve(given),
        (error: Error) => !error.message.includes('secret'),
      );
    }
  });

  it('refuse a name that no option has, and list those there are', () => {
    const given = { sedes: [] } as NodeOptions;
    assert.throws(() => resolve(given), /invalid-options.+no option sedes.+seeds/);
  });

  it('refuse a part of tls that there is not', () => {
    const tls = { ...pem, mutal: false };
    assert.throws(() => resolve({ tls }), /invalid-options.+tls takes no option mutal; give key, cert, ca, mutual/);
  });

  it('refuse what is no object of options', () => {
    for (const given of [null, 5, 'name', []]) {
      assert.throws(
        () => resolve(given as NodeOptions),
        /invalid-options.+the options of createNode: give an object of/,
      );
    }
  });

  it('refuse one text as seeds, which would be taken letter by letter', () => {
    const seeds = 'a:1' as unknown as string[];
    assert.throws(() => resolve({ seeds }), /option seeds: give a list of texts, such as .+ not 'a:1'/);
  });

  it('refuse to be reached from other machines without a key, and say what would do', () => {
    for (const given of [
      { profile: lan() },
      { host: '10.0.0.1' },
      { host: 'db.example' },
      { host: '::' },
      { host: '127.0.0.1.example' },
      { host: '10.0.0.1', insecure: false },
      { host: '10.0.0.1', tls: { ...pem, mutual: false } },
    ]) {
      assert.throws(
        () => resolve(given),
        /\[insecure-address\] host .+ give key .+ tls with mutual: true.+ insecure: true.+ 127\.0\.0\.1/,
      );
    }
  });

  it('take another host with a key, with mutual TLS, or when insecure is said, and loopback always', () => {
    for (const given of [{ key }, { tls: pem }, { insecure: true }]) {
      assert.equal(resolve({ host: '0.0.0.0', ...given }).host, '0.0.0.0');
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) assert.equal(resolve({ host }).host, host);
  });
});

describe('profiles', () => {
  it('differ in where a node listens and whom it asks', () => {
    assert.deepEqual(local().seeds.slice(0, 2), ['127.0.0.1:7700', '127.0.0.1:7701']);
    for (const profile of [lan(5), wan(5)]) {
      assert.deepEqual([profile.host, profile.ports, profile.seeds, profile.nodes], ['0.0.0.0', [7700], [], 5]);
    }
  });

  it('hands the options of calls on, with the stacks that the node may show', () => {
    assert.deepEqual(resolve({ exposeStacks: true, rpc: { timeoutMs: 500 } }).rpc, {
      exposeStacks: true,
      timeoutMs: 500,
    });
    assert.deepEqual(resolve({ rpc: { exposeStacks: true } }).rpc, { exposeStacks: true });
  });
});

function resolve(given: NodeOptions) {
  // A hash that can be recognised: the length of what was hashed.
  return resolveNodeOptions(given, {
    defaultName: () => 'node-drawn',
    hash: (bytes) => Uint8Array.of(bytes.length),
  });
}

/** Values of another kind than the option's. */
function kindless(): (readonly [string, unknown, string])[] {
  return [
    ...['name', 'host', 'advertise', 'label', 'engine'].map((option) => [option, 5, 'give a text, not 5'] as const),
    ...['insecure', 'joinRequired', 'exposeStacks', 'codeGeneration', 'compiledShapes'].map(
      (option) => [option, 'false', "give true or false, not 'false'"] as const,
    ),
    ['profile', 'lan', 'give local'],
    ['seeds', [5], 'give a list of texts'],
    ['seeds', null, 'give a list of texts'],
    ['nodes', [null], 'give a list of { name, address }'],
    ['nodes', [{ name: 'a' }], 'give a list of { name, address }'],
    ['nodes', 5, 'give a list of { name, address }'],
    ['key', 5, 'give a text, or 32 bytes'],
    ['tls', 'pem', 'give { key, cert, ca, mutual }'],
    ['authenticate', {}, 'give a function'],
    ['metadata', 'x', 'give a Uint8Array'],
    ['rpc', 5, 'give an object of options for calls'],
    ['bus', null, 'give an object of options for the bus'],
    ['logger', {}, 'give a logger'],
    ['metrics', 5, 'give metrics'],
  ];
}

/** Option name, options, and what the error says is to be done. */
function wrongOptions(): (readonly [string, NodeOptions, string])[] {
  return [
    ...['', '-a', 'a b', 'ä', 'a/b', 'x'.repeat(64)].map((name) => ['name', { name }, 'give 1 to 63 letters'] as const),
    ...[-1, 65_536, 1.5, Number.NaN].map((port) => ['port', { port }, 'give a whole number from 0 to 65535'] as const),
    ['host', { host: '' }, 'give an address'],
    ['engine', { engine: 'other' as 'scalebus' }, "give 'scalebus' or 'rsocket-js'"],
    ...['x', 'a:b', ':1', 'a:70000'].map((advertise) => ['advertise', { advertise }, 'give host:port'] as const),
    ...['', 'a', 'http://a:1', 'a:99999'].map((seed) => ['seeds', { seeds: ['a:1', seed] }, 'give host:port'] as const),
    ...[0, 600_001].map((joinTimeoutMs) => ['joinTimeoutMs', { joinTimeoutMs }, 'give a whole number'] as const),
    ...['', 'x'.repeat(65), 'ä'.repeat(33)].map((label) => ['label', { label }, 'give 1 to 64 bytes'] as const),
    ['key', { key: 'short' }, 'give 32 bytes, or a text of at least 16 characters'],
    ['key', { key: new Uint8Array(31) }, 'give 32 bytes'],
    ...(['key', 'cert', 'ca'] as const).map(
      (part) => [`tls.${part}`, { tls: { ...pem, [part]: '/etc/file' } }, 'give a PEM text'] as const,
    ),
    ['metadata', { metadata: new Uint8Array(memberMetadataBytesMax + 1) }, 'give at most'],
    ...kindless().map(([option, value, todo]) => [option, { [option]: value }, todo] as const),
    ['tls.key', { tls: {} as TlsOptions }, 'give a PEM text'],
    ['tls.mutual', { tls: { ...pem, mutual: 1 as unknown as boolean } }, 'give true or false'],
    ['bus.checkValues', { bus: { checkValues: 'no' as unknown as boolean } }, 'give true or false'],
    ...[0, Number.NaN, Number.POSITIVE_INFINITY].map(
      (timeoutMs) => ['rpc.timeoutMs', { rpc: { timeoutMs } }, 'give a number of at least 1'] as const,
    ),
    ['rpc.servedMax', { rpc: { servedMax: '9' as unknown as number } }, 'give a number of at least 1'],
    ['rpc.breaker.openMs', { rpc: { breaker: { openMs: -1 } } }, 'give a number of at least 0'],
    ['rpc.retry.attemptsMax', { rpc: { retry: { attemptsMax: 0 } } }, 'give a number of at least 1'],
    ...[0, 10_001].map((linksMax) => ['linksMax', { linksMax }, 'give a whole number from 1'] as const),
    ...[-1, 0.5, 10_001].map((awakeMaxUs) => ['awakeMaxUs', { awakeMaxUs }, 'give a whole number from 0'] as const),
    ...[-1, 600_001].map((drainMs) => ['drainMs', { drainMs }, 'give a whole number from 0'] as const),
  ];
}
