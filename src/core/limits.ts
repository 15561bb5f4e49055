/**
 * Limits that no option raises: they bound what a stranger can make us allocate, and both sides of a link must agree on them.
 * What a user may want to change is an option, and its default names the reason.
 */

/** RSocket's frame length field has 24 bits (RSocket 1.0, Framing Protocol). */
export const frameBytesMax = 0xff_ffff;

/** Longest topic or pattern in UTF-16 units: far above real device paths, small enough to intern a table of them. */
export const topicLengthMax = 1024;

/** Most segments of a topic or pattern; bounds the trie's depth. */
export const topicSegmentsMax = 32;

/** Most `**` in one pattern: matching cost grows with their product with the depth. */
export const topicDoubleStarsMax = 3;

/** Most patterns that alternatives (`a,b`) of one pattern may expand to. */
export const topicAlternativesMax = 256;

/** Longest node name; also the most that a frame may spend on one. */
export const nodeNameBytesMax = 63;

/** Longest service or method name. */
export const serviceNameBytesMax = 128;

/** Most headers of an event or call, and the longest of their keys and values together. */
export const headersMax = 64;
/** Bytes that all headers of one event or call may take. */
export const headersBytesMax = 8192;

/**
 * Longest metadata of one request or item that a link takes: eight times the headers of a call, so that a stock client's routing,
 * token and trace fit. RSocket's own limit is 16 MiB a frame (24 bits), and none for metadata in fragments.
 */
export const metadataBytesMax = 65_536;

/** Longest payload that a link puts together, where nothing else was agreed. */
export const payloadBytesMax = 67_108_864;

/** Largest event, request or answer as it is encoded: what goes with it on its lane must fit a payload beside it. */
export const eventBytesMax: number = payloadBytesMax - 4_194_304;

/** Most groups of one node that one event or request may name the winner of; those beyond get none. */
export const groupsWonMax = 4096;

/** Longest time that an event may live or somebody waits for an answer: the longest of one Node timer, almost 25 days. */
export const waitMaxMs = 0x7fff_ffff;

/** Largest metadata that a member may carry; gossip carries its hash only. */
export const memberMetadataBytesMax = 65_536;

/** Most bytes of a message that users gossip: two fit a datagram beside its head. */
export const spreadBytesMax = 512;
/** Longest topic of such a message. */
export const spreadTopicBytesMax = 64;

/** Largest gossip datagram: an Ethernet frame less IPv6 and UDP headers and room for tunnels. */
export const datagramBytesMax = 1400;

/** The version byte that begins every datagram, hello and batch of this build, and the lowest it still speaks. */
export const wireVersion = 1;
/** The lowest wire version that this build still speaks. */
export const wireVersionMin = 1;

/** The lowest and the highest wire version that a node speaks. Two nodes use the highest that both do. */
export interface WireVersions {
  readonly min: number;
  readonly max: number;
}
