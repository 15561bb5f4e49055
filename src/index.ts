/**
 * The public surface. The first part is for programs that embed a node; the second, marked, for those who extend it: transports,
 * codecs, device protocols, rule nodes.
 */

// For users.
export type { BusLinkInfo } from './bus/link-info.js';
export type { BusObservable } from './bus/observe.js';
export type { AccessRequest, BusHooks, Draft } from './bus/hooks.js';
export { decodeWith } from './bus/schema.js';
export type {
  BusRequestManyOptions,
  BusRequestOptions,
  BusRespondContext,
  BusRespondHandler,
  EventBus,
  RefusedEvents,
  SubscriptionInfo,
  Undelivered,
  UnknownDelivery,
  UnsentEvents,
} from './bus/event-bus.js';
export type { Explanation } from './bus/explain.js';
export type { EventSource, PublishFromOptions, PublishFromReport } from './bus/publish-from.js';
export type { StockAuthenticator, StockClient } from './cluster/link/link-options.js';
export {
  call,
  channel,
  type ContractMethods,
  defineService,
  type MethodDefinition,
  type MethodOptions,
  oneWay,
  type ServiceContract,
  stream,
} from './cluster/rpc/contract.js';
export type { RegisterOptions } from './cluster/rpc/registration.js';
export type {
  ClientOptions,
  IncompatibleInstance,
  RpcInvokeOptions,
  RpcManager,
  ServiceRegistration,
  WaitOptions,
} from './cluster/rpc/rpc-manager.js';
export type { RpcOptions } from './cluster/rpc/rpc-options.js';
export type {
  CallAllResult,
  CallContext,
  CallOptions,
  CustomSelect,
  RpcStream,
  Select,
  SelectCandidate,
  ServiceClient,
  ServiceHandlers,
  StreamOptions,
} from './cluster/rpc/service-types.js';
export { fromCredit, type LossyPolicy, type LossySource, withOverflow } from './cluster/rpc/sources.js';
export type { CreditRequest, CreditSource } from './reactive/credit-source.js';
export { type CallTracing, traceCalls } from './cluster/rpc/trace-calls.js';
export { ClusterError, type ErrorCode, mayHaveRun } from './core/errors.js';
export type { Logger, LogFields } from './core/logger.js';
export { segmentToText, topicSegment } from './core/topic.js';
export { packageVersion } from './core/version.js';
export type { GatewayOptions } from './device/gateway/device-gateway.js';
export type { RuleStats } from './rule/rule-runner.js';
export type { NodeBusOptions } from './runtime/bus-options.js';
export type { ClusterNode, NodeState } from './runtime/cluster-node.js';
export { connectGuest, type GuestOptions } from './runtime/connect-guest.js';
export { connectStock, type StockOptions, type StockServer } from './runtime/connect-stock.js';
export { createLocalBus, type LocalBusOptions } from './runtime/create-local-bus.js';
export { createNode } from './runtime/create-node.js';
export type { GuestNode, MemberView } from './runtime/guest-node.js';
export type { KeyRing } from './runtime/key-ring.js';
export type { MembersEvent } from './runtime/members-stream.js';
export { createMqttGateway, type MqttGateway, type MqttGatewayOptions } from './runtime/mqtt-gateway.js';
export { JsonLogger, type JsonLoggerOptions, type LogLevel } from './runtime/node-logger.js';
export { type NodeRules, startRules } from './runtime/node-rules.js';
export type { StaticNode } from './cluster/membership/static-membership.js';
export type { EngineName, NodeOptions, TlsOptions } from './runtime/options.js';
export { defaultPort, lan, local, type Profile, wan } from './runtime/profiles.js';
export type {
  BusDoor,
  BusEvent,
  BusFault,
  BusSubscription,
  ConfirmLevel,
  ConfirmOptions,
  ConfirmReport,
  EventHandler,
  Gap,
  GroupStrategy,
  OnlyValues,
  OverflowPolicy,
  PublishOptions,
  Receipt,
  RequestManyOptions,
  RequestOptions,
  RespondContext,
  RespondHandler,
  SubscribeOptions,
  SubscriptionStats,
  SubscriptionTiming,
} from './spi/bus.js';
export type { Admission, Authenticate, ConnectAttempt } from './spi/device.js';
export type {
  ClusterWatch,
  Gossip,
  GossipMessage,
  Member,
  MemberEvent,
  MembershipHealth,
  MemberStatus,
  PartitionState,
} from './spi/membership.js';
export type { InstanceEvent, InvokeOptions, RpcDoor, ServiceDescription, ServiceInstance } from './spi/rpc.js';
export type { ClientInterceptor, OutgoingCall } from './cluster/rpc/client-builder.js';
export type { ServerInterceptor } from './cluster/rpc/served-call.js';
export type { Unlisten } from './core/listeners.js';
export type { CancelToken } from './core/cancel.js';
export type { GuestCallOptions, GuestSendOptions, GuestSubscribeOptions } from './runtime/guest-node.js';
export type { ExplainedGroup, ExplainedNode, ExplainedSubscription } from './bus/explain.js';
export type { BreakerOptions } from './protocol/rpc/breaker.js';
export type { RetryOptions } from './protocol/rpc/retry-policy.js';
export type { MethodKind } from './spi/rpc.js';
export type { NodeId } from './core/ids.js';
export type { RuleRunnerOptions } from './rule/rule-runner.js';

// For extenders.
export type { Address } from './core/address.js';
export type { CancelTimer, Clock, MonotonicMs, WallMs } from './core/clock.js';
export type { Random } from './core/random.js';
export type { NodeParts } from './runtime/node-parts.js';
export { ProcessMetrics } from './runtime/process-metrics.js';
export type { Codec } from './spi/codec.js';
export type { Connection, Connections, ConnectionServer } from './spi/connections.js';
export type { Datagrams, DatagramSocket } from './spi/datagrams.js';
export type {
  DeviceClient,
  DeviceCommand,
  DeviceMessage,
  DeviceProtocol,
  DeviceRef,
  NetworkComponent,
} from './spi/device.js';
export type { Link, Links } from './spi/links.js';
export type { Membership } from './spi/membership.js';
export type { Counter, Gauge, Histogram, Metrics } from './spi/metrics.js';
export type { RuleMessage, RuleNode } from './spi/rule.js';
export type { Cipher, Secrets } from './spi/secrets.js';
export type { ConnectionHandlers, DialOptions, PeerCertificate } from './spi/connections.js';
export type { CloseReason, DeviceClientHandlers, DeviceFault, MessageOutcome, TransportMessage } from './spi/device.js';
export type { MetricLabels } from './spi/metrics.js';
export type { DatagramHandler } from './spi/datagrams.js';
