import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';

const run = promisify(execFile);

/** Reads what a compiled sender wrote, and encodes it again. */
const program = `
import { createMsgpackCodec } from ${JSON.stringify(new URL('../../src/codec/msgpack-codec.ts', import.meta.url).href)};
let forbidden = false;
try { new Function('return 1'); } catch { forbidden = true; }
const { definitions, values } = JSON.parse(process.env.SENT);
const codec = createMsgpackCodec();
const decoder = codec.createDecoder();
const taken = definitions.every((text) => decoder.define(Buffer.from(text, 'hex')));
const got = values.map((text) => Buffer.from(text, 'hex')).map((bytes) => decoder.decode(bytes, 0, bytes.length));
const encoder = codec.createEncoder(new Set(codec.capabilities));
const own = got.map((value) => Buffer.from(encoder.encode(value)).toString('hex'));
console.log(JSON.stringify({ forbidden, taken, got, own, definitions: encoder.definitionCount }));
`;

describe('a process that forbids code from strings', function forbids() {
  this.timeout(60_000);

  it('reads what compiled senders write, and is read by them', async () => {
    const codec = createMsgpackCodec();
    const encoder = codec.createEncoder(new Set(codec.capabilities));
    const sent = Array.from({ length: 30 }, (_, index) => ({ id: `d ${index}`, half: index / 2, inner: { on: true } }));
    const values = sent.map((value) => Buffer.from(encoder.encode(value)).toString('hex'));
    assert.ok(values.at(-1)?.startsWith('03'));
    const definitions = Array.from({ length: encoder.definitionCount }, (_, index) =>
      Buffer.from(encoder.definition(index)).toString('hex'),
    );
    const flags = ['--disallow-code-generation-from-strings', '--import', 'tsx', '--input-type=module', '-e', program];
    const env = { ...process.env, SENT: JSON.stringify({ definitions, values }) };
    const { stdout } = await run(process.execPath, flags, { env });
    const answer: { forbidden: boolean; taken: boolean; got: unknown; own: string[]; definitions: number } =
      JSON.parse(stdout);
    assert.ok(answer.forbidden && answer.taken);
    assert.deepEqual(answer.got, sent);
    assert.equal(answer.definitions, 0);
    const decoder = codec.createDecoder();
    const back = answer.own
      .map((text) => Buffer.from(text, 'hex'))
      .map((bytes) => decoder.decode(bytes, 0, bytes.length));
    assert.deepEqual(back, sent);
  });
});
