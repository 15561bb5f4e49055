import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { createNode } from '../../src/runtime/create-node.js';
import { bytesOf } from '../../bench/payload.js';
import { drawLabel } from './process-fixture.js';

const echo = defineService('echo', {
  version: '1.0.0',
  methods: {
    raw: call<Uint8Array, Uint8Array>({ raw: true }),
    value: call<{ readonly bytes: Uint8Array }, { readonly bytes: Uint8Array }>(),
  },
});

/** Below, at and above what is copied into shared blocks, goes through slabs, and goes by reference in fragments. */
const lengths: readonly number[] = [4, 100, 1024, 1025, 4096, 16_384, 16_385, 65_536, 70_001, 262_144, 1_048_576];

describe('answers that the caller keeps', function kept() {
  this.timeout(30_000);

  it('stay as they came while many others arrive and slabs and buffers are used again', async () => {
    const label = drawLabel();
    const server = createNode({ name: 'server', label, port: 0, seeds: [] });
    await server.start();
    const client = createNode({ name: 'client', label, port: 0, seeds: [server.address] });
    try {
      await client.start();
      server.rpc.register(echo, { raw: (bytes) => bytes, value: (value) => value });
      const service = client.rpc.client(echo, { timeoutMs: 20_000 });
      await client.rpc.whenAvailable(echo, { timeoutMs: 10_000 });
      const ask = async (index: number): Promise<Uint8Array> => {
        const sent = bytesOf(lengths[index % lengths.length] ?? 0, index);
        if (index % 2 === 0) return service.raw(sent);
        const { bytes } = await service.value({ bytes: sent });
        return bytes;
      };
      const answers: Uint8Array[] = [];
      for (let round = 0; round < 3; round += 1) {
        const first = answers.length;
        answers.push(...(await Promise.all(Array.from({ length: 132 }, async (_, offset) => ask(first + offset)))));
      }
      for (const [index, answer] of answers.entries()) {
        const sent = bytesOf(lengths[index % lengths.length] ?? 0, index);
        assert.ok(Buffer.compare(sent, answer) === 0, `answer ${index} of ${sent.length} bytes`);
      }
    } finally {
      await client.stop();
      await server.stop();
    }
  });
});
