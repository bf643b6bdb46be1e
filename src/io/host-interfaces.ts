/**
 * The host's interfaces from Linux, over rtnetlink. The kernel answers requests at once, and its notifications wait in a
 * socket that is looked at a few times a second: whatever they say, everything is asked for again.
 */
import koffi from 'koffi';
import type { Clock, Timer } from '../base/clock.ts';
import type { HostInterface, HostInterfaces } from '../base/interfaces.ts';
import { dumpRequest, InterfaceDump } from './rtnetlink.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR. */
const GROUPS = 0x1 | 0x10 | 0x100;
const EAGAIN = 11;
const EINTR = 4;
const POLL_MS = 200;
/** The kernel fills at most 32 KiB at a time. */
const RECEIVE_BYTES = 1 << 16;
/** Notifications that are taken at a time; what they say is in the answer to the next request anyway. */
const MAX_NOTICES = 1000;
/** An answer that is cut short by a change is asked for again, so often. */
const ATTEMPTS = 3;

interface LibC {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
}

function load(): LibC {
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int domain, int type, int protocol)') as LibC['socket'],
    bind: library.func('int bind(int fd, const void *address, uint32_t length)') as LibC['bind'],
    send: library.func('int64_t send(int fd, const void *bytes, size_t length, int flags)') as LibC['send'],
    recv: library.func(
      'int64_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)',
    ) as LibC['recv'],
    close: library.func('int close(int fd)') as LibC['close'],
  };
}

export class NetlinkInterfaces implements HostInterfaces {
  readonly #clock: Clock;
  readonly #libc: LibC;
  readonly #notices: number;
  readonly #requests: number;
  readonly #watchers = new Set<() => void>();
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);
  #sequence = 0;
  #current: HostInterface[] = [];
  /** What `current` was made from, to see whether anything changed. */
  #text = '';
  #timer: Timer | undefined;

  /** Throws where the system has no rtnetlink, or lets this process have none. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#libc = load();
    this.#notices = this.#open(GROUPS);
    try {
      this.#requests = this.#open(0);
    } catch (error) {
      this.#libc.close(this.#notices);
      throw error;
    }
    this.scan();
  }

  get current(): readonly HostInterface[] {
    return this.#current;
  }

  scan(): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const dump = new InterfaceDump();
      if (!this.#ask(dump, 'links') || !this.#ask(dump, 'addresses')) continue;
      const text = JSON.stringify(dump.interfaces);
      if (text === this.#text) return;
      this.#text = text;
      this.#current = dump.interfaces;
      for (const changed of this.#watchers) changed();
      return;
    }
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    this.#timer ??= this.#poll();
    return () => {
      this.#watchers.delete(changed);
      if (this.#watchers.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  /** Ends it; nothing may be asked any more. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#watchers.clear();
    this.#libc.close(this.#notices);
    this.#libc.close(this.#requests);
  }

  #poll(): Timer {
    return this.#clock.setTimer(POLL_MS, () => {
      let waiting = 0;
      // A queue that overflowed is an error once, and means the same as a notification.
      while (waiting < MAX_NOTICES && this.#receive(this.#notices) !== 0) waiting++;
      if (waiting > 0) this.scan();
      this.#timer = this.#watchers.size > 0 ? this.#poll() : undefined;
    });
  }

  #ask(dump: InterfaceDump, what: 'links' | 'addresses'): boolean {
    const sequence = (this.#sequence = (this.#sequence + 1) >>> 0);
    const request = dumpRequest(what, sequence);
    if (Number(this.#libc.send(this.#requests, request, request.length, 0)) < 0) return false;
    for (;;) {
      const length = this.#receive(this.#requests);
      if (length <= 0) return false;
      const outcome = dump.take(this.#buffer.subarray(0, length), sequence);
      if (outcome !== 'more') return outcome === 'done';
    }
  }

  /** Bytes that came, 0 where nothing waits, -1 where the queue had overflowed. */
  #receive(fd: number): number {
    for (;;) {
      const length = Number(this.#libc.recv(fd, this.#buffer, this.#buffer.length, 0));
      if (length >= 0) return length;
      const errno = koffi.errno();
      if (errno !== EINTR) return errno === EAGAIN ? 0 : -1;
    }
  }

  #open(groups: number): number {
    const fd = this.#libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) throw new Error(`no rtnetlink socket (errno ${koffi.errno()})`);
    // struct sockaddr_nl: family, padding, port, groups.
    const address = new Uint8Array(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_NETLINK, true);
    view.setUint32(8, groups, true);
    if (this.#libc.bind(fd, address, address.length) === 0) return fd;
    const errno = koffi.errno();
    this.#libc.close(fd);
    throw new Error(`cannot bind an rtnetlink socket (errno ${errno})`);
  }
}
