/** Protocols between their closing brace and the end of the text, where they are finished: symbols of the scope too. */
import { parseIpv6 } from '../../base/ip.ts';
import type { Value } from '../filter/values.ts';
import { ConfError } from './diagnostics.ts';
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './grammar/protocol.ts';
import type { Tokens } from './lexer.ts';
import type { AnyProtocolConfig } from './lowered.ts';
import type { Context, OptionNode } from './rules.ts';
import { TOKEN } from './token.ts';

type Grammar = ProtocolGrammar<ProtocolDraft>;

/** A protocol or template that is written out. */
export class WholeProtocol {
  readonly kind: 'protocol' | 'template';
  /** Its first token, and that of its kind. */
  readonly at: number;
  readonly kindAt: number;
  /** Token of the closing brace; unset until it is read. */
  end = -1;
  readonly grammar: Grammar;
  /** Kept where others repeat it. */
  options: readonly OptionNode<ProtocolDraft>[] = [];
  readonly #draft: ProtocolDraft;
  #config: AnyProtocolConfig | undefined;
  #repetitions: Repetitions | undefined;

  constructor(
    kind: 'protocol' | 'template',
    at: number,
    kindAt: number,
    grammar: Grammar,
    draft: ProtocolDraft,
  ) {
    this.kind = kind;
    this.at = at;
    this.kindAt = kindAt;
    this.grammar = grammar;
    this.#draft = draft;
  }

  get protocol(): string {
    return this.grammar.word;
  }

  /** For protocols that inherit from it. */
  draft(): ProtocolDraft {
    return this.#draft;
  }

  /** What it was finished as; undefined before that. */
  get config(): AnyProtocolConfig | undefined {
    return this.#config;
  }

  /** Throws `ConfError`. */
  finish(context: FinishContext): AnyProtocolConfig | undefined {
    this.#config = this.grammar.finish(this.#draft, context);
    return this.#config;
  }

  /**
   * What one that repeats it has of its own (`RepeatGrammar`). Throws `ConfError`.
   * @param slots the first of its tokens that stand in this one's slots
   */
  repeated(name: string, slots: number, tokens: Tokens, context: Context): unknown {
    const { identify, assume, forget } = this.grammar.repeats!;
    this.#repetitions ??= {
      scratch: { ...this.#draft },
      identity: identify(this.#draft),
      ...bindSlots(this.options, tokens.slotsOf(this.at)),
    };
    const { scratch, identity, options, constants } = this.#repetitions;
    assume(scratch, identity);
    scratch.name = name;
    constants.forEach((constant, i) => (constant.value = valueAt(tokens, slots + i)));
    for (const option of options) {
      forget(scratch, option.rule.words);
      option.rule.apply(scratch, option.argument, context, option);
    }
    return identify(scratch);
  }
}

/** What those that repeat a protocol start from. */
interface Repetitions {
  /** The protocol's own fields. */
  readonly identity: unknown;
  /** Takes the options of one repetition after the other. */
  readonly scratch: ProtocolDraft;
  /** Options that have slots. */
  readonly options: readonly OptionNode<ProtocolDraft>[];
  /** What is in the slots. */
  readonly constants: readonly { value: Value }[];
}

/** Finds the constants in the arguments of options that stand in slots. Throws `ConfError` where one is no constant. */
function bindSlots(
  all: readonly OptionNode<ProtocolDraft>[],
  slots: readonly number[],
): Pick<Repetitions, 'options' | 'constants'> {
  const options = all.filter(({ at, end }) => slots.some((slot) => at < slot && slot < end));
  const found = new Map<number, { value: Value }>();
  for (const { argument } of options) findConstants(argument, found);
  const constants = slots.map((slot) => {
    const constant = found.get(slot);
    if (!constant) throw new ConfError(slot, 'A block that others repeat has something else here');
    return constant;
  });
  return { options, constants };
}

function findConstants(node: unknown, found: Map<number, { value: Value }>): void {
  if (typeof node !== 'object' || node === null) return;
  const { kind, at } = node as { kind?: unknown; at?: unknown };
  if (kind === 'constant' && typeof at === 'number') found.set(at, node as { value: Value });
  else for (const part of Object.values(node)) findConstants(part, found);
}

/** What a text, a number or an address is as a constant. Throws `ConfError` where it is none. */
function valueAt(tokens: Tokens, at: number): Value {
  switch (tokens.kinds[at]) {
    case TOKEN.text:
      return tokens.text(at);
    case TOKEN.number: {
      const value = tokens.number(at);
      if (value > 0xffff_ffff) throw new ConfError(at, 'Number out of range');
      return value;
    }
    case TOKEN.ip4: {
      const word = tokens.ip4(at);
      if (word === undefined) throw new ConfError(at, `Invalid IPv4 address ${tokens.text(at)}`);
      return { version: 4, words: [word] };
    }
    default: {
      const words = parseIpv6(tokens.text(at));
      if (!words) throw new ConfError(at, `Invalid IPv6 address ${tokens.text(at)}`);
      return { version: 6, words };
    }
  }
}

/** A protocol that repeats another one (`repeats.ts`). */
export class RepeatedProtocol {
  readonly kind = 'protocol';
  readonly #at: number;
  readonly #whole: WholeProtocol;
  /** What it has of its own (`RepeatGrammar`). */
  readonly #identity: unknown;

  /** @param at the token that stands for it; what is reported there has the file read once more in full */
  constructor(whole: WholeProtocol, at: number, identity: unknown) {
    this.#whole = whole;
    this.#at = at;
    this.#identity = identity;
  }

  get kindAt(): number {
    return this.#at;
  }

  get end(): number {
    return this.#at;
  }

  get protocol(): string {
    return this.#whole.protocol;
  }

  draft(): ProtocolDraft {
    const draft = { ...this.#whole.draft() };
    this.#whole.grammar.repeats!.assume(draft, this.#identity);
    return draft;
  }

  /** Throws `ConfError`. */
  finish(context: FinishContext): AnyProtocolConfig | undefined {
    const { config, grammar } = this.#whole;
    const shared = config && grammar.repeats!.finish(this.#identity, this.#whole.draft(), config, context);
    return shared ?? grammar.finish(this.draft(), context);
  }
}

export type PendingProtocol = WholeProtocol | RepeatedProtocol;
