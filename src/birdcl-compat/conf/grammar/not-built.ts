/** Protocols of BIRD that Catbird has not: read whole, checked as BIRD does, and refused. */
import type { Context, Rule } from '../rules.ts';
import { RuleTable } from '../rules.ts';
import { channelOwnerRules, channelRules, newChannel } from './channel.ts';
import type { ChannelDraft } from './channel.ts';
import { failAtEnd, newProtocol, protocolRules } from './protocol.ts';
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './protocol.ts';
import type { ChannelType } from '../net-types.ts';

/** What BIRD's checks of these protocols ask for. */
export interface NotBuiltDraft extends ProtocolDraft {
  channels: ChannelDraft[];
  /** Options that were given. */
  given: Set<string>;
}

interface Kind {
  readonly word: string;
  /** Rows besides those of all protocols. */
  readonly rules: readonly Rule<NotBuiltDraft>[];
  /** Rows of BIRD 1.6, where it has the protocol. */
  readonly rules1?: readonly Rule<NotBuiltDraft>[];
  /** Options without which BIRD refuses the protocol, and its message. */
  readonly required?: readonly (readonly [option: string, message: string])[];
  readonly check?: (draft: NotBuiltDraft, context: FinishContext) => void;
  create?(context: Context): ChannelDraft[];
  /** BIRD checks templates of this kind as if they were protocols. */
  readonly checksTemplates?: true;
  readonly hint: string;
}

/** A row that notes that its option is given. */
export function noting<Node>(rule: Rule<NotBuiltDraft>, name = rule.words): Rule<NotBuiltDraft> {
  return {
    words: rule.words,
    parse: rule.parse,
    apply: (draft, node, context, place) => {
      rule.apply(draft, node as Node, context, place);
      draft.given.add(name);
    },
  };
}

const plainChannel = new RuleTable<ChannelDraft>(channelRules<ChannelDraft>());

/** Rows for the channels of such a protocol. */
export function plainChannels(types: readonly ChannelType[]): Rule<NotBuiltDraft>[] {
  return channelOwnerRules<NotBuiltDraft, ChannelDraft>({
    types,
    rules: plainChannel,
    anyType: true,
    create: (_owner, type, context) => newChannel(type, 0, context),
  });
}

export function notBuilt(kind: Kind): ProtocolGrammar<NotBuiltDraft> {
  return {
    word: kind.word,
    defaultName: kind.word,
    ...(kind.checksTemplates && { checksTemplates: true }),
    rules: new RuleTable<NotBuiltDraft>([...protocolRules<NotBuiltDraft>(), ...kind.rules]),
    ...(kind.rules1 && { rules1: new RuleTable<NotBuiltDraft>(kind.rules1) }),
    create: (debug, context) => ({
      ...newProtocol(debug),
      channels: kind.create?.(context) ?? [],
      given: new Set(),
    }),
    copy: (draft) => ({
      ...draft,
      channels: draft.channels.map((channel) => ({ ...channel, inherited: true })),
      given: new Set(draft.given),
    }),
    finish(draft, context) {
      for (const [option, message] of kind.required ?? []) {
        if (!draft.given.has(option)) failAtEnd(context, message);
      }
      kind.check?.(draft, context);
      if (!context.template) context.refuse(context.kindAt, `not built yet: ${kind.word}`, kind.hint);
      return undefined;
    },
  };
}
