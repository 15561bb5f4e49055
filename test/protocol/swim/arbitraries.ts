import * as fc from 'fast-check';
import type { MemberLife } from '../../../src/protocol/swim/catalogue.js';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';

/** Records as the decoder makes them, with the usual prototype. */
function plain<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const epoch = fc.maxSafeNat();
const incarnation = fc.nat({ max: 0x7fff_ffff });
const hash = fc.nat({ max: 0xffff_ffff });
const count = fc.nat({ max: 100_000 });
const seq = fc.nat();
const address = fc.constantFrom('10.0.0.1:7400', '[::1]:7400', 'node-1.example.org:1', 'a:65535');
const status = fc.constantFrom('alive' as const, 'suspect' as const, 'failed' as const, 'left' as const);
const tables = fc.array(plain({ table: fc.nat({ max: 0xffff }), revision: count, hash }), { maxLength: 16 });

const record = plain({
  name,
  epoch,
  address,
  incarnation,
  version: incarnation,
  hash,
  bytes: fc.nat({ max: 65_536 }),
}).map((drawn) => {
  const metadataVersion = Math.min(drawn.version, drawn.incarnation);
  const life: MemberLife = {
    name: drawn.name,
    epoch: drawn.epoch,
    address: drawn.address,
    wireMin: 1,
    wireMax: 3,
    metadataVersion,
    metadataHash: metadataVersion === 0 ? 0 : drawn.hash,
    metadataBytes: metadataVersion === 0 ? 0 : drawn.bytes,
  };
  return { life, incarnation: drawn.incarnation };
});

const claim = { name, epoch, incarnation };
const leaves = fc
  .nat({ max: 8 })
  .chain((bits) =>
    fc.array(hash, { minLength: 1 << bits, maxLength: 1 << bits }).map((list) => ({ bits, leaves: list })),
  );

/** Any message of the wire. */
export const anyMessage: fc.Arbitrary<SwimMessage> = fc.oneof(
  plain({ kind: fc.constantFrom('ping' as const, 'gone' as const), seq, name, epoch }),
  plain({ kind: fc.constant('ack' as const), seq, count, hash, lagMs: count, tables }),
  plain({ kind: fc.constant('ask' as const), seq, name, epoch, address, nackMs: count }),
  plain({ kind: fc.constant('nack' as const), seq }),
  fc
    .tuple(fc.constantFrom('alive' as const, 'record' as const), record)
    .map(([kind, drawn]): SwimMessage => ({ kind, ...drawn })),
  plain({ kind: fc.constant('suspect' as const), ...claim, from: name, refused: fc.boolean() }),
  plain({ kind: fc.constant('failed' as const), ...claim, from: name }),
  plain({ kind: fc.constant('left' as const), ...claim }),
  fc.tuple(hash, record).map(([nonce, drawn]): SwimMessage => ({ kind: 'join', nonce, ...drawn })),
  plain({
    kind: fc.constant('welcome' as const),
    nonce: hash,
    count,
    hash,
    known: fc.option(plain({ status, epoch, incarnation, address }), { nil: undefined }),
  }),
  leaves.map((drawn): SwimMessage => ({ kind: 'sync', ...drawn })),
  plain({ kind: fc.constant('sync-end' as const), count, hash, truncated: fc.boolean() }),
  plain({ kind: fc.constant('metadata-wanted' as const), name, epoch, version: incarnation, offset: count }),
  plain({
    kind: fc.constant('metadata' as const),
    name,
    epoch,
    version: incarnation,
    offset: count,
    bytes: fc.uint8Array({ maxLength: 1024 }),
  }),
  plain({ kind: fc.constant('pad' as const), bytes: fc.nat({ max: 1000 }) }),
);
