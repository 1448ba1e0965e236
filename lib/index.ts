export { AsyncResult } from './async-result'
export type { BatchReport, OnOutcome, ParallelBackend } from './backend'
export { registerParallelBackend, shutdown } from './backends/registry'
export type { BackendFactory } from './config/backend-names'
export { effectiveNJobs } from './config/effective-n-jobs'
export type {
  AsyncOptions,
  BackendName,
  BackendOptions,
  CallOptions,
  MapOptions,
  OnError,
  OnProgress,
  OnWorkerEvent,
  ParallelOptions,
  PoolOptions,
  PreDispatch,
  Progress,
  ResourceLimits,
  ReturnAs,
  WorkerEvent,
} from './config/options'
export { type ParallelConfig, parallelConfig } from './config/parallel-config'
export type { TaskSource } from './dispatch/source'
export {
  BackendError,
  DisposedError,
  InitializerError,
  NestingError,
  ParforError,
  SerializationError,
  type Side,
  TaskError,
  type TaskInfo,
  TaskTimeoutError,
  TimeoutError,
  taskInfo,
  WorkerLostError,
} from './errors'
export { Manager } from './manager'
export type { ManagedDict, ManagedEntries, ManagedKey } from './manager/dict'
export type { ManagedList } from './manager/list'
export type { LockGuard, ManagedLock } from './manager/lock'
export type { ManagedQueue } from './manager/queue'
export type { ManagedValue } from './manager/value'
export { Parallel, type ParallelConstructor, type ResultOf, type ResultsOf, type Returned } from './parallel'
export { type Applied, type Items, type Mapped, Pool } from './pool'
export { registerByValue } from './serialization/registered'
export { shared, type TypedArray, type TypedArrayClass } from './shared-memory/shared'
export { cpuCount } from './system/cpu-count'
export { delayed } from './task/delayed'
export type { FunctionOptions } from './task/given'
export { type Arguments, type Kwargs, kwargs, type Named } from './task/kwargs'
export { type PartialFunction, partial } from './task/partial'
export type { BatchOfRows, Cell, Rows } from './task/rows'
export type { Batch, Call, NestedConfig, Outcome, Place, Task } from './task/task'
export { transfer } from './task/transfer'
