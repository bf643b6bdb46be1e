import { GOBGP } from '../lab/daemons/gobgp.ts';
import { suite } from './suite.ts';

suite(GOBGP);
