export type { SuiteOptions, TestFunctions } from '../testing/describe-behaviours';
export type { ExecutorBehaviour } from '../testing/executor-behaviours';
export { describeExecutor, type ExecutorSuiteOptions, executorTasks } from '../testing/executor-suite';
export type { LeaseBehaviour } from '../testing/lease-behaviours';
export { describeLeases, type OpenedLeases } from '../testing/lease-suite';
export type { StoreBehaviour, StoreUnderTest } from '../testing/store-behaviours';
export { describeStore } from '../testing/store-suite';
