import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chooseEntries, entries, familyOf } from '../../bench/contenders.js';

describe('bench contenders', () => {
  it('have different names and adapters that exist', () => {
    assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length);
    for (const { module, settings } of entries) {
      assert.ok(existsSync(module), module);
      assert.notEqual(settings, '');
    }
  });

  it('are ours and the limit by default, ours first', () => {
    const names = chooseEntries({ kind: 'rpc', ours: true, peers: ['limit'] }).map(({ name }) => name);
    assert.deepEqual(names, ['scalebus', 'limit']);
  });

  it('come by family with all variants that can carry the payload', () => {
    const names = (payload: 'iot' | number): string[] =>
      chooseEntries({ kind: 'bus', ours: false, peers: ['nats'], payload }).map(({ name }) => name);
    assert.deepEqual(names('iot'), ['nats', 'nats-msgpackr', 'nats-batched']);
    assert.deepEqual(names(200), ['nats']);
  });

  it('leave out who cannot do it', () => {
    const names = new Set(chooseEntries({ kind: 'stream', ours: false, peers: ['all'] }).map(({ name }) => name));
    assert.ok(names.has('grpc') && !names.has('nats') && !names.has('limit-unix'));
  });

  it('stay awake only where they are asked for by name', () => {
    const names = (peers: readonly string[], ours = true): string[] =>
      chooseEntries({ kind: 'rpc', ours, peers, payload: 100 }).flatMap(({ name }) =>
        /awake/.test(name) ? [name] : [],
      );
    assert.deepEqual(names(['all', 'limit']), []);
    assert.deepEqual(names(['scalebus-awake', 'limit-awake']), ['scalebus-awake', 'limit-awake']);
    assert.deepEqual(names(['scalebus-awake', 'limit-awake'], false), ['limit-awake']);
  });

  it('refuse a name that nobody has', () => {
    assert.throws(() => chooseEntries({ kind: 'rpc', ours: true, peers: ['nots'] }), RangeError);
  });

  it('divide by the TCP limit, never by the Unix socket', () => {
    assert.equal(familyOf('limit'), 'limit');
    assert.equal(familyOf('limit-unix'), 'limit-unix');
    assert.equal(familyOf('moleculer-cbor'), 'moleculer');
  });
});
