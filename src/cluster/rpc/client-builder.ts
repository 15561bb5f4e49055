import { assert } from '../../core/assert.js';
import { ClusterError } from '../../core/errors.js';
import type { MethodKind } from '../../spi/rpc.js';
import { findCallFault, findStreamFault, noCallOptions } from './call-options.js';
import { type ClientMethod, planCall } from './client-house.js';
import type { ContractMethods, ServiceContract } from './contract.js';
import { ItemStream } from './item-stream.js';
import { findSourceFault } from './pump.js';
import type { CallOptions, RpcStream, ServiceClient, StreamOptions } from './service-types.js';
import { StreamCall } from './stream-call.js';
import { UnaryCall } from './unary-call.js';

/** A call on its way out, as client interceptors see it. */
export interface OutgoingCall {
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly input: unknown;
  readonly options: StreamOptions;
}

/** Wraps every call of this node. `next` makes the call and gives its promise, or its `RpcStream`. */
export type ClientInterceptor = (call: OutgoingCall, next: (call: OutgoingCall) => unknown) => unknown;

/** Items that a stream may have on the way when its caller says nothing: a few kilobytes of readings, and no stop and go. */
export const streamCreditDefault = 64;

/** Builds the calling side of a contract: one function a method, made once. */
export function buildClient<Methods extends ContractMethods>(
  contract: ServiceContract<Methods>,
  findMethod: (name: string) => ClientMethod,
  interceptors: readonly ClientInterceptor[],
): ServiceClient<Methods> {
  const functions: Record<string, (input: unknown, options?: StreamOptions) => unknown> = {};
  for (const name of Object.keys(contract.methods)) {
    const method = findMethod(name);
    const isSimple = interceptors.length === 0;
    functions[name] = isSimple
      ? (input, options = noCallOptions) => makeCall(method, input, options)
      : (input, options = noCallOptions) => intercept(method, interceptors, { input, options });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- they are the contract's methods; a mapped type is not built by members
  return functions as unknown as ServiceClient<Methods>;
}

/** Makes one call: a promise, or for many items an `RpcStream`. */
export function makeCall(method: ClientMethod, input: unknown, options: StreamOptions): unknown {
  return method.kind === 'call' || method.kind === 'one-way'
    ? callOnce(method, input, options)
    : callMany(method, input, options);
}

/** A call with one answer, or a message. Rejects with a `ClusterError`. */
export function callOnce(method: ClientMethod, input: unknown, options: CallOptions): Promise<unknown> {
  const wrong = options === noCallOptions ? undefined : findCallFault(options);
  if (wrong !== undefined) return Promise.reject(wrong);
  const plan = planCall(method, options, method.timeoutMs);
  if (plan instanceof ClusterError) return Promise.reject(plan);
  return new UnaryCall(method, input, plan).begin();
}

/** A call with many items. It has no deadline but the one given, or inherited. Throws `invalid-options`. */
export function callMany(method: ClientMethod, input: unknown, options: StreamOptions): RpcStream<unknown> {
  const wrong = options === noCallOptions ? undefined : findStreamFault(options);
  if (wrong !== undefined) throw wrong;
  const fault = method.kind === 'channel' ? findSourceFault(`the input of ${method.name}`, input) : undefined;
  if (fault !== undefined) throw fault;
  return new ItemStream<unknown>((receiver, credit) => {
    const plan = planCall(method, options, Number.POSITIVE_INFINITY);
    if (plan instanceof ClusterError) throw plan;
    const call = new StreamCall({ method, input, options, plan, credit }, receiver);
    call.begin();
    return call;
  }, options.credit ?? streamCreditDefault);
}

function intercept(
  method: ClientMethod,
  interceptors: readonly ClientInterceptor[],
  given: { readonly input: unknown; readonly options: StreamOptions },
): unknown {
  let next = (call: OutgoingCall): unknown => {
    assert(call.method === method.name, 'an interceptor to pass the call on');
    return makeCall(method, call.input, call.options);
  };
  for (const interceptor of interceptors.toReversed()) {
    const inner = next;
    next = (call) => interceptor(call, inner);
  }
  return next({ service: method.service, method: method.name, kind: method.kind, ...given });
}
