// Programs at random: functions of all kinds over variables that they share, read and write.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { delayed, Parallel } from '../../lib'

/** What a function may use where it stands. All of them are called with one argument, `p`. */
interface Names {
  readonly variables: readonly string[]
  readonly constants: readonly string[]
  /** How functions are called: `f`, `o.m`, `new C(1).m`. */
  readonly callees: readonly string[]
}

const variables = ['a', 'b', 'c']
const constants = ['list', 'map', 'text']
const callees = ['declared', 'arrow', 'expression', 'object.method', 'Class.make', 'new Class(1).method', 'made[0].add']
const names: Names = { variables, constants, callees }
const inFactory: Names = { ...names, variables: ['own', 'id', ...variables] }
const inLoop: Names = { ...names, variables: ['i', 'a', 'b'] }
/** Of a class that shares nothing but itself. */
const alone: Names = { variables: ['p'], constants: ['text'], callees: [] }

/** An expression. It ends: each call takes from `fuel`, which all functions share. */
function expression(uses: Names): fc.Arbitrary<string> {
  const any = (list: readonly string[]) => fc.constantFrom(...list)
  return fc.letrec<{ e: string }>((tie) => {
    const e = tie('e')
    const shared = (e: fc.Arbitrary<string>) => [
      fc.tuple(any(uses.callees), e).map(([callee, value]) => `(fuel-- > 0 ? ${callee}(${value}) : -1)`),
      e.map((value) => `(list.push(${value}), list.length)`),
      e.map((value) => `(map.set('k', ${value}), [...map.keys()])`),
    ]
    const both = (write: (left: string, right: string) => string) => fc.tuple(e, e).map(([l, r]) => write(l, r))
    return {
      e: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(
          fc.constant('p'),
          fc.integer({ min: -9, max: 9 }).map(String),
          any(uses.variables),
          any(uses.constants),
        ),
        both((l, r) => `(${l} + ${r})`),
        both((l, r) => `[${l}, ${r}]`),
        both((l, r) => `(${l} ? ${r} : 0)`),
        both((l, r) => `((p, q = ${l}) => { let a = ${r}; return [p, q, a, a = p] })(${l})`),
        both((l, r) => `(({ x, ...c }) => [x, c, ${l}])({ x: 1, y: ${r} })`),
        fc.tuple(any(uses.variables), e).map(([name, value]) => `(${name} = ${value})`),
        fc
          .tuple(any(uses.variables), e)
          .map(([name, value]) => `((v) => { try { throw v } catch (${name}) { return [${name}] } })(${value})`),
        any(uses.variables).map((name) => `${name}++`),
        any(uses.variables).map((name) => `typeof ${name}`),
        any(uses.variables).map((name) => `((text) => \`\${text}-\${${name}}\`)('t')`),
        e.map((value) => `[...(function* (b) { yield ${value}; yield b })(1)]`),
        ...(uses === alone ? [] : shared(e)),
      ),
    }
  }).e
}

/** @param inClass what its methods may use */
const program = (inClass: Names) =>
  fc
    .record({
      declared: expression(names),
      arrow: expression(names),
      value: expression({ ...names, callees: ['declared'] }),
      expression: expression({ ...names, callees: ['named', ...callees] }),
      later: expression(names),
      method: expression({ ...names, callees: ['this.other', ...callees] }),
      other: expression(names),
      classMethod: expression(inClass),
      field: expression(inClass),
      make: expression(inClass),
      add: expression(inFactory),
      get: expression(inFactory),
      loop: expression(inLoop),
      initial: fc.array(fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null)), {
        minLength: 3,
        maxLength: 3,
      }),
    })
    .map(
      (of) => `
let fuel = 12
let [a, b, c] = ${JSON.stringify(of.initial)}
const list = [1], map = new Map([['m', 2]]), text = 'constant'
function declared(p) { return ${of.declared} }
const arrow = (p, q = ${of.value}) => [${of.arrow}, q]
const expression = function named(p) { return ${of.expression} }
const later = async (p) => { await null; return ${of.later} }
const object = { kept: 1, method(p) { this.kept++; return [this.kept, ${of.method}] }, other: (p) => ${of.other} }
class Class {
  static count = 0
  #hidden = ((p) => ${of.field})(1)
  constructor(p) { this.p = p; Class.count++ }
  method(p) { return [this.p, this.#hidden, ${of.classMethod}] }
  static make(p) { return [Class.count++, ${of.make}] }
}
const factory = (id) => {
  let own = [id]
  return { add: (p) => [id, own, ${of.add}], get: (p) => [own, ${of.get}] }
}
const made = [factory(10), factory(20)]
const loop = []
for (let i = 0; i < 2; i++) loop.push((p) => [i, ${of.loop}])
return [declared, arrow, expression, later, (p) => object.method(p), (p) => new Class(p).method(p), Class.make,
  made[0].add, made[0].get, made[1].add, made[1].get, ...loop, () => [fuel, a, b, c, list, [...map], object.kept]]`,
    )

type AnyFunction = (p: unknown) => unknown
/** Which of the functions, and what with. */
type Calls = readonly (readonly [number, unknown])[]

const build = (text: string) => new Function(text)() as AnyFunction[]

/** What each call gives, or throws; the last function tells the state behind them all. */
async function outcomes(fns: readonly AnyFunction[], calls: Calls) {
  const all: unknown[] = []
  for (const [n, p] of [...calls, [fns.length - 1, null] as const])
    try {
      all.push(await fns[n % fns.length]?.(p))
    } catch (error) {
      all.push(String(error))
    }
  return all.map((value) => inspect(value, { depth: null }))
}

describe('functions at random that share variables', () => {
  const parallel = Parallel({ nJobs: 1, backend: 'threads' })
  afterAll(() => parallel.close())

  it.each([
    {
      way: 'captured by a task',
      inClass: names,
      task: (fns: AnyFunction[], calls: Calls) => delayed(() => outcomes(fns, calls))(),
    },
    {
      // A class goes apart from the arguments: it is the same for all tasks.
      way: 'as arguments of a task',
      inClass: alone,
      task: (fns: AnyFunction[], calls: Calls) => delayed(outcomes)(fns, calls),
    },
  ])(
    'do in a worker what they do at home: $way',
    async ({ task, inClass }) => {
      const call = fc.tuple(fc.nat({ max: 50 }), fc.constantFrom<unknown>(0, 1, 'p', [2]))
      await fc.assert(
        fc.asyncProperty(program(inClass), fc.array(call, { maxLength: 8 }), async (text, calls) => {
          const [away] = await parallel([task(build(text), calls)])
          expect(away).toEqual(await outcomes(build(text), calls))
        }),
        { numRuns: 50 },
      )
    },
    120_000,
  )
})
