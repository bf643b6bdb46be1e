import { OPENBGPD } from '../lab/daemons/openbgpd.ts';
import { suite } from './suite.ts';

suite(OPENBGPD);
