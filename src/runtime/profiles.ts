import { addressToText } from '../core/address.js';

/** How the nodes of a cluster find and watch each other; everything in it can be overridden by an option of the same name. */
export interface Profile {
  readonly kind: 'local' | 'lan' | 'wan';
  /** Where a node listens when `host` is not given. */
  readonly host: string;
  /** Ports tried in order when `port` is not given. */
  readonly ports: readonly number[];
  /** Seeds when `seeds` is not given. */
  readonly seeds: readonly string[];
  /** Nodes expected; tunes the failure detector's first guesses, not a limit. */
  readonly nodes: number;
}

/** First of the ports that a node tries; UDP gossip and TCP links share the number. Unassigned at IANA. */
export const defaultPort = 7700;
/** How many ports the local profile tries and asks for other nodes. */
export const localPortsMax = 16;

/**
 * Several nodes on one machine, no configuration: binds 127.0.0.1 on the first free of 16 ports, which are its seeds too.
 * The default of `createNode`.
 */
export function local(): Profile {
  const ports = Array.from({ length: localPortsMax }, (_, index) => defaultPort + index);
  const seeds = ports.map((port) => addressToText({ host: '127.0.0.1', port }));
  return { kind: 'local', host: '127.0.0.1', ports, seeds, nodes: localPortsMax };
}

/** Machines of one network: binds every address, so it needs a `key`, mutual TLS or `insecure: true`, and `seeds`. */
export function lan(nodes = 16): Profile {
  return { kind: 'lan', host: '0.0.0.0', ports: [defaultPort], seeds: [], nodes };
}

/** Machines far apart: as `lan`, with a failure detector that expects long and uneven round trips. */
export function wan(nodes = 16): Profile {
  return { kind: 'wan', host: '0.0.0.0', ports: [defaultPort], seeds: [], nodes };
}
