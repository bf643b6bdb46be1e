/** `protocol device` as it runs: whose interfaces are known, and which address stands for each. */
import type { Clock, Timer } from './base/clock.ts';
import {
  scopeOf,
  type HostInterface,
  type HostInterfaces,
  type InterfaceAddress,
} from './base/interfaces.ts';
import { sameIp } from './base/ip.ts';
import type { DaemonConfig, DeviceProtocolConfig } from './birdcl-compat/conf/lowered.ts';
import { isChosen } from './birdcl-compat/conf/router-id.ts';

export class InterfaceWatch {
  readonly #clock: Clock;
  readonly #source: HostInterfaces | undefined;
  readonly #changed: () => void;
  #device: DeviceProtocolConfig | undefined;
  #unwatch: (() => void) | undefined;
  #timer: Timer | undefined;

  /** @param changed called after interfaces have changed, or are known or unknown from now on */
  constructor(clock: Clock, source: HostInterfaces | undefined, changed: () => void) {
    this.#clock = clock;
    this.#source = source;
    this.#changed = changed;
  }

  /** The interfaces of the host; undefined where nobody watches them. */
  get current(): readonly HostInterface[] | undefined {
    return this.#device && this.#source?.current;
  }

  /** Takes over the device protocol of a configuration; without one nothing is watched. */
  configure({ protocols }: DaemonConfig): void {
    const device = protocols.find(
      (protocol): protocol is DeviceProtocolConfig => protocol.kind === 'device' && !protocol.disabled,
    );
    const before = this.#device;
    this.#device = device;
    if (!this.#source) return;
    if (device?.scanTimeS !== before?.scanTimeS) this.#rescan();
    if ((device === undefined) === (before === undefined)) return;
    this.#unwatch?.();
    this.#unwatch = device && this.#source.watch(this.#changed);
    if (device) this.#source.scan();
    this.#changed();
  }

  /** Ends it. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The address of each kind that stands for an interface: as configured, or the first one. */
  preferred({ name, addresses }: HostInterface): InterfaceAddress[] {
    const rule = this.#device?.preferred.find(({ patterns }) => isChosen(patterns, name, undefined));
    const found: InterfaceAddress[] = [];
    for (const kind of ['ipv4', 'ipv6', 'link-local'] as const) {
      const own = addresses.filter((address) => !address.secondary && kindOf(address) === kind);
      const wanted = own.find(({ ip }) => rule?.addresses.some((address) => sameIp(address, ip)));
      const chosen = wanted ?? own[0];
      if (chosen) found.push(chosen);
    }
    return found;
  }

  #rescan(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const scanTimeS = this.#device?.scanTimeS ?? 0;
    if (scanTimeS === 0) return;
    this.#timer = this.#clock.setTimer(scanTimeS * 1000, () => {
      this.#source!.scan();
      this.#rescan();
    });
  }
}

export function kindOf({ ip }: InterfaceAddress): 'ipv4' | 'ipv6' | 'link-local' {
  if (ip.version === 4) return 'ipv4';
  return scopeOf(ip) === 'link' ? 'link-local' : 'ipv6';
}
