import { hasBars, showProgress } from '../../lib/progress/show'

describe('A bar', () => {
  it.each([
    [true, { TERM: 'xterm' }, true],
    [true, {}, true],
    [true, { TERM: 'xterm', NO_COLOR: '1' }, true],
    [true, { TERM: 'xterm', CI: '' }, true],
    [true, { TERM: 'xterm', CI: 'false' }, true],
    [true, { TERM: 'xterm', CI: '1' }, false],
    [true, { TERM: 'xterm', CI: 'true' }, false],
    [true, { TERM: 'dumb' }, false],
    [false, { TERM: 'xterm' }, false],
    [undefined, { TERM: 'xterm' }, false],
  ])('is drawn where it can be: isTTY %p, environment %p: %p', (isTTY, env, expected) => {
    expect(hasBars({ isTTY } as { isTTY: boolean }, env)).toBe(expected)
  })
})

describe('showProgress', () => {
  it('prints lines on stderr where that is no terminal', () => {
    const { isTTY } = process.stderr
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      Object.assign(process.stderr, { isTTY: false })
      showProgress('sums', 'Pool', () => ({ completed: 4, failed: 1, total: 4 }))('ended')
      expect(write.mock.calls).toEqual([[expect.stringMatching(/^\[sums\]: 4 of 4 \(100%\), 1 failed, \d\.\ds\n$/)]])
    } finally {
      Object.assign(process.stderr, { isTTY })
      write.mockRestore()
    }
  })
})
