/**
 * Socket options that Node lacks, through the C library: TCP MD5 keys, TTL and minimum TTL, binding to an interface.
 * The numbers are Linux's.
 */
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';
import { formatIp, ipToBytes, type IpAddress } from '../../base/ip.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;
/** RFC 4271 appendix E: "Internetwork Control" precedence. */
const INTERNETWORK_CONTROL = 0xc0;
const TCP_MD5SIG = 14;
const TCP_MD5SIG_EXT = 32;
const TCP_MD5SIG_FLAG_PREFIX = 1;
/** TCP_MD5SIG_MAXKEYLEN */
const MAX_KEY_LENGTH = 80;
/** struct tcp_md5sig: sockaddr_storage, flags, prefix length, key length, interface, key. */
const MD5SIG_SIZE = 128 + 1 + 1 + 2 + 4 + MAX_KEY_LENGTH;

interface LibC {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  close(fd: number): number;
  dup(fd: number): number;
}

let loaded: LibC | undefined;

/** The functions of the C library that this process runs on; loading them is done once. */
function libc(): LibC {
  if (!loaded) {
    const library = koffi.load(null);
    loaded = {
      socket: library.func('int socket(int domain, int type, int protocol)') as LibC['socket'],
      setsockopt: library.func(
        'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)',
      ) as LibC['setsockopt'],
      close: library.func('int close(int fd)') as LibC['close'],
      dup: library.func('int dup(int fd)') as LibC['dup'],
    };
  }
  return loaded;
}

/** What went wrong in the last call, as an error with the system's code and text. */
function lastError(what: string): Error {
  const errno = koffi.errno();
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return Object.assign(new Error(`${what}: ${text} (${code})`), { code });
}

/** A new TCP socket for an IP version, not blocking and closed on exec. The caller owns the descriptor. */
export function openTcpSocket(version: 4 | 6): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc().socket(version === 4 ? AF_INET : AF_INET6, type, 0);
  if (fd < 0) throw lastError('Cannot make a TCP socket');
  return fd;
}

/** Closes a descriptor that was not handed on. */
export function closeSocket(fd: number): void {
  libc().close(fd);
}

/** A second descriptor of the same socket. */
export function duplicateSocket(fd: number): number {
  const copy = libc().dup(fd);
  if (copy < 0) throw lastError('Cannot duplicate a socket');
  return copy;
}

function setOption(fd: number, level: number, option: number, value: Uint8Array, what: string): void {
  if (libc().setsockopt(fd, level, option, value, value.length) !== 0) throw lastError(what);
}

function setInteger(fd: number, level: number, option: number, value: number, what: string): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  setOption(fd, level, option, bytes, what);
}

/** TTL or hop limit of what is sent, 1 to 255. */
export function setTtl(fd: number, version: 4 | 6, ttl: number): void {
  const what = `Cannot set the TTL to ${ttl}`;
  if (version === 4) setInteger(fd, IPPROTO_IP, IP_TTL, ttl, what);
  else setInteger(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, what);
}

/** Marks what is sent as routing traffic (RFC 4271 appendix E). Sockets that a listener accepts inherit it. */
export function setInternetworkControl(fd: number, version: 4 | 6): void {
  const what = 'Cannot set the IP precedence';
  if (version === 4) setInteger(fd, IPPROTO_IP, IP_TOS, INTERNETWORK_CONTROL, what);
  else setInteger(fd, IPPROTO_IPV6, IPV6_TCLASS, INTERNETWORK_CONTROL, what);
}

/** RFC 5082: the kernel drops what arrives with a smaller TTL or hop limit. */
export function setMinTtl(fd: number, version: 4 | 6, ttl: number): void {
  const what = `Cannot set the minimum TTL to ${ttl}`;
  if (version === 4) setInteger(fd, IPPROTO_IP, IP_MINTTL, ttl, what);
  else setInteger(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, ttl, what);
}

/** All packets go out of, and come in from, this interface. */
export function bindToDevice(fd: number, device: string): void {
  const what = `Cannot bind to interface ${device}`;
  setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${device}\0`), what);
}

/**
 * Sets the RFC 2385 key for a peer on a listening socket, or on one that is about to connect; without `password`, takes
 * the key away, which does nothing where there is none.
 * @param prefixLength of a range of peers; the address's full width for one peer
 */
export function setMd5Key(
  fd: number,
  peer: { readonly address: IpAddress; readonly prefixLength: number; readonly password?: string },
): void {
  const { address, prefixLength, password } = peer;
  const key = new TextEncoder().encode(password ?? '');
  const name = `${formatIp(address)}/${prefixLength}`;
  if (key.length > MAX_KEY_LENGTH) {
    throw new Error(
      `The password for ${name} has ${key.length} bytes; TCP MD5 takes ${MAX_KEY_LENGTH} at most`,
    );
  }
  const value = new Uint8Array(MD5SIG_SIZE);
  const view = new DataView(value.buffer);
  view.setUint16(0, address.version === 4 ? AF_INET : AF_INET6, true);
  value.set(ipToBytes(address), address.version === 4 ? 4 : 8);
  const isRange = prefixLength < address.words.length * 32;
  if (isRange) {
    value[128] = TCP_MD5SIG_FLAG_PREFIX;
    value[129] = prefixLength;
  }
  view.setUint16(130, key.length, true);
  value.set(key, 136);
  try {
    setOption(
      fd,
      IPPROTO_TCP,
      isRange ? TCP_MD5SIG_EXT : TCP_MD5SIG,
      value,
      `Cannot set the TCP MD5 key for ${name}`,
    );
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (password !== undefined || !isGone) throw error;
  }
}
