import type { Flowable } from 'rsocket-flowable';
import type { JsFrame, JsStatus, JsTransport, RsocketJs } from './rsocket-js-module.js';

/**
 * rsocket-js's transport over bytes that somebody else carries. What 0.0.27 gets wrong on the wire is put right here: response
 * metadata without its flag, error codes flattened to 0x201, and keep-alive timers of its own, which are never started.
 */
export class RsocketJsConnection implements JsTransport {
  readonly #js: RsocketJs;
  readonly #onFrame: (bytes: Uint8Array) => void;
  readonly #onClose: () => void;
  readonly #statusListeners = new Set<Listener<JsStatus>>();
  #receiver: Listener<JsFrame> | undefined;
  #isClosed = false;
  /** What SETUP says instead of the endless times that silence the library's timers. */
  times: { readonly keepAliveMs: number; readonly lifetimeMs: number } | undefined;

  constructor(js: RsocketJs, onFrame: (bytes: Uint8Array) => void, onClose: () => void) {
    this.#js = js;
    this.#onFrame = onFrame;
    this.#onClose = onClose;
  }

  sendOne(frame: JsFrame): void {
    if (this.#isClosed) return;
    const { serializeFrameWithLength, BufferEncoders } = this.#js.core;
    this.#onFrame(serializeFrameWithLength(this.#corrected(frame), BufferEncoders));
  }

  send(): void {
    // Only the library's own keep-alives come this way; the link sends its own, on its own clock.
  }

  receive(): Flowable<JsFrame> {
    return new this.#js.flowable.Flowable<JsFrame>((subscriber) => {
      this.#receiver = subscriber;
      subscriber.onSubscribe({ request: () => undefined, cancel: () => undefined });
    });
  }

  /** Hands a received frame to the library, which may throw at what it does not understand. */
  feed(bytes: Uint8Array): void {
    const { deserializeFrame, BufferEncoders } = this.#js.core;
    const frame = deserializeFrame(toNodeBytes(this.#js, bytes), BufferEncoders);
    // A server takes its lifetime from SETUP; the link judges silence itself.
    if (frame.type === 0x01) frame.lifetime = endlessMs;
    this.#receiver?.onNext(frame);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#statusListeners) listener.onNext({ kind: 'CLOSED' });
    this.#statusListeners.clear();
    this.#onClose();
  }

  connect(): void {
    // It is connected before the library learns of it.
  }

  connectionStatus(): Flowable<JsStatus> {
    return new this.#js.flowable.Flowable<JsStatus>((subscriber) => {
      let isTold = false;
      subscriber.onSubscribe({
        request: () => {
          if (isTold) return;
          isTold = true;
          if (!this.#isClosed) this.#statusListeners.add(subscriber);
          subscriber.onNext(this.#isClosed ? { kind: 'CLOSED' } : { kind: 'CONNECTED' });
        },
        cancel: () => this.#statusListeners.delete(subscriber),
      });
    });
  }

  #corrected(frame: JsFrame): JsFrame {
    if (frame.type === 0x0a && Boolean(frame.metadata)) {
      return { ...frame, flags: frame.flags | 0x100 };
    }
    if (frame.type === 0x0b && frame.streamId !== 0) return { ...frame, ...readErrorText(frame.message) };
    if (frame.type === 0x01 && this.times !== undefined) {
      return { ...frame, keepAlive: this.times.keepAliveMs, lifetime: this.times.lifetimeMs };
    }
    return frame;
  }
}

/** Who gets what a source of the library gives. */
interface Listener<T> {
  onNext(value: T): void;
}

/** Longest delay of a timer: the library's never fire. */
export const endlessMs = 0x7fff_ffff;

/** An error's code hidden in its message, because the library keeps nothing else. */
export function toErrorText(code: number, text: string): string {
  return `\u0000${code}\u0000${text}`;
}

function readErrorText(message: string): { readonly code: number; readonly message: string } {
  const [start, code, ...rest] = message.split('\u0000');
  return start === '' && code !== undefined
    ? { code: Number(code), message: rest.join('\u0000') }
    : { code: 0x201, message };
}

/** Copies bytes into the kind of array that the library insists on. */
export function toNodeBytes(js: RsocketJs, bytes: Uint8Array): ReturnType<RsocketJs['core']['createBuffer']> {
  const copy = js.core.createBuffer(bytes.length);
  copy.set(bytes);
  return copy;
}
