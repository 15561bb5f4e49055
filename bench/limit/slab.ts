/**
 * The strongest plain use of Node's sockets that we know: frames gathered in a 64 KiB slab, one write for each
 * event-loop turn, and received in a buffer that the caller owns, so that the runtime allocates nothing for each chunk.
 * A frame is its payload's length and a number, both u32 little-endian, then the payload.
 */
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import type { Server } from 'node:net';
import type { Awake } from './awake.js';

const slabBytes = 64 * 1024;
const receiveBytes = 256 * 1024;
const headerBytes = 8;
/** Payloads above this are written beside the slab, without a copy. */
export const besideBytes: number = 16 * 1024;

/** A slab and how many sockets still read it. */
interface Slab {
  readonly bytes: Buffer;
  readers: number;
}

/** Writes frames to one or more sockets: encoded once, however many they are. */
export class SlabWriter {
  readonly #sockets: readonly Socket[];
  readonly #awake: Awake | undefined;
  readonly #free: Slab[] = [];
  #slab: Slab;
  #at = 0;
  #scheduled = false;
  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(sockets: readonly Socket[], awake?: Awake) {
    this.#sockets = sockets;
    this.#awake = awake;
    this.#slab = this.#take();
  }

  /** Writes a frame with the bytes from `start` to `end` of `source`. */
  frame(id: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > besideBytes) return this.#beside(id, source.subarray(start, end));
    const at = this.#header(id, length);
    const whole = start === 0 && end === source.length;
    this.#slab.bytes.set(whole ? source : source.subarray(start, end), at);
    this.#at = at + length;
  }

  /** Writes out what is gathered. */
  flush(): void {
    if (this.#at === 0) return;
    const slab = this.#slab;
    const bytes = slab.bytes.subarray(0, this.#at);
    this.#slab = this.#take();
    this.#at = 0;
    slab.readers = this.#sockets.length;
    const written = (): void => {
      slab.readers -= 1;
      if (slab.readers === 0) this.#free.push(slab);
    };
    for (const socket of this.#sockets) socket.write(bytes, written);
    this.#awake?.onSent();
  }

  /** Writes the header and returns where the payload goes. */
  #header(id: number, length: number): number {
    if (this.#at + headerBytes + length > slabBytes) this.flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#onTurn);
    }
    const { bytes } = this.#slab;
    const at = this.#at;
    bytes[at] = length;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length >>> 16;
    bytes[at + 3] = length >>> 24;
    bytes[at + 4] = id;
    bytes[at + 5] = id >>> 8;
    bytes[at + 6] = id >>> 16;
    bytes[at + 7] = id >>> 24;
    this.#at = at + headerBytes;
    return this.#at;
  }

  /** The payload MUST stay unchanged until it is written; the callers' pools see to it. */
  #beside(id: number, payload: Uint8Array): void {
    this.#header(id, 0);
    this.#slab.bytes.writeUInt32LE(payload.length, this.#at - headerBytes);
    for (const socket of this.#sockets) socket.cork();
    this.flush();
    for (const socket of this.#sockets) {
      socket.write(payload);
      socket.uncork();
    }
  }

  #take(): Slab {
    return this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), readers: 0 };
  }
}

/**
 * Gets a frame. The bytes from `start` to `end` are lent until the promises that it settles have run; a `start` of 0 says that they
 * are the frame's own: in the shared buffer a header comes first.
 */
export type OnFrame = (id: number, bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts frames out of what a socket receives, in place; a frame longer than the buffer is received into its own. The cut end of a
 * read moves to a second buffer: whoever settled a promise with a frame reads it after this read, when the rest of the next frame
 * would lie over the first ones.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #buffer = Buffer.allocUnsafeSlow(receiveBytes);
  #spare = Buffer.allocUnsafeSlow(receiveBytes);
  #filled = 0;
  #large: Buffer | undefined;
  #largeId = 0;
  #largeGot = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Options for a socket that reads into our buffer. */
  get onread(): { buffer: () => Buffer; callback: (count: number) => boolean } {
    return {
      buffer: () => {
        if (this.#large !== undefined) return this.#large.subarray(this.#largeGot);
        return this.#filled === 0 ? this.#buffer : this.#buffer.subarray(this.#filled);
      },
      callback: (count) => {
        if (this.#large === undefined) this.#cut(this.#filled + count);
        else this.#grow(this.#large, count);
        return true;
      },
    };
  }

  #cut(filled: number): void {
    const buffer = this.#buffer;
    let at = 0;
    while (filled - at >= headerBytes) {
      const length = readU32(buffer, at);
      const end = at + headerBytes + length;
      if (end > filled) {
        if (length + headerBytes > receiveBytes) return this.#startLarge(at, filled, length);
        break;
      }
      this.#onFrame(readU32(buffer, at + 4), buffer, at + headerBytes, end);
      at = end;
    }
    this.#filled = filled - at;
    if (at === 0 || at === filled) return;
    buffer.copy(this.#spare, 0, at, filled);
    this.#buffer = this.#spare;
    this.#spare = buffer;
  }

  #startLarge(at: number, filled: number, length: number): void {
    this.#large = Buffer.allocUnsafeSlow(length);
    this.#largeId = readU32(this.#buffer, at + 4);
    this.#largeGot = this.#buffer.copy(this.#large, 0, at + headerBytes, filled);
    this.#filled = 0;
  }

  #grow(large: Buffer, count: number): void {
    this.#largeGot += count;
    if (this.#largeGot < large.length) return;
    this.#large = undefined;
    this.#onFrame(this.#largeId, large, 0, large.length);
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}

/** What a listener needs to close. */
export interface Listening {
  readonly address: string;
  stop(): void;
}

/** Where to listen: a TCP port on loopback (0 for any), or the path of a Unix socket. */
export type Place = number | string;

/** Listens; `adopt` gets each socket and says how it reads, before the first byte is read. */
export function listen(place: Place, adopt: (reader: (onFrame: OnFrame) => Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    adopt((onFrame) => {
      const socket = withOwnBuffer(accepted, new FrameReader(onFrame));
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      return socket;
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(typeof place === 'number' ? { port: place, host: '127.0.0.1' } : place, () => {
      resolve({
        address: addressOf(server),
        stop: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}

/** Dials an address that `listen` returned. */
export function dial(address: string, onFrame: OnFrame): Promise<Socket> {
  const { onread } = new FrameReader(onFrame);
  const port = Number(address);
  const where = Number.isNaN(port) ? { path: address } : { port, host: '127.0.0.1', noDelay: true };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...where, onread }, () => {
      socket.removeListener('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/**
 * Node offers the caller-owned receive buffer to dialling sockets only. The handle of an accepted one can be given to a
 * new socket before it reads; that reaches into Node, which a limit may and a product may not.
 */
function withOwnBuffer(accepted: Socket, reader: FrameReader): Socket {
  const options = { handle: Reflect.get(accepted, handleName) as unknown, onread: reader.onread };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  // The socket that was accepted lets go of it.
  Reflect.set(accepted, handleName, null);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.resume();
  return socket;
}

/** Where a socket of Node keeps its handle. */
const handleName = '_handle';

function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address === 'string') return address;
  return (address as AddressInfo).port.toString();
}
