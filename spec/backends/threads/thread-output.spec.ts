import { PassThrough, Writable } from 'node:stream'
import { ThreadOutput } from '../../../lib/backends/threads/thread-output'

/** A terminal that is busy: it takes what it is given, and never asks for more. */
function busy() {
  const shown: string[] = []
  const to = new Writable({ highWaterMark: 1 })
  to.write = (chunk: Buffer) => {
    shown.push(String(chunk))
    return false
  }
  return { to, shown }
}

describe('ThreadOutput', () => {
  it('shows at once what comes, also to a terminal that is busy', () => {
    const from = new PassThrough()
    const { to, shown } = busy()
    from.pipe(to) // as Node does
    const onShown = jest.fn()
    const output = new ThreadOutput([[from, to]], onShown)
    from.resume().read(0)
    return new Promise<void>((resolve) => {
      from.write('ab')
      from.write('cd')
      from.end(resolve)
    }).then(() => {
      output.finish()
      expect(shown.join('')).toBe('abcd')
      expect(onShown).toHaveBeenCalled()
    })
  })

  it('knows how much it has shown, of each stream', () => {
    const [out, err] = [new PassThrough(), new PassThrough()]
    const output = new ThreadOutput(
      [
        [out, busy().to],
        [err, busy().to],
      ],
      () => {},
    )
    expect(output.hasShown([0, 0])).toBe(true)
    out.push('né')
    output.finish()
    expect(output.hasShown([3, 0])).toBe(true)
    expect(output.hasShown([4, 0])).toBe(false)
    expect(output.hasShown([3, 1])).toBe(false)
  })

  it('has shown what it could not write', () => {
    const from = new PassThrough()
    const { to } = busy()
    to.write = () => {
      throw new Error('EIO')
    }
    const onShown = jest.fn()
    const output = new ThreadOutput([[from, to]], onShown)
    expect(() => {
      from.push('ab')
      output.finish()
    }).toThrow('EIO')
    expect(output.hasShown([2])).toBe(true)
    expect(onShown).toHaveBeenCalledTimes(1)
  })

  it('goes on where nobody can be shown anything', () => {
    const from = new PassThrough()
    const { to, shown } = busy()
    to.destroy()
    const output = new ThreadOutput([[from, to]], () => {})
    from.push('ab')
    output.finish()
    expect(output.hasShown([2])).toBe(true)
    expect(shown).toEqual([])
  })
})
