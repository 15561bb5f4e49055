/**
 * What tests of programs, and of third parties' implementations of doors, are built with: whole nodes on a simulated timeline,
 * networks in memory, and the conformance suite of each door.
 */
export { MemoryNetwork } from '../cluster/transport/memory-network.js';
export type { NetworkConditions } from '../cluster/transport/network-conditions.js';
export { checkCodec, checkLaneCodec, type CodecRange } from './conformance/codec.js';
export { checkConnections, type ConnectionsFixture } from './conformance/connections.js';
export { checkDatagrams, type DatagramsFixture } from './conformance/datagrams.js';
export { checkDeviceProtocol, type DeviceProtocolFixture } from './conformance/device-protocol.js';
export type { LinksFixture } from './conformance/link-pair.js';
export { checkLinks } from './conformance/links.js';
export { checkMembership, type MembershipFixture } from './conformance/membership.js';
export { checkNetworkComponent, type NetworkComponentFixture } from './conformance/network-component.js';
export { checkRpc } from './conformance/rpc.js';
export type { RpcFixture } from './conformance/rpc-fixture.js';
export { checkRuleNode, type RuleNodeFixture } from './conformance/rule-node.js';
export { checkSessions } from './conformance/sessions.js';
export { type SimulatedTime, simulatedWaiter, type TestRunner, type Waiter } from './conformance/suite.js';
export { recordEffects, type RecordedCall, type Recorder } from './recorder.js';
export { SimCluster } from './sim-cluster.js';
export { type SimMachine, SimNetwork } from './sim-network.js';
export { type EdgeFaults, type FaultCounts, quietEdge, SimFaults } from './sim-network-faults.js';
export type { SimOutcome, SimScenario } from './sim-scenario.js';
export { simScenarios } from './sim-scenarios.js';
export { Simulator, type SimulatorOptions } from './simulator.js';
export { SimHost, type SimHostOptions, type StallPhase } from './simulator-host.js';
