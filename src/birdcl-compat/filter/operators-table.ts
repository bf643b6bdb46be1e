/** What generated code calls. */
import { EMPTY_PATH } from './as-path.ts';
import * as compare from './compare.ts';
import * as constructors from './constructors.ts';
import { formatValue } from './format.ts';
import * as lists from './lists.ts';
import * as members from './net-members.ts';
import { netType } from './nets.ts';
import { FilterError } from './runtime-error.ts';
import { matchesText } from './text-pattern.ts';
import { aspaCheck, roaCheck } from './validation.ts';
import { EMPTY_LIST, maskIp } from './values.ts';

export const OPERATORS = {
  ...compare,
  ...constructors,
  ...lists,
  ...members,
  netType,
  matchesText,
  formatValue,
  aspaCheck,
  roaCheck,
  maskIp,
  FilterError,
  EMPTY_PATH,
  EMPTY_LIST,
};
