import type { Flowable } from 'rsocket-flowable';
import { emptyBytes } from '../../core/bytes.js';
import { textToBytes } from '../../core/text.js';
import { type StreamFault, streamErrorCodes } from '../../spi/links.js';
import type { JsSocket, RsocketJs } from './rsocket-js-module.js';
import type { JsPayload, RsocketJsStream } from './rsocket-js-stream.js';

/** What a stream begins with. */
export interface JsRequest {
  readonly payload: JsPayload;
  readonly credit: number;
}

/** Opens the library's stream and joins it to ours. */
export function openJsStream(js: RsocketJs, socket: JsSocket, stream: RsocketJsStream, request: JsRequest): void {
  const { payload, credit } = request;
  switch (stream.interaction) {
    case 'fire-and-forget':
      socket.fireAndForget(payload);
      return;
    case 'response':
      socket.requestResponse(payload).subscribe({
        onSubscribe: (cancel) => {
          stream.up = { request: () => undefined, cancel };
        },
        onComplete: (answer) => stream.onItem(answer.metadata ?? emptyBytes, answer.data ?? emptyBytes, true),
        onError: (error) => stream.onError(toFault(error)),
      });
      return;
    case 'stream':
      receiveFrom(socket.requestStream(payload), stream, credit);
      return;
    case 'channel':
      receiveFrom(socket.requestChannel(sourceOf(js, stream, payload)), stream, credit);
  }
}

function receiveFrom(source: Flowable<JsPayload>, stream: RsocketJsStream, credit: number): void {
  source.subscribe({
    onSubscribe: (subscription) => {
      stream.up = subscription;
      subscription.request(credit);
    },
    onNext: (item) => stream.onItem(item.metadata ?? emptyBytes, item.data ?? emptyBytes, false),
    onComplete: () => stream.onComplete(),
    onError: (error) => stream.onError(toFault(error)),
  });
}

/** A channel's own items: the request itself first, then what the owner sends. */
function sourceOf(js: RsocketJs, stream: RsocketJsStream, first: JsPayload): Flowable<JsPayload> {
  return new js.flowable.Flowable<JsPayload>((subscriber) => {
    let isFirst = true;
    stream.down = subscriber;
    subscriber.onSubscribe({
      request: (count) => {
        const more = isFirst ? count - 1 : count;
        if (isFirst) {
          isFirst = false;
          subscriber.onNext(first);
        }
        if (more > 0) stream.onRequestN(more);
      },
      cancel: () => stream.onCancel(),
    });
  });
}

/** The library hangs the frame's code and message on its errors as `source`. */
export function toFault(error: Error): StreamFault {
  const source: unknown = Reflect.get(error, 'source');
  const code: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, 'code') : undefined;
  const text: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, 'message') : undefined;
  return {
    kind: 'remote',
    code: typeof code === 'number' ? code : streamErrorCodes.applicationError,
    data: textToBytes(typeof text === 'string' ? text : error.message),
  };
}
