/**
 * One life of a node: its stable name and the epoch of this life. Tables are keyed by both, so that news about an older
 * life never touches a newer one.
 */
export interface NodeId {
  readonly name: string;
  /** A safe integer that grows with every life of the name. */
  readonly epoch: number;
}

/** A `NodeId` as one map key. */
export function nodeKey(node: NodeId): string {
  return `${node.name}@${node.epoch}`;
}

/** Says whether two ids are the same life of the same name. */
export function isSameNode(left: NodeId, right: NodeId): boolean {
  return left.epoch === right.epoch && left.name === right.name;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** A node name: 1 to 63 of letters, digits, `.`, `_`, `-`, starting with a letter or digit; it must be safe in topics and logs. */
export function isNodeName(name: string): boolean {
  return namePattern.test(name);
}
