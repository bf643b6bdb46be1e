/** Pools of addresses, and blocks of them that belong to nodes. */
import { inKey, networkOf, versionOf } from './addresses.ts';
import type { Fields } from './fields.ts';

const MODES = { Always: 'always', CrossSubnet: 'cross-subnet', Never: '' } as const;
const MODE_NAMES = ['Always', 'CrossSubnet', 'Never'] as const;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Throws an error that says what is wrong. */
export function poolKey(resource: Fields): KeyValue {
  const spec = resource.object('spec');
  const cidr = networkOf(spec?.text('cidr') ?? '');
  if (!spec || cidr === undefined) throw new Error('spec.cidr is to be a network');
  // How releases before 3.0 said it.
  const old = spec.object('ipip');
  const oldMode =
    old?.flag('enabled') === true
      ? old.text('mode') === 'cross-subnet'
        ? 'CrossSubnet'
        : 'Always'
      : 'Never';
  const ipip = MODES[spec.oneOf('ipipMode', MODE_NAMES) ?? oldMode];
  const disabled = spec.flag('disabled') ?? false;
  const value = {
    cidr,
    ipip: ipip === '' ? '' : 'tunl0',
    ipip_mode: ipip,
    vxlan_mode: MODES[spec.oneOf('vxlanMode', MODE_NAMES) ?? 'Never'],
    masquerade: spec.flag('natOutgoing') ?? false,
    ipam: !disabled,
    disabled,
    disableBGPExport: spec.flag('disableBGPExport') ?? false,
    assignment_mode: spec.text('assignmentMode') || 'Automatic',
  };
  return { key: `/calico/v1/ipam/v${versionOf(cidr)}/pool/${inKey(cidr)}`, value: JSON.stringify(value) };
}

/** Undefined where the block is not, or not yet, the node's. Throws an error that says what is wrong. */
export function affinityKey(resource: Fields): KeyValue | undefined {
  const spec = resource.object('spec');
  const cidr = networkOf(spec?.text('cidr') ?? '');
  const node = spec?.text('node') ?? '';
  if (!spec || cidr === undefined) throw new Error('spec.cidr is to be a network');
  if (!/^[^/\s]+$/.test(node)) throw new Error('spec.node is to be the name of a node');
  const state = spec.text('state');
  const isDeleted = spec.text('deleted') === 'true';
  if (state === 'pending' || isDeleted) return undefined;
  return {
    key: `/calico/ipam/v2/host/${node}/ipv${versionOf(cidr)}/block/${inKey(cidr)}`,
    value: JSON.stringify({ state, deleted: false }),
  };
}

/** Whether a value below `/calico/ipam/v2/host` says that the block is not yet the node's. */
export function isPending(value: string): boolean {
  if (!value.includes('pending')) return false;
  try {
    return (JSON.parse(value) as { state?: unknown } | null)?.state === 'pending';
  } catch {
    return false;
  }
}
