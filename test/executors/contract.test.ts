import { inline } from 'tidemark';
import { describeExecutor } from 'tidemark/testing';
import { pools } from './support/pools';

describeExecutor('inline', inline);
describeExecutor('threads', pools.threads);
describeExecutor('processes', pools.processes);
