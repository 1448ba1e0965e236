import type { ParallelBackend } from '../backend'
import type { BackendName, BackendOptions } from './options'

/** Makes the backend of a `Parallel` that names it. */
export type BackendFactory = (options: BackendOptions) => ParallelBackend

const builtIn: readonly BackendName[] = ['threads', 'sequential']
const registered = new Map<string, BackendFactory>()

/** What runs tasks when nobody says what. */
let usual = 'threads'

/** All names that `backend` may have now. */
export function backendNames(): readonly string[] {
  return [...builtIn, ...registered.keys()]
}

export function isBuiltIn(name: string): name is BackendName {
  return builtIn.some((one) => one === name)
}

/** Whether it is the name of a backend that is not one of ours. */
export function isRegistered(backend: unknown): backend is string {
  return typeof backend === 'string' && registered.has(backend)
}

/** How a backend is made that is not one of ours. */
export function factoryOf(name: string): BackendFactory | undefined {
  return registered.get(name)
}

/** @param isUsual whether it is what runs tasks from now on when nobody says what; as before when not given */
export function addBackend(name: string, factory: BackendFactory, isUsual: boolean | undefined): void {
  registered.set(name, factory)
  if (isUsual) usual = name
  else if (isUsual === false && usual === name) usual = 'threads'
}

/** For a call that names no backend. */
export function backendFor(nJobs: number, prefer: 'threads' | 'processes' | undefined): string {
  if (nJobs === 1) return 'sequential'
  return prefer === 'threads' ? 'threads' : usual
}

const methods = ['effectiveNJobs', 'open', 'submit', 'close'] as const

/** Why something is no backend, in words that follow what it is; `undefined` when it is one. */
export function whyNoBackend(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'which is no object'
  const missing = methods.find((method) => typeof (value as Partial<ParallelBackend>)[method] !== 'function')
  return missing && `which has no method ${missing}()`
}
