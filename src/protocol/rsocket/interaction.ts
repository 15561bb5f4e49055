import type { Interaction } from '../../spi/links.js';
import * as frame from './frame.js';

/** The frame type of a request. */
export const requestTypes: Readonly<Record<Interaction, number>> = {
  response: frame.typeRequestResponse,
  'fire-and-forget': frame.typeRequestFnf,
  stream: frame.typeRequestStream,
  channel: frame.typeRequestChannel,
};

/** What a request of a frame type asks for; `type` MUST be one of `requestTypes`. */
export function interactionOf(type: number): Interaction {
  if (type === frame.typeRequestResponse) return 'response';
  if (type === frame.typeRequestFnf) return 'fire-and-forget';
  return type === frame.typeRequestStream ? 'stream' : 'channel';
}

/** Credit as a request carries it: a whole number from 1 to 2^31-1. */
export function toCredit(credit: number): number {
  return Math.max(1, Math.min(Math.floor(credit), frame.int31Max));
}
