/** Addresses as Go writes them in Calico's keys and values. */
import { formatIp, parseIp } from '../../base/ip.ts';

export function versionOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** An address in its usual form; undefined where it is none. */
export function canonicalAddress(text: string): string | undefined {
  const ip = parseIp(text);
  if (!ip) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  return mapped ? mapped[1] : formatIp(ip);
}

/** An address with or without a length, and the network that it is in. */
export function addressInNetwork(text: string): { address: string; network: string } | undefined {
  const slash = text.indexOf('/');
  const address = canonicalAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const length = slash < 0 ? (versionOf(address) === 4 ? '32' : '128') : text.slice(slash + 1);
  const network = networkOf(`${address}/${length}`);
  return network === undefined ? undefined : { address, network };
}

/** A network without the bits of hosts; undefined where it is none. */
export function networkOf(text: string): string | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const ip = match && parseIp(match[1]!);
  const length = Number(match?.[2]);
  if (!ip || length > 32 * ip.words.length) return undefined;
  const words = ip.words.map((word, i) => {
    const free = 32 - Math.min(32, Math.max(0, length - 32 * i));
    return free === 32 ? 0 : ((word >>> free) << free) >>> 0;
  });
  return `${formatIp({ version: ip.version, words })}/${length}`;
}

/** As it stands in a key: `10.0.0.0-8`. */
export function inKey(network: string): string {
  return network.replace('/', '-');
}
