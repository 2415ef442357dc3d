import { inline } from 'tidemark';
import { describeExecutor } from '../contract/executor-contract';
import { pools } from './support/pools';

describeExecutor('inline', inline);
describeExecutor('threads', pools.threads);
describeExecutor('processes', pools.processes);
