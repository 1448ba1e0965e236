import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { link, makeFolder, removeFolder, root, runNode } from '../../support/program'

let folder: string
beforeEach(async () => {
  folder = await realpath(await makeFolder(files))
  await link(root, join(folder, 'node_modules/parfor'))
})
afterEach(() => removeFolder(folder))

const print = "console.log(require('./node_modules/parfor/dist/serialization/functions/entry.js').entryPath())"
const files = {
  'main.js': print,
  'main.mjs': `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); ${print}`,
  'shift.js': `process.argv.splice(0, 2); ${print}`,
  'package.json': '{ "main": "main.js" }',
  'thread.cjs': "new (require('node:worker_threads').Worker)('./main.js')",
  'ours.cjs': `new (require('node:worker_threads').Worker)('./main.js', {
    workerData: { parfor: { entry: require('node:path').resolve('thread.cjs') } } })`,
}

describe('entryPath', () => {
  it.each([
    ['a file', ['main.js'], 'main.js'],
    ['an ES module', ['main.mjs'], 'main.mjs'],
    ['a file without its extension', ['main'], 'main.js'],
    ['a folder', ['.'], 'main.js'],
    ['a program that has shifted its arguments', ['shift.js'], 'shift.js'],
    ['a file behind options, with arguments', ['--no-warnings', 'main.js', 'other.js'], 'main.js'],
    ['a thread that the program made', ['thread.cjs'], 'main.js'],
    ['one of our own workers: the program that started it', ['ours.cjs'], 'thread.cjs'],
  ])('is that of %s', async (_, args, expected) => {
    const { stdout, stderr } = await runNode(folder, args)
    expect(stderr).toBe('')
    expect(stdout).toBe(`${join(folder, expected)}\n`)
  })

  it('is empty for a program that is no file', async () => {
    expect(await runNode(folder, ['-e', print])).toMatchObject({ stdout: '\n', stderr: '' })
  })
})
