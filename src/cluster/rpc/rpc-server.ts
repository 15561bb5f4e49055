import { emptyBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';
import type { Unlisten } from '../../core/listeners.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { Codec } from '../../spi/codec.js';
import {
  type IncomingStream,
  type Interaction,
  type Link,
  type Links,
  type Stream,
  streamErrorCodes,
  type StreamFault,
  type StreamSink,
} from '../../spi/links.js';
import type { MethodKind } from '../../spi/rpc.js';
import type { CallHead, Route } from './call-metadata.js';
import { readCompositeMetadata } from './composite-metadata.js';
import { bringsDefinitions, type LinkValues } from './link-values.js';
import { checkItemSize } from './payload-size.js';
import { createRawCodec, decodeData } from './raw-codec.js';
import type { Registration, ServedMethod } from './registration.js';
import type { ErrorOrigin } from '../../core/error-body.js';
import { writeError } from './remote-error.js';
import { toStockCodec } from './stock-codec.js';
import { type FoundHead, RouteBook } from './route-book.js';
import { type AnswerPort, ServedCall, type ServingHouse } from './served-call.js';

/** What the serving side stands on. */
export interface RpcServerDeps {
  readonly links: Links;
  /** Between nodes. */
  readonly codec: Codec;
  readonly values: LinkValues;
  /** What stock clients may speak, by media type; the first is the default. */
  readonly stockCodecs: readonly Codec[];
  readonly house: ServingHouse;
  readonly origin: ErrorOrigin;
}

/** How much the serving side takes. */
export interface RpcServerLimits {
  /** Calls that this node serves at once; more are refused as not executed. */
  readonly servedMax: number;
  /** Calls that led to one call. */
  readonly depthMax: number;
}

/** Takes calls from links and from this node, and finds who serves them. */
export class RpcServer {
  readonly #deps: RpcServerDeps;
  readonly #limits: RpcServerLimits;
  /** Registrations by service, then by instance id. */
  readonly #services = new Map<string, Map<string, Registration>>();
  /** Routes that each link's peer has named. */
  readonly #books = new Map<number, RouteBook>();
  #lastLink: Link | undefined;
  #lastBook: RouteBook = new RouteBook(0);
  /** Grows with every change of `#services`. */
  #revision = 0;
  readonly #rawCodec = createRawCodec();
  readonly #stockCodecs: readonly Codec[];
  #refusing = false;

  constructor(deps: RpcServerDeps, limits: RpcServerLimits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#stockCodecs = deps.stockCodecs.map(toStockCodec);
  }

  /** Takes the streams of kind `rpc` until the returned function is called. */
  listen(): Unlisten {
    const unserve = this.#deps.links.serve('rpc', (incoming) => this.#accept(incoming));
    const unlisten = this.#deps.links.listen((event) => {
      if (event.kind === 'down') this.#forget(event.link);
    });
    return () => {
      unserve();
      unlisten();
    };
  }

  /** Adds a registration; returns false when this service has one of that id. */
  add(registration: Registration): boolean {
    const { name } = registration.contract;
    const ids = this.#services.get(name) ?? new Map<string, Registration>();
    if (ids.has(registration.id)) return false;
    this.#services.set(name, ids.set(registration.id, registration));
    this.#revision += 1;
    return true;
  }

  /** Takes a registration away; its running calls go on. */
  remove(registration: Registration): void {
    const ids = this.#services.get(registration.contract.name);
    if (ids?.get(registration.id) !== registration) return;
    ids.delete(registration.id);
    this.#revision += 1;
    if (ids.size === 0) this.#services.delete(registration.contract.name);
  }

  /** Every new call is refused as not executed from now on. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Begins a call of this node itself. Returns the call, or why there is none. */
  beginLocal(place: LocalPlace, port: AnswerPort): ServedCall | ClusterError {
    const found = this.#find(place.route, place.kind, place.head);
    if (found instanceof ClusterError) return found;
    return new ServedCall(this.#deps.house, found, place.head, port);
  }

  #accept(incoming: IncomingStream): StreamSink {
    const { stream, payload } = incoming;
    if (incoming.metadataForm === 'scalebus' && bringsDefinitions(payload)) return this.#define(stream, payload);
    const stock = incoming.metadataForm === 'composite' ? this.#readStock(stream.link, payload) : undefined;
    const request = incoming.metadataForm === 'composite' ? stock : this.#bookOf(stream.link).read(payload);
    if (request === undefined) {
      stream.fail(streamErrorCodes.invalid, emptyBytes);
      return ignoringSink;
    }
    const kind = kindOf[incoming.interaction];
    const method = this.#findAgain(request, kind);
    if (method instanceof ClusterError) return this.#refuse(stream, method);
    const codec = method.raw ? this.#rawCodec : (stock?.codec ?? this.#codecOf(stream.link));
    let input: unknown;
    try {
      // A channel opens with no item of its own when its request has no data.
      if (kind !== 'channel' || payload.dataLength > 0) input = decodeData(codec, payload);
    } catch (error) {
      return this.#refuse(stream, ClusterError.from(error, 'invalid-value'));
    }
    const port = new StreamPort(stream, codec, this.#deps.origin);
    const call = new ServedCall(this.#deps.house, method, request, port);
    port.call = call;
    call.start(input);
    return port;
  }

  /** Definitions that the caller's values will lean on: an answer confirms them. */
  #define(stream: Stream, payload: PayloadView): StreamSink {
    if (this.#deps.values.define(stream.link, payload)) stream.nextAndComplete(emptyBytes, emptyBytes);
    else stream.fail(streamErrorCodes.invalid, emptyBytes);
    return ignoringSink;
  }

  #codecOf(link: Link): Codec {
    return this.#deps.values.codecFor(link, this.#deps.codec);
  }

  #bookOf(link: Link): RouteBook {
    if (link === this.#lastLink) return this.#lastBook;
    let book = this.#books.get(link.id);
    if (book === undefined) this.#books.set(link.id, (book = new RouteBook(link.peer.wireVersion)));
    this.#lastLink = link;
    this.#lastBook = book;
    return book;
  }

  #forget(link: Link): void {
    this.#books.delete(link.id);
    if (this.#lastLink === link) this.#lastLink = undefined;
  }

  #readStock(link: Link, payload: PayloadView): StockCall | undefined {
    const request = readCompositeMetadata(payload.metadata());
    if (request === undefined) return undefined;
    const { route, dataType, headers } = request;
    const [first = this.#deps.codec] = this.#stockCodecs;
    const find = (type: string | undefined): Codec | undefined => this.#stockCodecs.find((one) => one.name === type);
    const asked = dataType === this.#rawCodec.name ? this.#rawCodec : find(dataType ?? link.peer.dataType);
    const codec = asked ?? first;
    return { route, codec, remainingMs: 0, depth: 1, headers, method: undefined, revision: -1 };
  }

  /** Finds whom a call goes to, or finds them again when the same head was seen since the last registration. */
  #findAgain(request: FoundHead, kind: MethodKind): ServedMethod | ClusterError {
    const { method } = request;
    const isSame = method?.kind === kind && request.revision === this.#revision;
    // Plain calls of depth 1 share a head, and one call may always be served.
    const isFree = !this.#refusing && this.#deps.house.active.size < this.#limits.servedMax;
    if (isSame && isFree && request.depth === 1) return method;
    const found = this.#find(request.route, kind, request);
    if (found instanceof ClusterError) return found;
    request.method = found;
    request.revision = this.#revision;
    return found;
  }

  #find(route: Route, kind: MethodKind, head: CallHead): ServedMethod | ClusterError {
    if (this.#refusing) return new ClusterError('not-executed', 'this node is stopping');
    if (this.#deps.house.active.size >= this.#limits.servedMax) {
      return new ClusterError('overloaded', `${this.#limits.servedMax} calls are served already`);
    }
    if (head.depth > this.#limits.depthMax) {
      return new ClusterError('call-depth', `more than ${this.#limits.depthMax} calls led to this one`);
    }
    const ids = this.#services.get(route.service);
    const registration = route.instanceId === '' ? firstOf(ids) : ids?.get(route.instanceId);
    if (registration === undefined) {
      // The caller knew it from the registry, so it was here: it may be retried elsewhere.
      return new ClusterError('not-executed', `${route.service} is not served here`);
    }
    const method = registration.methods.get(route.method);
    if (method === undefined) return new ClusterError('not-found', `${route.service} has no method ${route.method}`);
    if (method.kind === kind) return method;
    return new ClusterError('incompatible', `${route.service}.${route.method} is a ${method.kind}, not a ${kind}`);
  }

  #refuse(stream: Stream, error: ClusterError): StreamSink {
    const { code, data } = writeError(error, false, this.#deps.origin);
    stream.fail(code, data);
    return ignoringSink;
  }
}

/** A call of this node to itself. */
export interface LocalPlace {
  readonly route: Route;
  readonly kind: MethodKind;
  readonly head: CallHead;
}

interface StockCall extends FoundHead {
  readonly codec: Codec;
}

/** Carries one served call over one stream. */
class StreamPort implements AnswerPort, StreamSink {
  readonly #stream: Stream;
  readonly #codec: Codec;
  readonly #origin: ErrorOrigin;
  call: ServedCall | undefined;

  constructor(stream: Stream, codec: Codec, origin: ErrorOrigin) {
    this.#stream = stream;
    this.#codec = codec;
    this.#origin = origin;
  }

  get caller(): string {
    return this.#stream.link.peer.name;
  }

  get credit(): number {
    return this.#stream.credit;
  }

  item(value: unknown): void {
    const data = this.#codec.encode(value);
    checkItemSize(this.#stream, 'an item of the answer', data);
    this.#stream.next(emptyBytes, data);
  }

  answer(value: unknown): void {
    const data = this.#codec.encode(value);
    checkItemSize(this.#stream, 'the answer', data);
    this.#stream.nextAndComplete(emptyBytes, data);
  }

  complete(): void {
    this.#stream.complete();
    this.#stream.cancel();
  }

  fail(error: ClusterError, ran: boolean): void {
    const { code, data } = writeError(error, ran, this.#origin);
    this.#stream.fail(code, data);
  }

  request(count: number): void {
    this.#stream.request(count);
  }

  onNext(payload: PayloadView): void {
    try {
      const value = decodeData(this.#codec, payload);
      if (this.call?.receive(value) === false) {
        this.call.refuse(new ClusterError('protocol', 'the caller sent more items than it had credit for'));
      }
    } catch (error) {
      this.call?.fail(ClusterError.from(error, 'invalid-value'));
    }
  }

  onComplete(): void {
    this.call?.receiveEnd();
  }

  onFail(fault: StreamFault): void {
    const why =
      fault.kind === 'link'
        ? new ClusterError('link-lost', `the link ended: ${fault.reason}`)
        : new ClusterError('cancelled', 'the caller failed its own direction');
    this.call?.cancel(why);
  }

  onCredit(): void {
    this.call?.credited();
  }

  onCancel(): void {
    this.call?.cancel(new ClusterError('cancelled', 'the caller does not want the answer any more'));
    // The caller's own direction of a channel ends with it.
    this.#stream.cancel();
  }
}

const kindOf: Readonly<Record<Interaction, MethodKind>> = {
  'fire-and-forget': 'one-way',
  response: 'call',
  stream: 'stream',
  channel: 'channel',
};

const ignoringSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};

function firstOf<T>(items: ReadonlyMap<string, T> | undefined): T | undefined {
  for (const item of items?.values() ?? []) return item;
  return undefined;
}
