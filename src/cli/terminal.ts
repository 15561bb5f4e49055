import pc from 'picocolors';
import type { Clock } from '../core/clock.js';
import type { BusEvent, Receipt } from '../spi/bus.js';
import type { MemberView } from '../runtime/guest-node.js';

/** Where a command writes and what stops it. Tests pass their own. */
export interface Terminal {
  /** One line for people or one JSON text for programs, on standard output. */
  line(text: string): void;
  /** A line about the command itself, on standard error. */
  note(text: string): void;
  /** Shows lines in the place of those that the call before showed. */
  show(lines: readonly string[]): void;
  /** Aborts at Ctrl-C or a termination signal. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** A value as one line of JSON; bytes show as base64, maps and sets as arrays, bigints as texts. */
export function toJson(value: unknown): string {
  // What a method without a result answers.
  if (value === undefined) return 'null';
  return JSON.stringify(value, (_key, one: unknown) => {
    if (one instanceof Uint8Array) return { base64: bytesToBase64(one) };
    if (one instanceof Map || one instanceof Set) return [...one];
    return typeof one === 'bigint' ? one.toString() : one;
  });
}

/** One event for a person: topic, value, publisher. */
export function eventToLine(event: BusEvent): string {
  return `${pc.cyan(event.topic)} ${toJson(event.value)} ${pc.dim(`from ${event.source}`)}`;
}

/** What became of a publish, for a person. */
export function receiptToLine(receipt: Receipt): string {
  const dropped = receipt.dropped > 0 ? pc.red(`, ${receipt.dropped} dropped`) : '';
  return `${receipt.local} local, ${receipt.nodes} nodes, ${receipt.groups} groups${dropped}`;
}

/** The members as a table for a person. */
export function membersToLines(members: readonly MemberView[]): string[] {
  const width = Math.max(4, ...members.map((member) => member.name.length));
  const addressWidth = Math.max(7, ...members.map((member) => member.address.length));
  const head = pc.dim(`${'name'.padEnd(width)}  ${'address'.padEnd(addressWidth)}  status`);
  const rows = [...members]
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .map((member) => {
      const status = member.status === 'alive' ? pc.green(member.status) : pc.yellow(member.status);
      return `${member.name.padEnd(width)}  ${member.address.padEnd(addressWidth)}  ${status}${member.self ? pc.dim(' (this node)') : ''}`;
    });
  return [head, ...rows];
}

function bytesToBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
