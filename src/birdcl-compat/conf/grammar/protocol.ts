/** What all protocols share, and how a kind of protocol describes itself to parser and lowering. */
import type { IpAddress } from '../../../base/ip.ts';
import type { AssertHook } from '../../filter/run.ts';
import { bool, debugFlags, identifier, mrtdumpFlags, text, time } from '../arguments.ts';
import { ConfError } from '../diagnostics.ts';
import type { Dialect } from '../dialect.ts';
import { LOGGED_FLAGS } from '../lowered.ts';
import type { AnyProtocolConfig, AnyTableConfig, DebugFlags, MrtdumpFlags } from '../lowered.ts';
import { field, noticed, option, refused } from '../rules.ts';
import type { Context, Rule, RuleTable } from '../rules.ts';

export interface ProtocolDraft {
  name: string;
  disabled: boolean;
  description: string | undefined;
  debug: DebugFlags;
  /** Of protocols other than BGP nothing is dumped, here as in BIRD. */
  mrtdump: MrtdumpFlags;
  /** Undefined: the daemon's. */
  routerId: number | undefined;
  /** Instead of the daemon's, in what the protocol tells neighbours. */
  hostname?: string;
}

/** What `finish` needs besides the draft. */
export interface FinishContext extends Context {
  /** The daemon's router ID. */
  readonly routerId: number;
  /** A template, which is checked and not run. */
  readonly template: boolean;
  /** Token of the protocol's kind, for what concerns the protocol as a whole. */
  readonly kindAt: number;
  /** Token of the closing brace, where BIRD reports what does not fit together. */
  readonly end: number;
  /** The daemon's host name, for capabilities. */
  readonly hostname: string;
  /** Takes the outcome of `bt_assert` while the configuration's tests run. */
  readonly assertHook: AssertHook | undefined;
  /** `listen bgp` of BIRD 1.6. */
  readonly listen: { readonly address?: IpAddress; readonly port?: number };
  /** Tables that have a kernel protocol, with its name: BIRD allows one each. */
  readonly attached: Map<AnyTableConfig, string>;
}

/**
 * What a protocol that repeats another one (`repeats.ts`) has of its own: the fields that varying options set. With
 * thousands of them, all else is shared.
 */
export interface RepeatGrammar<Draft extends ProtocolDraft, Identity> {
  /** The fields of a draft. */
  identify(draft: Draft): Identity;
  /** Puts them into a draft. */
  assume(draft: Draft, identity: Identity): void;
  /** Readies a draft that has another protocol's fields for an option of its own. */
  forget(draft: Draft, option: string): void;
  /**
   * The finished configuration, with as much of that of `repeated` as is the same; undefined where it has to be
   * finished for itself.
   */
  finish(
    identity: Identity,
    repeated: Draft,
    config: AnyProtocolConfig,
    context: FinishContext,
  ): AnyProtocolConfig | undefined;
}

export interface ProtocolGrammar<Draft extends ProtocolDraft, Identity = unknown> {
  /** Keyword behind `protocol` and `template`. */
  readonly word: string;
  /** Names of protocols without one are this and a number. */
  readonly defaultName: string;
  readonly rules: RuleTable<Draft>;
  /** Options in BIRD 1.6; absent where it has no such protocol. */
  readonly rules1?: RuleTable<Draft>;
  create(debug: DebugFlags, context: Context): Draft;
  /** The draft of a protocol that inherits; undefined where this kind cannot. */
  copy?(draft: Draft): Draft;
  /** How protocols are read that repeat another one; undefined where this kind cannot be repeated. */
  readonly repeats?: RepeatGrammar<Draft, Identity>;
  /** BIRD checks templates of this kind as if they were protocols. */
  readonly checksTemplates?: true;
  /**
   * Checks what options mean together. Undefined for a protocol that nothing runs: one that is not built yet, which
   * it reports.
   */
  finish(draft: Draft, context: FinishContext): AnyProtocolConfig | undefined;
}

/** The options of a kind of protocol in a dialect. */
export function rulesFor<Draft extends ProtocolDraft>(
  grammar: ProtocolGrammar<Draft>,
  dialect: Dialect,
): RuleTable<Draft> | undefined {
  return dialect.version === 1 ? grammar.rules1 : grammar.rules;
}

/** Says which of the flags log nothing. */
export function warnOfFlags(flags: DebugFlags, context: Context, at: number): void {
  const silent = [...flags].filter((flag) => !LOGGED_FLAGS.has(flag));
  if (silent.length === 0) return;
  const logged = [...LOGGED_FLAGS].join(', ');
  context.warn(at, `'debug' logs ${logged}; nothing is logged yet for ${silent.join(', ')}`);
}

/** Options of every protocol of BIRD 1.6, besides those of its channel. */
export function protocolRules1<Draft extends ProtocolDraft>(): Rule<Draft>[] {
  return [
    field<Draft, 'disabled', unknown>('disabled', bool as never, 'disabled'),
    option('debug', debugFlags, (draft: Draft, value, context, at) => {
      draft.debug = value;
      warnOfFlags(value, context, at);
    }),
    option('router id', identifier, (draft: Draft, value) => (draft.routerId = value)),
    option('description', text, (draft: Draft, value) => (draft.description = value)),
    option('mrtdump', mrtdumpFlags, (draft: Draft, value) => (draft.mrtdump = value)),
    refused('vrf', text, 'Catbird does not bind protocols to a VRF yet'),
    { words: 'vrf default', parse: () => undefined, apply: () => undefined },
  ];
}

/** Options of every protocol of BIRD 2 and 3. */
export function protocolRules<Draft extends ProtocolDraft>(): Rule<Draft>[] {
  return [
    ...protocolRules1<Draft>(),
    option('hostname', text, (draft, value) => (draft.hostname = value)),
    noticed('restart time', time, 'it limits how often protocols of BIRD 3 restart'),
    threadGroup('thread group'),
  ];
}

/** BIRD 3 spreads protocols over threads; Catbird has one. */
export function threadGroup<Target>(words: string): Rule<Target> {
  return {
    words,
    parse: (cursor) => cursor.name('the name of a thread group'),
    apply: (_target, _node, context, { at }) =>
      context.warn(at, `'${words}' has no effect: Catbird routes on one thread`),
  };
}

export function newProtocol(debug: DebugFlags): ProtocolDraft {
  return {
    name: '',
    disabled: false,
    description: undefined,
    debug,
    mrtdump: new Set(),
    routerId: undefined,
  };
}

/** What every lowered protocol has. */
export function protocolBase({ name, disabled, description, debug }: ProtocolDraft): {
  name: string;
  disabled: boolean;
  description?: string;
  debug: DebugFlags;
} {
  return { name, disabled, ...(description === undefined ? {} : { description }), debug };
}

/** Fails at the closing brace, where BIRD finds what is missing. */
export function failAtEnd(context: FinishContext, message: string, hint?: string): never {
  throw new ConfError(context.end, message, hint);
}
