/** Protocols between their closing brace and the end of the text, where they are finished: symbols of the scope too. */
import type { FinishContext, ProtocolDraft, ProtocolGrammar } from './grammar/protocol.ts';
import type { AnyProtocolConfig } from './lowered.ts';

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
  readonly #draft: ProtocolDraft;
  #config: AnyProtocolConfig | undefined;
  /** What those that repeat it start from: its own fields, and a draft that takes their options one after the other. */
  #repeats: { readonly identity: unknown; readonly scratch: ProtocolDraft } | undefined;

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

  /** Its draft, for the options of one that repeats it; used before the next one asks. */
  scratch(): ProtocolDraft {
    const { identify, assume } = this.grammar.repeats!;
    this.#repeats ??= { identity: identify(this.#draft), scratch: { ...this.#draft } };
    const { scratch, identity } = this.#repeats;
    assume(scratch, identity);
    return scratch;
  }
}

/** A protocol that repeats another one (`repeats.ts`). */
export class RepeatedProtocol {
  readonly kind = 'protocol';
  readonly kindAt: number;
  readonly end: number;
  readonly #whole: WholeProtocol;
  /** What it has of its own (`RepeatGrammar`). */
  readonly #identity: unknown;

  constructor(whole: WholeProtocol, kindAt: number, end: number, identity: unknown) {
    this.#whole = whole;
    this.kindAt = kindAt;
    this.end = end;
    this.#identity = identity;
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
