/** The tables of the reference against the code that they are about. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dataDepthMax } from '../../src/core/data.js';
import { isErrorCode, mayHaveRun } from '../../src/core/errors.js';
import {
  eventBytesMax,
  headersBytesMax,
  headersMax,
  memberMetadataBytesMax,
  payloadBytesMax,
  spreadBytesMax,
  topicLengthMax,
  topicSegmentsMax,
} from '../../src/core/limits.js';

/** Options whose every name must stand in a document, in back quotes. */
const documented: readonly (readonly [string, string, string])[] = [
  ['src/runtime/options.ts', 'NodeOptions', 'docs/reference/options.md'],
  ['src/cluster/rpc/rpc-options.ts', 'RpcOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/service-types.ts', 'CallOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/service-types.ts', 'StreamOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/service-types.ts', 'CallContext', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/contract.ts', 'MethodOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/registration.ts', 'RegisterOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/rpc-manager.ts', 'ClientOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/rpc-manager.ts', 'WaitOptions', 'docs/reference/rpc.md'],
  ['src/runtime/connect-stock.ts', 'StockOptions', 'docs/reference/rpc.md'],
  ['src/cluster/rpc/rpc-manager.ts', 'RpcInvokeOptions', 'docs/reference/rpc.md'],
  ['src/spi/rpc.ts', 'InvokeOptions', 'docs/reference/rpc.md'],
  ['src/spi/bus.ts', 'BusDoor', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'PublishOptions', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'ConfirmOptions', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'Receipt', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'ConfirmReport', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'SubscribeOptions', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'OnlyValues', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'BusSubscription', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'RequestOptions', 'docs/reference/bus.md'],
  ['src/spi/bus.ts', 'RequestManyOptions', 'docs/reference/bus.md'],
  ['src/bus/event-bus.ts', 'EventBus', 'docs/reference/bus.md'],
  ['src/bus/event-bus.ts', 'BusRequestOptions', 'docs/reference/bus.md'],
  ['src/bus/event-bus.ts', 'EventBusOptions', 'docs/reference/bus.md'],
  ['src/runtime/create-local-bus.ts', 'LocalBusOptions', 'docs/reference/bus.md'],
  ['src/bus/publish-from.ts', 'PublishFromOptions', 'docs/reference/bus.md'],
  ['src/bus/publish-from.ts', 'PublishFromReport', 'docs/reference/bus.md'],
  ['src/bus/hooks.ts', 'BusHooks', 'docs/reference/bus.md'],
  ['src/bus/cluster-options.ts', 'ClusterBusOptions', 'docs/reference/bus.md'],
];

describe('the reference', () => {
  it('lists every error code, once, and what each says of having run', () => {
    const rows = rowsOf('docs/reference/errors.md');
    assert.deepEqual(rows.map(({ code }) => code).toSorted(), codesOfSource().toSorted());
    for (const { code, ran } of rows) {
      assert.ok(isErrorCode(code), code);
      assert.equal(ran === 'yes', mayHaveRun(code), `${code} may have run: ${ran}`);
    }
  });

  it('says of the codes of calls nothing else', () => {
    const rows = rowsOf('docs/reference/rpc.md');
    assert.ok(rows.length > 10);
    for (const { code, ran } of rows) {
      assert.ok(isErrorCode(code), code);
      assert.equal(!ran.startsWith('no'), mayHaveRun(code), `${code} ran: ${ran}`);
    }
  });

  for (const [source, name, document] of documented) {
    it(`names every member of ${name} in ${document}`, () => {
      const words = new Set(
        [...readFileSync(document, 'utf8').matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => text.split(/\W+/)),
      );
      const members = membersOf(source, name);
      assert.ok(members.length > 0, `${name} was found`);
      assert.deepEqual(
        members.filter((member) => !words.has(member)),
        [],
      );
    });
  }
});

/** Rows that begin with a code; the second cell says whether it ran. */
function rowsOf(document: string): { readonly code: string; readonly ran: string }[] {
  const text = readFileSync(document, 'utf8');
  const table = text.slice(text.search(/^\| code \|/m)).split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `([a-z-]+)` \| ([^|]+?) \|/gm)].map(([, code = '', ran = '']) => ({ code, ran }));
}

describe('the decisions', () => {
  it('are numbered without holes, and say what was given up', () => {
    const files = readdirSync('docs/decisions').toSorted();
    for (const [index, file] of files.entries()) {
      const number = `${index + 1}`.padStart(4, '0');
      assert.ok(file.startsWith(`${number}-`), `${file} is no ${number}`);
      const text = readFileSync(`docs/decisions/${file}`, 'utf8');
      assert.ok(text.startsWith(`# ${number} `), file);
      const missing = ['Context', 'Choice', 'Given up'].filter((part) => !text.includes(`**${part}.**`));
      assert.deepEqual(missing, [], file);
    }
  });
});

/** What a reader of the limits relies on. */
describe('the limits', () => {
  const text = readFileSync('docs/reference/limits.md', 'utf8');
  const stated: readonly (readonly [string, number])[] = [
    ['encoded \\| (\\d+) MiB \\| `too-large` at the publisher', eventBytesMax / 1_048_576],
    ['an item of a stream, encoded \\| (\\d+) MiB', payloadBytesMax / 1_048_576],
    ['headers of an event or call \\| (\\d+),', headersMax],
    ['key of an event \\| (\\d+) KiB', headersBytesMax / 1024],
    ['topic or pattern \\| (\\d+) characters', topicLengthMax],
    ['characters, (\\d+) segments', topicSegmentsMax],
    ['nesting of a value \\| (\\d+)', dataDepthMax],
    ['metadata of a member \\| (\\d+) KiB', memberMetadataBytesMax / 1024],
    ['`node.gossip` \\| (\\d+) bytes', spreadBytesMax],
  ];
  for (const [pattern, value] of stated) {
    it(`are those of the code: ${pattern}`, () => assert.equal(Number(new RegExp(pattern).exec(text)?.[1]), value));
  }
});

function codesOfSource(): string[] {
  const text = readFileSync('src/core/errors.ts', 'utf8');
  const union = /export type ErrorCode =([^;]+);/.exec(text)?.[1] ?? '';
  return [...union.matchAll(/'([a-z-]+)'/g)].map(([, code = '']) => code);
}

function membersOf(source: string, name: string): string[] {
  const text = readFileSync(source, 'utf8');
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{([^]*?)\\n\\}`).exec(text)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member);
}
