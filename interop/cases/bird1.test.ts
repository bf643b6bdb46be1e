import { BIRD1 } from '../lab/daemons/bird1.ts';
import { suite } from './suite.ts';

suite(BIRD1);
