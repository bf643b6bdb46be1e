import { FRR } from '../lab/daemons/frr.ts';
import { suite } from './suite.ts';

suite(FRR);
