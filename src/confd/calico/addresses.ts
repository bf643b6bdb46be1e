/** Addresses as Go writes them in Calico's keys and values. */
import type { IpAddress } from '../../base/ip.ts';
import { formatIp, parseIp } from '../../base/ip.ts';

/** An IPv4 address in the form of IPv6. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

export function versionOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** An address in its usual form; undefined where it is none. */
export function canonicalAddress(text: string): string | undefined {
  const ip = parseIp(MAPPED.exec(text)?.[1] ?? text);
  return ip && formatIp(ip);
}

/** An address with or without a length, and the network that it is in. */
export function addressInNetwork(text: string): { address: string; network: string } | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const mapped = MAPPED.exec(address)?.[1];
  const ip = parseIp(mapped ?? address);
  if (!ip) return undefined;
  const length = slash < 0 ? String(32 * ip.words.length) : text.slice(slash + 1);
  const network = networkFrom(ip, length);
  return network === undefined ? undefined : { address: formatIp(ip), network };
}

/** A network without the bits of hosts; undefined where it is none. */
export function networkOf(text: string): string | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  return ip && networkFrom(ip, text.slice(slash + 1));
}

function networkFrom({ version, words }: IpAddress, lengthText: string): string | undefined {
  const length = Number(lengthText);
  if (!/^\d{1,3}$/.test(lengthText) || length > 32 * words.length) return undefined;
  const masked = words.map((word, i) => {
    const free = 32 - Math.min(32, Math.max(0, length - 32 * i));
    return free === 32 ? 0 : ((word >>> free) << free) >>> 0;
  });
  return `${formatIp({ version, words: masked })}/${length}`;
}

/** As it stands in a key: `10.0.0.0-8`. */
export function inKey(network: string): string {
  return network.replace('/', '-');
}
