/**
 * Protocols between the daemon and its host: `device` watches interfaces, `direct` makes routes of them. `kernel` has
 * nothing to do in a reflector, which programs no routes: it is read whole, and shown because scripts look for it.
 */
import type { IpAddress } from '../../../base/ip.ts';
import type { Expression } from '../../filter/ast.ts';
import { address, bool, bounded, number, parseAddressExpression, prefix } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Cursor } from '../cursor.ts';
import { TOKEN } from '../lexer.ts';
import { ACCEPT_ALL } from '../../filter/program.ts';
import type { DeviceProtocolConfig, HostProtocolConfig, InterfacePattern } from '../lowered.ts';
import { PLAIN_CHANNELS } from '../net-types.ts';
import { accepted, applyOptions, field, noticed, option, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import {
  channelOwnerRules,
  channelRules,
  channelRules1,
  finishChannel,
  newChannel,
  onlyChannel,
  onlyChannelRules,
} from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { interfaceNames, interfacePatterns } from './interfaces.ts';
import { unlimited } from './static.ts';
import { failAtEnd, newProtocol, protocolBase, protocolRules, protocolRules1 } from './protocol.ts';
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './protocol.ts';

/** BIRD's preferences of routes from links and from the kernel. */
const DIRECT_PREFERENCE = 240;
const KERNEL_PREFERENCE = 10;
/** Seconds between two looks at all interfaces. */
const SCAN_TIME_S = 60;

interface HostDraft extends ProtocolDraft {
  channels: ChannelDraft[];
  scanTimeS: number;
  preferred: DeviceProtocolConfig['preferred'];
  patterns: readonly (readonly InterfacePattern[])[];
  checkLink: boolean;
}

const FEW = 'the routes of a direct protocol are the networks of the host';

const kernelChannelOptions = new RuleTable<ChannelDraft>(channelRules<ChannelDraft>());
const directChannelOptions = new RuleTable<ChannelDraft>(unlimited(channelRules<ChannelDraft>(), FEW));

function channels(preference: number, rules: RuleTable<ChannelDraft>): Rule<HostDraft>[] {
  return channelOwnerRules<HostDraft, ChannelDraft>({
    types: PLAIN_CHANNELS,
    rules,
    anyType: true,
    create: (_owner, type, context) => newChannel(type, preference, context),
  });
}

/** What the three protocols have in common; each says its options and what it is lowered to. */
function hostProtocol(
  kind: HostProtocolConfig['kind'],
  preference: number,
  own: { rules: readonly Rule<HostDraft>[]; rules1: readonly Rule<HostDraft>[] },
  finish: (draft: HostDraft, context: FinishContext) => HostProtocolConfig,
): ProtocolGrammar<HostDraft> {
  return {
    word: kind,
    defaultName: kind,
    rules: new RuleTable<HostDraft>([...protocolRules<HostDraft>(), ...own.rules]),
    rules1: new RuleTable<HostDraft>([
      ...protocolRules1<HostDraft>(),
      ...onlyChannelRules<HostDraft, ChannelDraft>(
        kind === 'direct' ? unlimited(channelRules1<ChannelDraft>(), FEW) : channelRules1(),
      ),
      ...own.rules1,
    ]),
    create: (debug, context) => ({
      ...newProtocol(debug),
      channels: onlyChannel(context, (type) => newChannel(type, preference, context)),
      scanTimeS: SCAN_TIME_S,
      preferred: [],
      patterns: [],
      checkLink: false,
    }),
    copy: (draft) => ({
      ...draft,
      channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
    }),
    finish,
  };
}

const preferredAddress = new RuleTable<{ addresses: IpAddress[] }>([
  option('preferred', address, (target, value) => target.addresses.push(value)),
]);

/** `"eth*" { preferred 10.0.0.1; }` */
const deviceInterface: Rule<HostDraft> = {
  words: 'interface',
  parse(cursor) {
    const patterns = interfaceNames.parse(cursor);
    const options: OptionNode<{ addresses: IpAddress[] }>[] = [];
    if (cursor.accept('{')) preferredAddress.parseBlock(cursor, options);
    return { patterns, options };
  },
  apply(draft, argument, context) {
    const { patterns, options } = argument as {
      patterns: ReturnType<typeof interfaceNames.parse>;
      options: OptionNode<{ addresses: IpAddress[] }>[];
    };
    const names = interfaceNames.evaluate(patterns, context.scope);
    const target = { addresses: [] };
    applyOptions(target, options, context);
    draft.preferred = [...draft.preferred, { patterns: names, ...target }];
  },
};

/** `primary "eth0" 10.0.0.1`, from before BIRD 2. */
const primaryAddress: ArgumentKind<undefined, undefined> = {
  parse(cursor: Cursor) {
    if (!cursor.isAddress() && cursor.kind === TOKEN.text) cursor.at++;
    if (cursor.isAddress() && cursor.textAfter(1) === '/') prefix.parse(cursor);
    else parseAddressExpression(cursor);
    return undefined;
  },
  evaluate: () => undefined,
};

const scanTime = field<HostDraft, 'scanTimeS', Expression>('scan time', number, 'scanTimeS');
const primary = noticed<HostDraft, undefined, undefined>(
  'primary',
  primaryAddress,
  "use 'interface … { preferred …; }'",
);

export const device = hostProtocol(
  'device',
  DIRECT_PREFERENCE,
  { rules: [scanTime, deviceInterface, primary], rules1: [scanTime, primary] },
  (draft) => ({
    kind: 'device',
    ...protocolBase(draft),
    scanTimeS: draft.scanTimeS,
    preferred: draft.preferred,
  }),
);

const directOptions: Rule<HostDraft>[] = [
  option('interface', interfacePatterns, (draft, value) => {
    draft.patterns = [...draft.patterns, value];
  }),
  option('check link', bool, (draft, value) => (draft.checkLink = value)),
];

export const direct = hostProtocol(
  'direct',
  DIRECT_PREFERENCE,
  { rules: [...directOptions, ...channels(DIRECT_PREFERENCE, directChannelOptions)], rules1: directOptions },
  (draft, context) => {
    const has = (words: string): boolean => draft.channels.some(({ type }) => type.words === words);
    if (has('ipv6') && has('ipv6 sadr')) failAtEnd(context, 'Both ipv6 and ipv6-sadr channels');
    return {
      kind: 'direct',
      ...protocolBase(draft),
      patterns: draft.patterns,
      checkLink: draft.checkLink,
      channels: draft.channels
        .filter(({ type }) => type.family)
        .map((channel) => finishChannel({ ...channel, importFilter: channel.importFilter ?? ACCEPT_ALL })),
    };
  },
);

/** `on`, or `all` for routes that the kernel made itself too. */
const learn: ArgumentKind<ReturnType<typeof bool.parse> | undefined, boolean> = {
  parse: (cursor) => (cursor.acceptWord('all') ? undefined : bool.parse(cursor)),
  evaluate: (node, scope) => node === undefined || bool.evaluate(node, scope),
};

/** `merge paths on limit 8` */
const mergePaths: ArgumentKind<{ on: ReturnType<typeof bool.parse>; limit?: Expression }, undefined> = {
  parse(cursor) {
    const on = cursor.isWord('limit') ? { on: true } : bool.parse(cursor);
    return cursor.acceptWord('limit') ? { on, limit: pathLimit.parse(cursor) } : { on };
  },
  evaluate({ on, limit }, scope) {
    bool.evaluate(on, scope);
    if (limit) pathLimit.evaluate(limit, scope);
    return undefined;
  },
};
const pathLimit = bounded(1, 255, 'Merge paths limit must be in range 1-255');

const kernelOptions: Rule<HostDraft>[] = [
  accepted('persist', bool),
  accepted('scan time', number),
  accepted('learn', learn),
  accepted('graceful restart', bool),
  accepted('merge paths', mergePaths),
  accepted('kernel table', number),
  accepted('metric', number),
];

export const kernel = hostProtocol(
  'kernel',
  KERNEL_PREFERENCE,
  {
    rules: [
      ...kernelOptions,
      accepted('netlink rx buffer', number),
      ...channels(KERNEL_PREFERENCE, kernelChannelOptions),
    ],
    rules1: [...kernelOptions, accepted('device routes', bool)],
  },
  (draft, context) => {
    const channel = draft.channels[0];
    if (!channel) failAtEnd(context, 'Channel not specified', "add 'ipv4;' or 'ipv6;' to the protocol");
    const attached = context.attached.get(channel.table!);
    if (attached !== undefined) {
      failAtEnd(context, `Kernel syncer (${attached}) already attached to table ${channel.table!.name}`);
    }
    context.attached.set(channel.table!, draft.name);
    if (!draft.disabled) {
      context.warn(
        context.kindAt,
        "'protocol kernel' has no effect: Catbird reflects routes, it programs and learns none",
      );
    }
    return { kind: 'kernel', ...protocolBase(draft) };
  },
);
