/** What all protocols share, and how a kind of protocol describes itself to parser and lowering. */
import { bool, debugFlags, flags, identifier, text } from '../arguments.ts';
import { LOGGED_FLAGS } from '../lowered.ts';
import type { AnyProtocolConfig, DebugFlags } from '../lowered.ts';
import { field, option, refused } from '../rules.ts';
import type { Context, Rule, RuleTable } from '../rules.ts';

export interface ProtocolDraft {
  name: string;
  disabled: boolean;
  description: string | undefined;
  debug: DebugFlags;
  /** Undefined: the daemon's. */
  routerId: number | undefined;
}

/** What `finish` needs besides the draft. */
export interface FinishContext extends Context {
  /** The daemon's router ID. */
  readonly routerId: number;
  /** Token of the closing brace, where BIRD reports what does not fit together. */
  readonly end: number;
  /** The daemon's host name, for capabilities. */
  readonly hostname: string;
}

export interface ProtocolGrammar<Draft extends ProtocolDraft> {
  /** Keyword behind `protocol` and `template`. */
  readonly word: string;
  /** Names of protocols without one are this and a number. */
  readonly defaultName: string;
  readonly rules: RuleTable<Draft>;
  create(debug: DebugFlags, context: Context): Draft;
  /** The draft of a protocol that inherits; undefined where this kind cannot. */
  copy?(draft: Draft): Draft;
  /** Checks what options mean together. */
  finish(draft: Draft, context: FinishContext): AnyProtocolConfig;
}

/** Says which of the flags log nothing. */
export function warnOfFlags(flags: DebugFlags, context: Context, at: number): void {
  const silent = [...flags].filter((flag) => !LOGGED_FLAGS.has(flag));
  if (silent.length === 0) return;
  const logged = [...LOGGED_FLAGS].join(', ');
  context.warn(at, `'debug' logs ${logged}; nothing is logged yet for ${silent.join(', ')}`);
}

export function protocolRules<Draft extends ProtocolDraft>(): Rule<Draft>[] {
  return [
    field<Draft, 'disabled', unknown>('disabled', bool as never, 'disabled'),
    option('debug', debugFlags, (draft: Draft, value, context, at) => {
      draft.debug = value;
      warnOfFlags(value, context, at);
    }),
    option('router id', identifier, (draft: Draft, value) => (draft.routerId = value)),
    option('description', text, (draft: Draft, value) => (draft.description = value)),
    refused(
      'mrtdump',
      flags(['states', 'messages'], true),
      'Catbird writes no MRT dumps yet',
      (value) => value.size === 0,
    ),
    refused('vrf', text, 'Catbird does not bind protocols to a VRF yet'),
    { words: 'vrf default', parse: () => undefined, apply: () => undefined },
  ];
}

export function newProtocol(debug: DebugFlags): ProtocolDraft {
  return { name: '', disabled: false, description: undefined, debug, routerId: undefined };
}
