// The programs in docs/examples, run small, as a user runs them: by ts-node, against the built package.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(__dirname, '../..')
const tsNode = require.resolve('ts-node/dist/bin.js')

interface Run {
  readonly lines: string[]
  readonly errorLines: string[]
  /** Temporary files that the program left behind. */
  readonly left: string[]
  /** The text of a file that the program left behind. */
  file(name: string): string
}

/** Runs a program to its end, in a directory of its own. */
async function run(program: string, ...args: string[]): Promise<Run> {
  const cwd = mkdtempSync(join(tmpdir(), 'program-'))
  directories.push(cwd)
  const command = [tsNode, '-T', join(root, 'docs/examples', program), ...args]
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd, env, timeout: 60_000 })
  return {
    lines: stdout.trimEnd().split('\n'),
    errorLines: stderr.trimEnd().split('\n'),
    left: readdirSync(temporary).filter((name) => !name.startsWith('v8-compile-cache')),
    file: (name) => readFileSync(join(cwd, name), 'utf8'),
  }
}
const temporary = mkdtempSync(join(tmpdir(), 'programs-'))
const directories = [temporary]
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const seconds = (label: string) => expect.stringMatching(new RegExp(`^${label}: +\\d+\\.\\d{3} s$`))
/** What every program prints about the two runs. `compare` fails the program when their results differ. */
const comparison = [
  seconds('serial'),
  seconds('parallel'),
  expect.stringMatching(/^ratio: +\d+\.\d\d$/),
  'results:  identical',
]

jest.setTimeout(90_000)

describe.each([
  ['on all CPUs', []],
  ['with --serial', ['--serial']],
])('%s', (_, flags) => {
  it('circular-law draws a disc', async () => {
    const { lines, errorLines, file } = await run('circular-law.ts', '--matrices', '24', '--size', '50', ...flags)
    expect(lines.slice(0, 4)).toEqual(comparison)
    expect(lines[4]).toMatch(/^1200 eigenvalues, (9[5-9]|100)\.\d % of them within 1\.05 of the origin$/)
    expect(lines[5]).toMatch(/^drawn to .*circular-law\.svg$/)

    // No terminal: a line at each quarter of either run.
    const done = errorLines.map((line) => line.replace(/, \d+\.\d s$/, ''))
    const quarters = [6, 12, 18, 24].map((n) => `${n} of 24 matrices`)
    expect(done).toEqual([...quarters.map((q) => `serial:   ${q}`), ...quarters.map((q) => `parallel: ${q}`)])

    const elements = wellFormed(file('circular-law.svg'))
    const circle = elements.find(({ name }) => name === 'circle')
    const [cx, cy, r] = ['cx', 'cy', 'r'].map((key) => Number(circle?.attributes[key])) as [number, number, number]
    const hexagons = elements.filter(({ name }) => name === 'use')
    const distances = hexagons.map(({ attributes: { x, y } }) => Math.hypot(Number(x) - cx, Number(y) - cy) / r)
    expect(distances.filter((d) => d < 1.05).length / distances.length).toBeGreaterThan(0.85)
    // A disc, not a ring or a dot: a disc has a quarter of its area within half its radius.
    const inner = distances.filter((d) => d < 0.5).length / distances.filter((d) => d < 1).length
    expect(inner).toBeGreaterThan(0.15)
    expect(inner).toBeLessThan(0.4)
  })

  it('factorials counts digits', async () => {
    const { lines } = await run('factorials.ts', '--size', '1000', ...flags)
    expect(lines.slice(0, 4)).toEqual(comparison)
    expect(lines).toHaveLength(4 + 15)
    expect(lines).toContain('1000! has 2568 digits')
    expect(lines).toContain('2000! has 5736 digits')
  })

  it('sums shows what its tasks print', async () => {
    const { lines } = await run('sums.ts', '--size', '1000', ...flags)
    const done = lines.filter((line) => line.startsWith('done:'))
    expect(done).toHaveLength(10)
    for (const line of done) {
      const [end, sum] = line.match(/\d{2,}/g)?.map(Number) ?? []
      expect(line).toBe(`done: the sum from 0 to ${end} is ${sum}`)
      expect(sum).toBe((Number(end) * (Number(end) + 1)) / 2)
    }
    expect(lines.filter((line) => !line.startsWith('done:'))).toEqual(comparison)
  })

  it("joblib prints joblib's numbers", async () => {
    const { lines } = await run('joblib.ts', '--size', '10', ...flags)
    expect(lines.slice(0, 4)).toEqual(comparison)
    const [roots, loop] = lines.slice(4).join(' ').split('] [')
    expect(roots?.match(/\d+/g)?.map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(loop?.match(/[\d.]+/g)?.map(Number)).toEqual([1136.5969161564717, 14])
  })

  it('noise-images writes images, and removes them', async () => {
    const { lines, left } = await run('noise-images.ts', '--images', '40', '--size', '16', ...flags)
    expect(lines).toEqual([...comparison, expect.stringMatching(/^40 images of 16 × 16 pixels, sha256 [\da-f]{16}$/)])
    expect(left).toEqual([])
  })

  it('reading-files reads the same by both ways', async () => {
    const { lines, left } = await run('reading-files.ts', '--size', '4', ...flags)
    expect(lines).toEqual([
      ...comparison,
      'once more, with workers that are up:',
      seconds('returned'),
      seconds('Manager'),
      '180 hours above 33 °C in 4 files',
    ])
    expect(left).toEqual([])
  })

  it('big-array fills an array with the Mandelbrot set', async () => {
    const { lines } = await run('big-array.ts', '--size', '100', ...flags)
    expect(lines).toEqual([...comparison, '10000 points, area of the set 1.519'])
  })

  it('starmap finds the nearest', async () => {
    const { lines } = await run('starmap.ts', '--size', '100', ...flags)
    expect(lines).toEqual([...comparison, 'relative 96 of 100 is the nearest: 2 changes'])
  })

  it('parameter-sweep finds the best parameters, and shows how far it is', async () => {
    const { lines, errorLines } = await run('parameter-sweep.ts', '--size', '60', ...flags)
    expect(lines).toEqual([...comparison, 'best of 36: penalty 0.001, width 3, error 0.0864'])
    expect(errorLines.at(-1)).toMatch(/^\[sweep\]: 36 of 36 \(100%\), \d+\.\ds$/)
  })

  it('pipeline counts all lines, and has a few at a time', async () => {
    const { lines, left } = await run('pipeline.ts', '--size', '30', ...flags)
    expect(lines.slice(0, 4)).toEqual(comparison)
    const [, ahead] = lines[4]?.match(/^30 lines, at most (\d+) at a time$/) ?? []
    // Two windows, each of two tasks per worker, and the result in hand.
    expect(Number(ahead)).toBeLessThanOrEqual(4 * (flags.length > 0 ? 1 : availableParallelism()) + 1)
    const machines = ['pump hums at 48 Hz', 'fan hums at 120 Hz', 'mill hums at 240.5 Hz']
    expect(lines.slice(5)).toEqual(machines.map((hum) => `${hum} (10 times)`))
    expect(left).toEqual([])
  })

  it('monte-carlo has one sum, whatever nJobs is', async () => {
    const { lines } = await run('monte-carlo.ts', '--size', '1000', ...flags)
    expect(lines.slice(0, 4)).toEqual(comparison)
    const sums = lines.slice(4, -1).map((line) => line.match(/^nJobs (\d): the sum is ([\d.]+)$/)?.slice(1) ?? [])
    expect(sums.map(([nJobs]) => nJobs)).toEqual(flags.length > 0 ? ['1'] : ['1', '2', '3'])
    expect(new Set(sums.map(([, sum]) => sum)).size).toBe(1)
    expect(lines.at(-1)).toBe('worth 7.132, by Black and Scholes 7.128')
  })
})

interface Element {
  readonly name: string
  readonly attributes: Record<string, string>
}

/** The elements of an XML text; throws when they do not nest or their text is not XML. */
function wellFormed(xml: string): Element[] {
  const elements: Element[] = []
  const open: string[] = []
  const rest = xml.replace(
    /<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, end, name, attributes, selfClosing) => {
      if (end) {
        if (open.pop() !== name) throw new Error(`</${name}> closes nothing`)
      } else {
        elements.push({
          name,
          attributes: Object.fromEntries([...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, k, v]) => [k, v])),
        })
        if (!selfClosing) open.push(name)
      }
      return ''
    },
  )
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`)
  if (/[<>&]/.test(rest)) throw new Error(`not XML: ${rest.trim()}`)
  return elements
}
