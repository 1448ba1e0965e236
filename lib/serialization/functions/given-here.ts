import { SerializationError } from '../../errors'
import type { GivenParts } from '../../task/given'
import { type Captured, CaptureError, capture, closureOf, describe } from './capture'
import { codeOf } from './code'
import { reviveLate, uninitialized } from './revive'
import { lookUpShown } from './scopes'

/**
 * A function with the variables that are given to it, for tasks that are run in the calling thread. The others have
 * the values that they have now: the very objects, but what is assigned to a variable is not seen by other functions.
 * Where the values are those that the variables have, it is the function itself.
 *
 * @throws SerializationError when it cannot be made from its text
 */
export function makeHere(parts: GivenParts): (...args: unknown[]) => unknown {
  const fn: Function = parts.fn
  const captured: Captured = { ...capture(fn), given: parts }
  if (areAsTheyWere(captured, parts.captures ?? {})) return (...args) => Reflect.apply(fn, parts.this, args)
  const made = madeFrom(captured)
  const kept = ['length', 'name', 'prototype', 'arguments', 'caller']
  for (const key of Reflect.ownKeys(fn).filter((key) => typeof key === 'symbol' || !kept.includes(key)))
    Object.defineProperty(made, key, Object.getOwnPropertyDescriptor(fn, key) as PropertyDescriptor)
  return (...args) => Reflect.apply(made, parts.this, args)
}

function areAsTheyWere({ details }: Captured, captures: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(captures).every(([name, value]) => {
    const binding = lookUpShown(name, details)
    return binding?.is === 'variable' && Object.is(binding.value, value)
  })
}

function madeFrom(captured: Captured): Function {
  const closure = closureOrExplain(captured)
  const { variables, self, args = [] } = closure
  const code = codeOf(captured, closure, {
    variables: variables.map(({ free }) => free.name),
    cells: new Set(variables.filter(({ isInitialized }) => !isInitialized).map(({ free }) => free.name)),
    hasHeritage: false,
    computedKeys: [],
    name: captured.fn.name,
  })
  const values = variables.map(({ isInitialized, value, free }) => (isInitialized ? value : uninitialized(free.name)))
  const { bind, make } = reviveLate(code, values)
  const made = make(self, args) as Function
  // It calls itself, and not the one without these variables.
  for (const [n, value] of values.entries()) if (value === captured.fn) bind(n, made)
  return made
}

function closureOrExplain(captured: Captured) {
  try {
    return closureOf(captured)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    const { message, remedy, variable } = error
    const what = variable === undefined ? describe(captured) : `variable "${variable}" of ${describe(captured)}`
    throw new SerializationError(`Cannot give captures to ${what}: ${message}. ${remedy}`, {
      side: 'task',
      path: variable ?? 'captures',
    })
  }
}
