/**
 * Protocols that have nothing to do in a reflector: `device`, `direct` and `kernel`. It forwards no packets, so that
 * it needs no interfaces, announces no networks of its own links and programs no routes. The protocols are read
 * whole, and shown because scripts look for them.
 */
import type { Expression } from '../../filter/ast.ts';
import { address, bool, bounded, number, parseAddressExpression, prefix } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Cursor } from '../cursor.ts';
import { TOKEN } from '../lexer.ts';
import type { PassiveProtocolConfig } from '../lowered.ts';
import { PLAIN_CHANNELS } from '../net-types.ts';
import { accepted, noticed, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import {
  channelOwnerRules,
  channelRules,
  channelRules1,
  newChannel,
  onlyChannel,
  onlyChannelRules,
} from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { interfaceNames, interfacePatterns } from './interfaces.ts';
import { failAtEnd, newProtocol, protocolBase, protocolRules, protocolRules1 } from './protocol.ts';
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './protocol.ts';

/** BIRD's preferences of routes from links and from the kernel. */
const DIRECT_PREFERENCE = 240;
const KERNEL_PREFERENCE = 10;

interface PassiveDraft extends ProtocolDraft {
  channels: ChannelDraft[];
}

const passiveChannelOptions = new RuleTable<ChannelDraft>(channelRules<ChannelDraft>());

function channels(preference: number): Rule<PassiveDraft>[] {
  return channelOwnerRules<PassiveDraft, ChannelDraft>({
    types: PLAIN_CHANNELS,
    rules: passiveChannelOptions,
    anyType: true,
    create: (_owner, type, context) => newChannel(type, preference, context),
  });
}

/** What the three protocols have in common; each says its options and its notice. */
function passive(
  kind: PassiveProtocolConfig['kind'],
  preference: number,
  own: { rules: readonly Rule<PassiveDraft>[]; rules1: readonly Rule<PassiveDraft>[] },
  check: (draft: PassiveDraft, context: FinishContext) => void,
): ProtocolGrammar<PassiveDraft> {
  return {
    word: kind,
    defaultName: kind,
    rules: new RuleTable<PassiveDraft>([...protocolRules<PassiveDraft>(), ...own.rules]),
    rules1: new RuleTable<PassiveDraft>([
      ...protocolRules1<PassiveDraft>(),
      ...onlyChannelRules<PassiveDraft, ChannelDraft>(channelRules1()),
      ...own.rules1,
    ]),
    create: (debug, context) => ({
      ...newProtocol(debug),
      channels: onlyChannel(context, (type) => newChannel(type, preference, context)),
    }),
    copy: (draft) => ({
      ...draft,
      channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
    }),
    finish(draft, context) {
      check(draft, context);
      return { kind, ...protocolBase(draft) };
    },
  };
}

const preferredAddress = new RuleTable<object>([accepted('preferred', address)]);

/** `"eth*" { preferred 10.0.0.1; }` */
const deviceInterface: Rule<PassiveDraft> = {
  words: 'interface',
  parse(cursor) {
    const patterns = interfaceNames.parse(cursor);
    const options: OptionNode<object>[] = [];
    if (cursor.accept('{')) preferredAddress.parseBlock(cursor, options);
    return { patterns, options };
  },
  apply(_draft, argument, context, { at }) {
    const { patterns, options } = argument as {
      patterns: ReturnType<typeof interfaceNames.parse>;
      options: OptionNode<object>[];
    };
    interfaceNames.evaluate(patterns, context.scope);
    for (const node of options) node.rule.apply({}, node.argument, context, node);
    context.warn(at, "'interface' has no effect: set 'source address' in the protocols instead");
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

const scanTime = accepted<PassiveDraft, Expression, number>('scan time', number);
const primary = noticed<PassiveDraft, undefined, undefined>(
  'primary',
  primaryAddress,
  "set 'source address' in the protocols instead",
);

export const device = passive(
  'device',
  DIRECT_PREFERENCE,
  // The system tells of its interfaces when asked; nothing is scanned.
  { rules: [scanTime, deviceInterface, primary], rules1: [scanTime, primary] },
  () => undefined,
);

const directOptions: Rule<PassiveDraft>[] = [
  accepted('interface', interfacePatterns),
  accepted('check link', bool),
];

export const direct = passive(
  'direct',
  DIRECT_PREFERENCE,
  { rules: [...directOptions, ...channels(DIRECT_PREFERENCE)], rules1: directOptions },
  (draft, context) => {
    const has = (words: string): boolean => draft.channels.some(({ type }) => type.words === words);
    if (has('ipv6') && has('ipv6 sadr')) failAtEnd(context, 'Both ipv6 and ipv6-sadr channels');
    if (!draft.disabled) {
      context.warn(
        context.kindAt,
        "'protocol direct' has no effect: Catbird announces no networks of its own links; use 'protocol static'",
      );
    }
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

const kernelOptions: Rule<PassiveDraft>[] = [
  accepted('persist', bool),
  scanTime,
  accepted('learn', learn),
  accepted('graceful restart', bool),
  accepted('merge paths', mergePaths),
  accepted('kernel table', number),
  accepted('metric', number),
];

export const kernel = passive(
  'kernel',
  KERNEL_PREFERENCE,
  {
    rules: [...kernelOptions, accepted('netlink rx buffer', number), ...channels(KERNEL_PREFERENCE)],
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
  },
);
