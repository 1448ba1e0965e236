import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { lookUp } from '../../../lib/serialization/functions/scopes'

const bindingOf = (name: string, fn: Function) => lookUp(name, inspectFunction(fn))

/** Sloppy code, which TypeScript does not write. */
const sloppy = (text: string): Function => new Function(text)() as Function

describe('lookUp', () => {
  it('finds a captured variable with its value and scope', () => {
    const captured = {}
    const binding = bindingOf('captured', () => captured)
    expect(binding).toMatchObject({ is: 'variable' })
    expect(binding?.is === 'variable' && binding.value).toBe(captured)
    expect(binding?.is === 'variable' && Reflect.get(binding.scope.object, 'captured')).toBe(captured)
  })

  it('finds the innermost of several', () => {
    const name = 'outer'
    const make = (name: string) => () => name
    expect(bindingOf('name', make('inner'))).toMatchObject({ value: 'inner' })
    expect(bindingOf('name', () => name)).toMatchObject({ value: 'outer' })
  })

  it('finds a variable that holds undefined', () => {
    const nothing = undefined
    expect(bindingOf('nothing', () => nothing)).toMatchObject({ is: 'variable', value: undefined })
  })

  it('finds properties of the global object, and not what it inherits', () => {
    Object.assign(globalThis, { addedByProgram: 7 })
    try {
      expect(bindingOf('addedByProgram', () => {})).toMatchObject({ is: 'global', value: 7, scope: { type: 'Global' } })
    } finally {
      Reflect.deleteProperty(globalThis, 'addedByProgram')
    }
    expect(bindingOf('addedByProgram', () => {})).toBeUndefined()
  })

  it('finds nothing where there is nothing', () => {
    expect(bindingOf('nowhere', () => {})).toBeUndefined()
  })

  it('finds what a with statement puts into scope', () => {
    const fn = sloppy(
      'var holder = Object.create({ inherited: 1 }); holder.own = 2; with (holder) { return () => inherited + own }',
    )
    expect(bindingOf('own', fn)).toMatchObject({ is: 'variable', value: 2 })
    expect(bindingOf('inherited', fn)).toMatchObject({ is: 'variable', value: 1 })
  })

  it('knows that the name of an enclosing function expression is hidden', () => {
    const alone = (function outer(): Function {
      return () => outer
    })()
    const withOthers = (function outer(other: number): Function {
      return () => [outer, other]
    })(1)
    expect(bindingOf('outer', alone)).toEqual({ is: 'hidden' })
    expect(bindingOf('outer', withOthers)).toEqual({ is: 'hidden' })
    expect(bindingOf('outer', () => 1)).toBeUndefined()
  })

  it('does see the name of an enclosing function declaration', () => {
    function outer() {
      return () => outer
    }
    expect(bindingOf('outer', outer())).toMatchObject({ is: 'variable', value: outer })
  })

  // V8 shows such a variable as undefined before Node 22.
  const [major] = process.versions.node.split('.').map(Number)
  it('tells a variable whose declaration has not run yet', () => {
    const early = () => late
    const binding = bindingOf('late', early)
    const late = 1
    expect(early()).toBe(1)
    expect(binding).toMatchObject((major ?? 0) >= 22 ? { is: 'uninitialised' } : { is: 'variable', value: undefined })
    expect(bindingOf('late', early)).toMatchObject({ is: 'variable', value: late })
  })
})
