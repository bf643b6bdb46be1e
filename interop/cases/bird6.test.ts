import { BIRD1_IPV6 } from '../lab/daemons/bird1.ts';
import { suite } from './suite.ts';

suite(BIRD1_IPV6);
