/** The configuration as written: statements in order, positions as token indexes. */
import type { Net } from '../filter/nets.ts';
import type { Expression, FilterNode, FunctionNode } from '../filter/ast.ts';
import type { GlobalDraft } from './grammar/global.ts';
import type { LanguageNode } from './grammar/language.ts';
import type { ProtocolDraft, ProtocolGrammar } from './grammar/protocol.ts';
import type { TableDraft } from './grammar/table.ts';
import type { NetType } from './net-types.ts';
import type { OptionNode } from './rules.ts';

export interface NameNode {
  readonly name: string;
  readonly at: number;
}

export interface ProtocolNode {
  readonly kind: 'protocol';
  readonly at: number;
  /** Token of the kind of protocol. */
  readonly kindAt: number;
  readonly grammar: ProtocolGrammar<ProtocolDraft>;
  readonly template: boolean;
  readonly name?: NameNode;
  readonly from?: NameNode;
  readonly options: OptionNode<ProtocolDraft>[];
  /** Token of the closing brace; absent until it is read. */
  end?: number;
}

/** A protocol that repeats an earlier one (`repeats.ts`). */
export interface RepetitionNode {
  readonly kind: 'repetition';
  readonly at: number;
  /** First token of the protocol that it repeats. */
  readonly of: number;
  readonly name: NameNode;
  /** What it has in the slots of the other one: as many tokens, from this one on. */
  readonly slots: number;
}

export type StatementNode =
  | { readonly kind: 'global'; readonly option: OptionNode<GlobalDraft> }
  | { readonly kind: 'define'; readonly name: NameNode; readonly value: Expression }
  | { readonly kind: 'filter'; readonly filter: FilterNode }
  | { readonly kind: 'function'; readonly function: FunctionNode }
  | {
      readonly kind: 'table';
      readonly at: number;
      readonly name: NameNode;
      readonly net: NetType;
      readonly sorted: boolean;
      readonly options: readonly OptionNode<TableDraft>[];
      /** What BIRD 1.6 has in the definition of a `roa table`. */
      readonly origins?: readonly Net[];
    }
  | ProtocolNode
  | RepetitionNode
  | { readonly kind: 'language'; readonly statement: LanguageNode }
  /** Something that BIRD has and Catbird has not: an error at check time. */
  | { readonly kind: 'refused'; readonly at: number; readonly message: string; readonly hint: string };
