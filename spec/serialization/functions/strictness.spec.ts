import { runInThisContext } from 'node:vm'
import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { type Script, scriptById } from '../../../lib/serialization/functions/script'
import { strictAt } from '../../../lib/serialization/functions/strictness'
import { runProgram } from '../../support/program'

const scriptWith = (source: string, isModule = false) => ({ source, isModule, startLine: 0, startColumn: 0 }) as Script

/** Whether the place marked with `@` is strict. */
function isStrict(marked: string): boolean {
  const lines = marked.split('\n')
  const line = lines.findIndex((text) => text.includes('@'))
  return strictAt(scriptWith(marked.replace('@', ' ')), line, lines[line]?.indexOf('@') ?? 0)
}

describe('strictAt', () => {
  it.each([
    ['@f = () => 1', false],
    ['"use strict"; @f = () => 1', true],
    ["#!/usr/bin/env node\n// why\n/* not */\n'use strict'\n@f = () => 1", true],
    ['f = "use strict"; @g = () => 1', false],
    ['("use strict"); @g = () => 1', false],
    ['function f() { "use strict"; return @() => 1 }', true],
    ['function f() { "use strict" }\n@g = () => 1', false],
    ['const f = () => { "use strict"\n return @() => 1 }', true],
    ['class A {\n m() { return @() => 1 } }', true],
    ['x = class extends @f(() => 1) {}', true],
    ['class A {}\n@f = () => 1', false],
    // What Jest puts around a file
    ['({"Object.<anonymous>":function(module,exports){"use strict";\n@f = () => 1\n}});', true],
    ['({"Object.<anonymous>":function(module,exports){\n@f = () => 1\n}});', false],
    // Modules of Node may return, and await.
    ['if (x) return\nfunction f() { "use strict"; @x }', true],
    ['this is no JavaScript @', false],
  ])('of %s', (marked, expected) => {
    expect(isStrict(marked)).toBe(expected)
  })

  it('is told at once where many comments come first', () => {
    const bundled = '/******/ // ; ; ;\n'.repeat(1000)
    expect(isStrict(`${bundled}const f = () => @1`)).toBe(false)
    expect(isStrict(`#!/usr/bin/env node\n${bundled};'use strict';const f = () => @1`)).toBe(true)
  })

  it('holds in every ES module', () => {
    expect(strictAt(scriptWith('export const f = () => 1', true), 0, 17)).toBe(true)
  })

  it('agrees with V8 about functions that run', () => {
    const texts = ['() => {}', 'class A { static m = () => {} }; A.m', '(() => { "use strict"; return () => {} })()']
    const answers = texts.map((text) => {
      const { scriptId, line, column } = inspectFunction(runInThisContext(`1;${text}`))
      return strictAt(scriptById(scriptId ?? '') as Script, line, column)
    })
    expect(answers).toEqual([false, true, true])
  })

  it('sees CommonJS files as they are', async () => {
    const { stdout } = await runProgram({
      'main.cjs': `
        const { inspectFunction } = require('./node_modules/parfor/dist/serialization/functions/introspect.js')
        const { scriptById } = require('./node_modules/parfor/dist/serialization/functions/script.js')
        const { strictAt } = require('./node_modules/parfor/dist/serialization/functions/strictness.js')
        for (const fn of [() => 1, class { static m() {} }.m, require('./strict.cjs')]) {
          const { scriptId, line, column } = inspectFunction(fn)
          console.log(strictAt(scriptById(scriptId), line, column))
        }`,
      'strict.cjs': '"use strict"\nmodule.exports = () => 1',
    })
    expect(stdout).toBe('false\ntrue\ntrue\n')
  })
})
