import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { workerEntry } from '../../lib/backends/worker-entry'
import { makeFolder, removeFolder, root, runNode, runProgram } from '../support/program'

const built = join(root, 'dist/backends/worker-entry.js')

it('finds the built worker program from the source', () => {
  const entry = workerEntry()
  expect('file' in entry && existsSync(entry.file)).toBe(true)
})

it('finds it from the built library', async () => {
  const program = `console.log(JSON.stringify(require(${JSON.stringify(built)}).workerEntry()))`
  const { stdout } = await runProgram({ 'main.cjs': program })
  expect(JSON.parse(stdout)).toEqual({ file: join(root, 'dist/parfor.worker.cjs') })
})

it.each([
  ['CommonJS', 'out.cjs', []],
  // What the built library requires of Node is not there in an ES module.
  [
    'an ES module',
    'out.mjs',
    ["--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"],
  ],
])('has the text of the program when a bundler left our files behind: %s', async (_, out, flags) => {
  const folder = await makeFolder({
    'main.mjs': `
      import { Worker } from 'node:worker_threads'
      import { workerEntry } from ${JSON.stringify(built)}
      const worker = new Worker(workerEntry().source, { eval: true })
      worker.once('error', (error) => { throw error })
      worker.once('online', () => { console.log('runs'); void worker.terminate() })`,
  })
  try {
    const esbuild = join(root, 'node_modules/esbuild/bin/esbuild')
    const target = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${out}`]
    execFileSync(esbuild, ['main.mjs', ...target, `--format=${out.slice(4).replace('mjs', 'esm')}`, ...flags], {
      cwd: folder,
    })
    expect(await runNode(folder, [out])).toEqual({ code: 0, signal: null, stdout: 'runs\n', stderr: '' })
  } finally {
    await removeFolder(folder)
  }
})
