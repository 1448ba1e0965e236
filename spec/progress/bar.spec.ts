import { barLine, type Glyphs, glyphsFor } from '../../lib/progress/bar'
import type { Standing } from '../../lib/progress/standing'

const glyphs: Glyphs = { full: '#', empty: '-', more: '~' }
const known: Standing = { completed: 45, failed: 0, total: 100, state: 'running', elapsed: 3200, remaining: 4000 }
const unknown: Standing = { ...known, total: undefined, remaining: undefined }

const line = (standing: Partial<Standing>, columns = 79, name?: string) =>
  barLine(name, { ...known, ...standing }, columns, glyphs)

describe('barLine', () => {
  it('tells how much of a call is done, and what is left', () => {
    expect(line({}, 79, 'sums')).toBe('sums  45% ##################---------------------- 45/100, 3.2s, 4.0s left')
  })

  it('counts failed tasks', () => {
    expect(line({ failed: 2 })).toContain(' 45/100, 2 failed, 3.2s, 4.0s left')
  })

  it('moves to and fro while nobody knows how many tasks there are, and tells the pace', () => {
    const bars = [0, 100, 400, 800, 1200, 1600].map((elapsed) => line({ ...unknown, completed: 0, elapsed }, 20))
    expect(bars).toEqual([
      '##----------- 0 done',
      '-##---------- 0 done',
      '----##------- 0 done',
      '--------##--- 0 done',
      '----------##- 0 done',
      '------##----- 0 done',
    ])
    expect(line(unknown)).toMatch(/^-*#+-* 45 done, 3\.2s, 14\/s$/)
    expect(line({ ...unknown, completed: 3 })).toMatch(/ 3 done, 3\.2s, 0\.9\/s$/)
  })

  it('is full when all is done, and not before', () => {
    const done = line({ completed: 100, state: 'ended', remaining: undefined })
    expect(done).toBe('100% ######################################## 100/100, 3.2s')
    expect(line({ completed: 999_999, total: 1_000_000 })).toMatch(/^ 99% #{39}- /)
    expect(line({ completed: 0, total: 0, state: 'ended', remaining: undefined })).toMatch(/^100% #{40} 0\/0, 3\.2s$/)
    expect(line({ completed: 120 })).toMatch(/^100% #{40} 120\/100/)
  })

  it('says when a call was stopped', () => {
    expect(line({ state: 'failed', remaining: undefined, failed: 1 })).toMatch(
      / 45% #+-+ 45\/100, 1 failed, stopped after 3\.2s$/,
    )
  })

  it('tells less where there is less room, and never takes more than that', () => {
    const name = 'a name that is rather long'
    const lines = [79, 60, 39, 30, 20, 12, 6, 3].map((columns) => line({ failed: 2 }, columns, name))
    expect(lines).toEqual([
      'a name that is rather long  45% #####-------- 45/100, 2 failed, 3.2s, 4.0s left',
      'a name that is rath~  45% #######---------- 45/100, 2 failed',
      'a name that ~  45% 45/100, 2 failed',
      'a name th~  45% 45/100',
      'a nam~  45% 45/100',
      '45/100',
      '45/100',
      '45/',
    ])
    expect(line({}, 39, 'sums')).toBe('sums  45% ####------- 45/100, 4.0s left')
    for (let columns = 0; columns <= 200; columns += 1) {
      for (const each of [known, { ...known, failed: 12 }, unknown, { ...unknown, state: 'failed' as const }])
        expect(barLine(name, each, columns, glyphs).length).toBeLessThanOrEqual(columns)
    }
  })

  it('makes one line of any name', () => {
    expect(line({}, 79, 'two\nlines\t\u001b[31mred\u001b[0m\u0007')).toMatch(/^two lines red +45% /)
    expect(line({}, 79, ' \n ')).toMatch(/^ 45% /)
  })

  it('takes characters of the East for as wide as they are', () => {
    expect(line({}, 30, '進捗状況を表示する')).toBe('進捗状況~  45% ###----- 45/100')
  })
})

describe('glyphsFor', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8', TERM: 'xterm' }, 'linux', '█'],
    [{ LANG: 'C.utf8' }, 'linux', '█'],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, 'linux', '#'],
    [{ LC_CTYPE: 'UTF-8' }, 'darwin', '█'],
    [{ LANG: 'en_US.UTF-8', TERM: 'linux' }, 'linux', '#'],
    [{}, 'linux', '#'],
    [{}, 'win32', '█'],
  ] as const)('are what a terminal with %p on %s shows: %s', (env, platform, full) => {
    expect(glyphsFor(env, platform).full).toBe(full)
  })
})
