import type { Flowable, Single } from 'rsocket-flowable';
import { emptyBytes } from '../../core/bytes.js';
import type { Interaction } from '../../spi/links.js';
import type { JsResponder, RsocketJs } from './rsocket-js-module.js';
import { toFault } from './rsocket-js-requester.js';
import type { JsPayload, JsSubscriber, JsSubscription, RsocketJsStream } from './rsocket-js-stream.js';

/** Hands a request to its acceptor, joined to the library's ends of it. */
export type BeginStream = (interaction: Interaction, payload: JsPayload, ends: JsEnds) => RsocketJsStream;

/** The library's ends of a stream that a peer opened. */
export interface JsEnds {
  readonly down?: JsSubscriber;
  readonly up?: JsSubscription | undefined;
  /** Items that may be sent at first. */
  readonly credit: number;
}

/** What the library asks when a peer opens streams. */
export function createJsResponder(js: RsocketJs, begin: BeginStream): JsResponder {
  const { Flowable: FlowableClass, Single: SingleClass } = js.flowable;
  return {
    fireAndForget: (payload) => void begin('fire-and-forget', payload, { credit: 0 }),
    requestResponse: (payload): Single<JsPayload> =>
      new SingleClass<JsPayload>((subject) => {
        const down: JsSubscriber = {
          onComplete: (answer) => subject.onComplete(answer ?? {}),
          onError: (error) => subject.onError(error),
        };
        let stream: RsocketJsStream | undefined;
        subject.onSubscribe(() => stream?.onCancel());
        stream = begin('response', payload, { down, credit: 1 });
      }),
    requestStream: (payload): Flowable<JsPayload> =>
      new FlowableClass<JsPayload>((subscriber) => {
        let stream: RsocketJsStream | undefined;
        subscriber.onSubscribe({
          request: (count) => {
            if (stream === undefined) stream = begin('stream', payload, { down: subscriber, credit: count });
            else stream.onRequestN(count);
          },
          cancel: () => stream?.onCancel(),
        });
      }),
    requestChannel: (payloads): Flowable<JsPayload> => channelOf(js, begin, payloads),
  };
}

function channelOf(js: RsocketJs, begin: BeginStream, payloads: Flowable<JsPayload>): Flowable<JsPayload> {
  return new js.flowable.Flowable<JsPayload>((subscriber) => {
    let stream: RsocketJsStream | undefined;
    const start = (credit: number): void => {
      let up: RsocketJsStream['up'];
      payloads.subscribe({
        onSubscribe: (subscription) => {
          up = subscription;
          subscription.request(1);
        },
        onNext: (item) => {
          if (stream === undefined) stream = begin('channel', item, { down: subscriber, up, credit });
          else stream.onItem(item.metadata ?? emptyBytes, item.data ?? emptyBytes, false);
        },
        onComplete: () => stream?.onComplete(),
        onError: (error) => stream?.onError(toFault(error)),
      });
    };
    let isBegun = false;
    subscriber.onSubscribe({
      request: (count) => {
        if (isBegun) {
          stream?.onRequestN(count);
          return;
        }
        isBegun = true;
        start(count);
      },
      cancel: () => stream?.onCancel(),
    });
  });
}
