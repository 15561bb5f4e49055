import assert from 'node:assert/strict';
import { emptyBytes } from '../../core/bytes.js';
import type { PayloadView } from '../../core/payload-view.js';
import { bytesToText, textToBytes } from '../../core/text.js';
import type {
  IncomingStream,
  Interaction,
  Link,
  Links,
  Stream,
  StreamFault,
  StreamRequest,
  StreamSink,
} from '../../spi/links.js';
import type { Waiter } from './suite.js';

/** Two nodes with a link between them, or about to have one; made anew for each test. */
export interface LinksFixture extends Waiter {
  readonly left: Links;
  readonly right: Links;
  /** Where `right` takes connections. */
  readonly rightAddress: string;
  /** Breaks the connection below the link. */
  breakLink(): void;
  /** Streams that one side may have open; 0 skips the test of the limit. */
  readonly streamsMax: number;
  /** Tests by title that this implementation cannot pass, each with the reason. */
  readonly cannot?: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The two sides, and short forms of what the cases do with them. */
export class LinkPair {
  readonly fixture: LinksFixture;
  /** Streams that came to an ear of `incoming`. */
  seenCount = 0;

  constructor(fixture: LinksFixture) {
    this.fixture = fixture;
  }

  until(condition: () => boolean): Promise<void> {
    return this.fixture.until(condition);
  }

  rest(): Promise<void> {
    return this.fixture.rest();
  }

  /** Both ends of the link, once both are up. */
  async links(): Promise<{ readonly left: Link; readonly right: Link }> {
    const { left, right } = this.fixture;
    await this.until(() => left.findLink(right.self.name)?.up === true && right.findLink(left.self.name)?.up === true);
    const leftLink = left.findLink(right.self.name);
    const rightLink = right.findLink(left.self.name);
    assert.ok(leftLink !== undefined && rightLink !== undefined);
    return { left: leftLink, right: rightLink };
  }

  open(link: Link, fields: Partial<StreamRequest> & { readonly interaction: Interaction }, ear: RecordingSink): Stream {
    const stream = link.open(request(fields), ear);
    assert.ok(typeof stream !== 'string', 'a stream');
    return stream;
  }

  ask(link: Link, data: Uint8Array): RecordingSink {
    const ear = new RecordingSink();
    this.open(link, { interaction: 'response', data }, ear);
    return ear;
  }

  serve(kind: StreamRequest['kind'], accept: (incoming: IncomingStream) => StreamSink): void {
    this.fixture.right.serve(kind, accept);
  }

  echo(kind: StreamRequest['kind']): void {
    this.serve(kind, (incoming) => {
      incoming.stream.nextAndComplete(emptyBytes, incoming.payload.data().slice());
      return new RecordingSink();
    });
  }

  /** Takes streams and leaves them to the case. */
  incoming(kind: StreamRequest['kind'], ear: RecordingSink): OpenedStream {
    const opened: OpenedStream = { stream: undefined, first: '' };
    this.serve(kind, (incoming) => {
      this.seenCount += 1;
      opened.stream = incoming.stream;
      opened.first = textOf(incoming.payload);
      return ear;
    });
    return opened;
  }

  /** Sends what `next` gives, as credit allows, and completes when it gives nothing. */
  produce(incoming: IncomingStream, next: () => Uint8Array | undefined): StreamSink {
    const { stream } = incoming;
    let isDone = false;
    const fill = (): void => {
      while (!isDone && stream.credit > 0) {
        const item = next();
        if (item !== undefined) {
          stream.next(emptyBytes, item);
          continue;
        }
        isDone = true;
        stream.complete();
      }
    };
    const ear = new RecordingSink();
    ear.onMoreCredit = fill;
    fill();
    return ear;
  }
}

/** A stream that came to `incoming`, and its request. */
export interface OpenedStream {
  stream: Stream | undefined;
  first: string;
}

/** A sink that writes down what it hears. */
export class RecordingSink implements StreamSink {
  readonly heard: string[] = [];
  readonly lengths: number[] = [];
  fault: StreamFault | undefined;
  last: Uint8Array = emptyBytes;
  items = 0;
  bytes = 0;
  isOver = false;
  keepsText = true;
  onItem: (() => void) | undefined;
  onPayload: ((payload: PayloadView) => void) | undefined;
  onMoreCredit: (() => void) | undefined;
  onEnd: (() => void) | undefined;

  onNext(payload: PayloadView): void {
    this.items += 1;
    this.bytes += payload.dataLength;
    if (this.keepsText) {
      this.last = payload.data().slice();
      this.lengths.push(payload.dataLength);
      this.heard.push(`next ${textOf(payload)}`);
    }
    this.onItem?.();
    this.onPayload?.(payload);
  }

  onComplete(): void {
    this.heard.push('complete');
    this.#end();
  }

  onFail(fault: StreamFault): void {
    this.fault = fault;
    this.heard.push(
      fault.kind === 'remote' ? `fail 0x${fault.code.toString(16)} ${bytesToText(fault.data)}` : `lost ${fault.reason}`,
    );
    this.#end();
  }

  onCredit(): void {
    if (this.onMoreCredit === undefined) this.heard.push('credit');
    else this.onMoreCredit();
  }

  onCancel(): void {
    this.heard.push('cancel');
  }

  #end(): void {
    this.isOver = true;
    this.onEnd?.();
  }
}

/** A request with defaults. */
export function request(fields: Partial<StreamRequest> & { readonly interaction: Interaction }): StreamRequest {
  return { kind: 'rpc', metadata: emptyBytes, data: emptyBytes, credit: 1, ...fields };
}

/** UTF-8 bytes. */
export function text(value: string): Uint8Array {
  return textToBytes(value);
}

/** A payload as `metadata|data`; long data as its length. */
export function textOf(payload: PayloadView): string {
  const data = payload.dataLength > 100 ? `${payload.dataLength} bytes` : bytesToText(payload.data());
  return `${bytesToText(payload.metadata())}|${data}`;
}

/** Bytes that tell their position, so that a shift or a hole shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + (index >>> 8)) & 0xff;
  return bytes;
}
