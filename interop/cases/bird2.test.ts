import { BIRD2 } from '../lab/daemons/bird2.ts';
import { suite } from './suite.ts';

suite(BIRD2);
