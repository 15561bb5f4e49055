import type * as core from 'rsocket-core';
import type * as flowable from 'rsocket-flowable';
import { ClusterError } from '../../core/errors.js';

/** The parts of rsocket-js 0.0.27 that the adapter drives. */
export interface RsocketJs {
  readonly core: typeof core;
  readonly flowable: typeof flowable;
}

/** What the library calls a transport. */
export type JsTransport = core.ClientConfig<Uint8Array, Uint8Array>['transport'];
/** A frame as the library reads and writes it. */
export type JsFrame = Parameters<typeof core.serializeFrame>[0];
/** The state of a transport. */
export type JsStatus = { readonly kind: 'CONNECTED' } | { readonly kind: 'CLOSED' };
/** The asking side of a connection. */
export type JsSocket = Parameters<core.ServerConfig<Uint8Array, Uint8Array>['getRequestHandler']>[0];
/** The serving side of a connection. */
export type JsResponder = NonNullable<core.ClientConfig<Uint8Array, Uint8Array>['responder']>;

/** Loads rsocket-js, which a user of the adapter installs beside this package. Rejects with `invalid-options` without it. */
export async function loadRsocketJs(): Promise<RsocketJs> {
  try {
    return { core: await import('rsocket-core'), flowable: await import('rsocket-flowable') };
  } catch (cause) {
    throw new ClusterError('invalid-options', 'the rsocket-js engine needs rsocket-core 0.0.27 installed', { cause });
  }
}
