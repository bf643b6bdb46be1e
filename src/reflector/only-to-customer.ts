/** RFC 9234: the Only to Customer attribute, which keeps routes from leaking upwards. */
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../rib/attrs/edit.ts';
import { HAS, NO_ATTRS, type AttrStore } from '../rib/attrs/store.ts';
import { ROLE, type Role } from '../speaker/wire/iana.ts';

/** What a role of this side does with the attribute: a row for each side of section 5's procedures. */
export interface RoleRules {
  /** Routes that come with it: leaks, leaks unless the AS is the neighbour's, or fine. */
  readonly receivedWith: 'leak' | 'leak of others' | 'fine';
  /** Routes that come without it are given it, with the neighbour's AS. */
  readonly marksReceived: boolean;
  /** Routes that have it are not sent. */
  readonly keepsBack: boolean;
  /** Routes that are sent without it are given it, with the own AS. */
  readonly marksSent: boolean;
}

const UPSTREAM: RoleRules = { receivedWith: 'leak', marksReceived: false, keepsBack: false, marksSent: true };
const DOWNSTREAM: RoleRules = {
  receivedWith: 'fine',
  marksReceived: true,
  keepsBack: true,
  marksSent: false,
};

export const ROLE_RULES: Readonly<Record<Role, RoleRules>> = {
  [ROLE.provider]: UPSTREAM,
  [ROLE.rsServer]: UPSTREAM,
  [ROLE.customer]: DOWNSTREAM,
  [ROLE.rsClient]: DOWNSTREAM,
  [ROLE.peer]: { receivedWith: 'leak of others', marksReceived: true, keepsBack: true, marksSent: true },
};

/** The procedures for what one neighbour sends. */
export class OnlyToCustomer {
  readonly #store: AttrStore;
  readonly #editor: AttrEditor;
  readonly #rules: RoleRules;
  readonly #remoteAs: number;

  constructor(store: AttrStore, role: Role, remoteAs: number) {
    this.#store = store;
    this.#editor = new AttrEditor(store);
    this.#rules = ROLE_RULES[role];
    this.#remoteAs = remoteAs;
  }

  /** What is wrong with attributes that `received` took for a leak. */
  describeLeak(attrs: number): string {
    const as = this.#store.onlyToCustomer(attrs);
    const { receivedWith } = this.#rules;
    return receivedWith === 'leak'
      ? `Route leak detected - OTC attribute from downstream (${as})`
      : `Route leak detected - OTC attribute with mismatched ASN (${as})`;
  }

  /** Attributes that came, as they are to be taken; `NO_ATTRS` for a leak. Asked once an UPDATE. */
  received(attrs: number): number {
    const { receivedWith, marksReceived } = this.#rules;
    if ((this.#store.flags[attrs]! & HAS.onlyToCustomer) === 0)
      return marksReceived ? withOnlyToCustomer(this.#editor, attrs, this.#remoteAs) : attrs;
    const leaks =
      receivedWith === 'leak' ||
      (receivedWith === 'leak of others' && this.#store.onlyToCustomer(attrs) !== this.#remoteAs);
    return leaks ? NO_ATTRS : attrs;
  }
}

function withOnlyToCustomer(editor: AttrEditor, attrs: number, as: number): number {
  return setOnlyToCustomer(editor.edit(attrs), as).commit();
}

/** Marks what is being edited with an AS. */
export function setOnlyToCustomer(editor: AttrEditor, as: number): AttrEditor {
  return editor.set(ATTR.onlyToCustomer, FLAG.optional | FLAG.transitive, u32Bytes(as));
}
