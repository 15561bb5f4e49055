import type { Address } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import type { Connection, Connections, ConnectionServer } from '../spi/connections.js';
import type { Datagrams, DatagramSocket } from '../spi/datagrams.js';

/** What a node listens on: one number for UDP gossip and TCP links. */
export interface FrontDoor {
  readonly local: Address;
  readonly datagrams: DatagramSocket;
  readonly server: ConnectionServer;
}

/** Where and how to listen. */
export interface FrontDoorOptions {
  readonly host: string;
  /** Tried in order; the first where both kinds can be had is taken. */
  readonly ports: readonly number[];
}

/** Asks for a free port this often before giving up, because the two kinds have port spaces of their own. */
const anyPortTriesMax = 8;

/**
 * Opens both kinds on the first port where both are free. Rejects with `address-in-use` naming the addresses; nothing stays
 * open then.
 */
export async function openFrontDoor(
  nets: { readonly datagrams: Datagrams; readonly connections: Connections },
  options: FrontDoorOptions,
  accept: (connection: Connection) => void,
): Promise<FrontDoor> {
  const ports = options.ports.flatMap((port) =>
    port === 0 ? Array.from({ length: anyPortTriesMax }, () => 0) : [port],
  );
  for (const port of ports) {
    const opened = await tryPort(nets, { host: options.host, port }, accept);
    if (opened !== undefined) return opened;
  }
  const [first, last] = [options.ports[0], options.ports.at(-1)];
  const tried = first === last ? `port ${first}` : `ports ${first} to ${last}`;
  throw new ClusterError(
    'address-in-use',
    `${tried} on ${options.host} ${first === last ? 'is' : 'are all'} taken; stop the other program or give another port`,
    { details: { host: options.host, ports: options.ports } },
  );
}

async function tryPort(
  nets: { readonly datagrams: Datagrams; readonly connections: Connections },
  at: Address,
  accept: (connection: Connection) => void,
): Promise<FrontDoor | undefined> {
  let server: ConnectionServer | undefined;
  try {
    server = await nets.connections.listen(at, accept);
    const datagrams = await nets.datagrams.bind({ host: at.host, port: server.local.port });
    return { local: server.local, datagrams, server };
  } catch (cause) {
    await server?.close();
    if (cause instanceof ClusterError && cause.code === 'address-in-use') return undefined;
    throw cause;
  }
}
