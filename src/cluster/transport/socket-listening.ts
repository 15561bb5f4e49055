import type { Server } from 'node:net';
import type { Address } from '../../core/address.js';
import { textToBytes } from '../../core/text.js';
import type { ConnectionServer } from '../../spi/connections.js';
import type { Counter } from '../../spi/metrics.js';
import { bindError } from './transport-errors.js';

/** Makes a Node server listen on an address or a socket path; what fails later is counted in `failures`. */
export function startListening(server: Server, local: Address, failures: Counter): Promise<ConnectionServer> {
  return new Promise((resolve, reject) => {
    if (isLongPath(local)) {
      reject(bindError(local, `a socket path has at most ${pathBytesMax} bytes`));
      return;
    }
    const fail = (cause: unknown): void => {
      server.close();
      reject(bindError(local, cause));
    };
    server.once('error', fail);
    const listening = (): void => {
      server.off('error', fail);
      // Too many open files, mostly: the system keeps what it could not hand over, the server lives on.
      server.on('error', () => failures.add());
      resolve({ local: boundAddress(server, local), close: () => closeServer(server) });
    };
    try {
      // Exclusive, so that two workers of one Node cluster do not share a port without knowing.
      if (local.host.startsWith('/')) server.listen({ path: local.host, exclusive: true }, listening);
      else server.listen({ host: local.host, port: local.port, exclusive: true }, listening);
    } catch (cause) {
      fail(cause);
    }
  });
}

/** Says whether a socket path is longer than systems take: libuv would cut it and use another file. */
export function isLongPath(address: Address): boolean {
  return address.host.startsWith('/') && textToBytes(address.host).length > pathBytesMax;
}

/** `sun_path` of macOS less its end mark; Linux has four more. */
const pathBytesMax = 103;

function boundAddress(server: Server, local: Address): Address {
  const bound = server.address();
  const port = bound === null || typeof bound === 'string' ? 0 : bound.port;
  return { host: local.host, port };
}

/** Node's own callback waits until the last accepted connection ended; the address is free as soon as the handle is closed. */
async function closeServer(server: Server): Promise<void> {
  if (server.listening) server.close();
}
