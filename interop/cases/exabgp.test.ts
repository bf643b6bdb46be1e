import { EXABGP } from '../lab/daemons/exabgp.ts';
import { suite } from './suite.ts';

suite(EXABGP);
