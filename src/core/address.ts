/** A host and a port. `host` is a name, an IPv4 address or an IPv6 address without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, or `[host]:port` for IPv6; the form used as map key, in options and in logs. */
export function addressToText(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Reads `host:port` or `[ipv6]:port`; `undefined` when it is neither. A missing port takes `defaultPort`. */
export function findAddress(text: string, defaultPort?: number): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? '';
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  return port === undefined || port > 65_535 || host === '' ? undefined : { host, port };
}

/** Says whether an address can only be reached from this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
