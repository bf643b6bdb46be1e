/** Where metrics are served. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * `ADDRESS:PORT`, `[IPV6]:PORT`, or a port, which means the loopback address.
 * @returns undefined where it is none of these
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] ? match[2] : '127.0.0.1'), port };
}
