import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveNodeConfig } from '../../src/cli/node-config.js';

describe('node configuration', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'scalebus-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is empty without flags, environment and file', () => {
    assert.deepEqual(resolveNodeConfig({}, {}), {
      name: undefined,
      listen: undefined,
      advertise: undefined,
      seeds: undefined,
      key: undefined,
      label: undefined,
      insecure: false,
      mqtt: undefined,
      rules: [],
    });
  });

  it('takes everything from a YAML file, rule files from its folder', () => {
    const config = write(`
      name: gateway
      listen: 127.0.0.1:7000
      advertise: gate.example:7000
      seeds: ['10.0.0.1:7700', 'dns:nodes.example:7700']
      key: a key of some length
      label: plant
      insecure: true
      mqtt: '[::1]:1883'
      rules: [rules/climate.yaml, /etc/rule.yaml]
    `);
    assert.deepEqual(resolveNodeConfig({ config }, {}), {
      name: 'gateway',
      listen: { host: '127.0.0.1', port: 7000 },
      advertise: 'gate.example:7000',
      seeds: ['10.0.0.1:7700', 'dns:nodes.example:7700'],
      key: 'a key of some length',
      label: 'plant',
      insecure: true,
      mqtt: { host: '::1', port: 1883 },
      rules: [join(folder, 'rules/climate.yaml'), '/etc/rule.yaml'],
    });
    assert.equal(resolveNodeConfig({}, { SCALEBUS_CONFIG: config }).name, 'gateway');
  });

  it('lets the environment win over the file, and flags over both', () => {
    const config = write(
      'name: file\nlabel: file\nkey: a key of the file\nseeds: [file:1]\nrules: [file]\ninsecure: true',
    );
    const env = {
      SCALEBUS_NAME: 'env',
      SCALEBUS_LABEL: 'env',
      SCALEBUS_SEEDS: 'env:1, env:2,',
      SCALEBUS_RULES: 'env.yaml',
      SCALEBUS_INSECURE: 'false',
      SCALEBUS_LISTEN: 'env:1',
      SCALEBUS_MQTT: '127.0.0.2:2',
      SCALEBUS_ADVERTISE: 'env:3',
    };
    const fromEnv = resolveNodeConfig({ config }, env);
    assert.deepEqual(
      [fromEnv.name, fromEnv.label, fromEnv.key, fromEnv.insecure],
      ['env', 'env', 'a key of the file', false],
    );
    assert.deepEqual([fromEnv.seeds, fromEnv.rules], [['env:1', 'env:2'], ['env.yaml']]);
    assert.deepEqual(
      [fromEnv.listen, fromEnv.mqtt, fromEnv.advertise],
      [{ host: 'env', port: 1 }, { host: '127.0.0.2', port: 2 }, 'env:3'],
    );
    const flags = { config, name: 'flag', seed: ['flag:1'], rule: [], insecure: true, listen: 'flag:9' };
    const fromFlags = resolveNodeConfig(flags, env);
    assert.deepEqual([fromFlags.name, fromFlags.label, fromFlags.insecure], ['flag', 'env', true]);
    assert.deepEqual([fromFlags.seeds, fromFlags.rules, fromFlags.listen?.port], [['flag:1'], [], 9]);
  });

  it('takes an empty variable for none', () => {
    const names = ['NAME', 'LISTEN', 'ADVERTISE', 'SEEDS', 'KEY', 'LABEL', 'INSECURE', 'MQTT', 'RULES', 'CONFIG'];
    const env = Object.fromEntries(names.map((name) => [`SCALEBUS_${name}`, '']));
    assert.deepEqual(resolveNodeConfig({}, env), resolveNodeConfig({}, {}));
  });

  it('names who gave a key that is too short, and does not show it', () => {
    const config = write('key: secret');
    assert.throws(() => resolveNodeConfig({ config }, {}), /node\.yaml: key has 6 characters; expected at least 16/);
    assert.throws(() => resolveNodeConfig({}, { SCALEBUS_KEY: 'secret' }), /SCALEBUS_KEY has 6 characters/);
    assert.throws(() => resolveNodeConfig({ key: 'secret' }, {}), /--key has 6 characters/);
  });

  it('takes an empty file for one that says nothing', () => {
    assert.equal(resolveNodeConfig({ config: write('# nothing yet\n') }, {}).name, undefined);
  });

  const wrongFiles: readonly (readonly [string, RegExp])[] = [
    ['nmae: x', /there is no key nmae; the keys are name, listen/],
    ['name: 5', /name is 5; expected a text/],
    ['key: 1234567890123456', /key is 1234567890123456; expected a text/],
    ['seeds: a:1', /seeds is "a:1"; expected a list of texts/],
    ['rules: [1]', /rules is \[1\]; expected a list of texts/],
    ['insecure: "yes"', /insecure is "yes"; expected true or false/],
    ['listen: nowhere', /listen is "nowhere"; expected HOST:PORT/],
    ['mqtt: ":1883"', /mqtt is ":1883"; expected HOST:PORT/],
    ['- name', /expected keys and values such as "name: gateway"/],
    ['name: [', /at line 1/],
  ];
  for (const [text, message] of wrongFiles) {
    it(`refuses ${JSON.stringify(text)} and names file and key`, () => {
      const config = write(text);
      assert.throws(
        () => resolveNodeConfig({ config }, {}),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'invalid-options');
          assert.match(error.message, new RegExp(`config file ${config}`));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('lets devices from elsewhere in only when told that this is insecure', () => {
    const refused = (by: string) => (error: Error & { code?: string }) =>
      error.code === 'insecure-address' && error.message.includes(`${by} is "10.0.0.1:1883"`);
    const config = write('mqtt: 10.0.0.1:1883');
    assert.throws(() => resolveNodeConfig({ config }, {}), refused(`config file ${config}: mqtt`));
    assert.throws(
      () => resolveNodeConfig({ mqtt: '10.0.0.1:1883', key: 'a key of some length' }, {}),
      refused('--mqtt'),
    );
    assert.deepEqual(resolveNodeConfig({ config, insecure: true }, {}).mqtt, { host: '10.0.0.1', port: 1883 });
    assert.equal(resolveNodeConfig({ mqtt: 'localhost:1883' }, {}).mqtt?.host, 'localhost');
  });

  it('names the flag or variable that is wrong', () => {
    assert.throws(() => resolveNodeConfig({ mqtt: 'x' }, {}), /--mqtt is "x"; expected HOST:PORT/);
    assert.throws(() => resolveNodeConfig({}, { SCALEBUS_LISTEN: 'x' }), /SCALEBUS_LISTEN is "x"/);
    assert.throws(
      () => resolveNodeConfig({}, { SCALEBUS_INSECURE: 'yes' }),
      /SCALEBUS_INSECURE is "yes"; expected true/,
    );
  });

  function write(text: string): string {
    const file = join(folder, 'node.yaml');
    writeFileSync(file, text);
    return file;
  }
});
