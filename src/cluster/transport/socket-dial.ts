import type { Socket } from 'node:net';
import type { Address } from '../../core/address.js';
import { after, type Clock } from '../../core/clock.js';
import type { DialFault } from '../../spi/connections.js';
import { dialError, findSystemCode } from './transport-errors.js';

/** One attempt to connect: `S` is the kind of socket, `T` what the caller makes of it. */
export interface SocketDial<S extends Socket, T> {
  readonly to: Address;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The event that says that the socket is ready. */
  readonly event: 'connect' | 'secureConnect';
  /** Starts connecting. */
  readonly open: () => S;
  /** Called in the event itself, so that nothing the socket tells next is missed. */
  readonly wrap: (socket: S) => T;
}

/** Waits until a socket is connected, failed, or its time is up; in the latter cases it is destroyed. */
export function awaitDial<S extends Socket, T>(dial: SocketDial<S, T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let socket: S;
    try {
      socket = dial.open();
    } catch (cause) {
      // An impossible port or path.
      reject(dialError(dial.to, 'failed', cause));
      return;
    }
    const settle = (): void => {
      cancel();
      socket.off('error', onError);
      socket.off(dial.event, onReady);
    };
    const fail = (fault: DialFault, cause?: unknown): void => {
      settle();
      // A late error of a socket that nobody waits for must not end the process.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(dialError(dial.to, fault, cause));
    };
    const onError = (cause: unknown): void => fail(faults[findSystemCode(cause) ?? ''] ?? 'failed', cause);
    const onReady = (): void => {
      if (isSelfConnected(socket)) {
        fail('refused');
        return;
      }
      settle();
      resolve(dial.wrap(socket));
    };
    const until = after(dial.clock.now(), dial.timeoutMs);
    const cancel = dial.clock.setTimer(until, () => fail('silent'));
    socket.once('error', onError);
    socket.once(dial.event, onReady);
  });
}

/** A path that is not there is as clear an answer as a refusal. */
const faults: Readonly<Record<string, DialFault>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'refused',
  ETIMEDOUT: 'silent',
};

/**
 * A dial to a free port of this machine's ephemeral range can get that very port as its own and connect to itself (TCP's
 * simultaneous open). Nobody listens there.
 */
function isSelfConnected(socket: Socket): boolean {
  return (
    socket.localPort !== undefined &&
    socket.localPort === socket.remotePort &&
    socket.localAddress === socket.remoteAddress
  );
}
