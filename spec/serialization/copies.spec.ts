import { runProgram } from '../support/program'

/** What a program of 20 tasks prints as warnings. */
async function warnings(setup: string, task: string): Promise<string> {
  const { stderr, stdout } = await runProgram({
    'main.mjs': `
      import { delayed, Parallel } from 'parfor'
      ${setup}
      const results = await Parallel({ nJobs: 1, backend: 'threads' })(function* () {
        for (let n = 0; n < 20; n++) yield ${task}
      })
      console.log(results.length)`,
  })
  expect(stdout).toBe('20\n')
  return stderr
}

const large = 'const large = new Float64Array(2_000_000)'

describe('a program is warned', () => {
  it('when each task has a closure of its own that takes much along, once', async () => {
    const warned = await warnings(large, 'delayed(() => large[n])()')
    expect(warned.match(/ParforWarning/g)).toHaveLength(1)
    expect(warned).toMatch(
      /function \(main\.mjs:5:\d+\) was made 10 times in one call .* 160 MB so far\. Write delayed/,
    )
  })

  it.each([
    ['of one function for all tasks', `${large}; const read = (n) => large[n]`, 'delayed(read)(n)'],
    ['of small closures', 'const small = new Float64Array(100)', 'delayed(() => small[n])()'],
    ['of shared memory', 'const large = new Float64Array(new SharedArrayBuffer(16e6))', 'delayed(() => large[n])()'],
  ])('not %s', async (_, setup, task) => {
    expect(await warnings(setup, task)).toBe('')
  })
})
