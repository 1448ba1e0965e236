import * as fns from 'date-fns'
import { addDays, differenceInCalendarDays, eachDayOfInterval, format, formatDistance, parseISO } from 'date-fns'
import { addMonths } from 'date-fns/fp'
import * as locales from 'date-fns/locale'
import { de } from 'date-fns/locale'

const start = new Date(2024, 1, 27, 12)
const weekly = (date) => fns.addWeeks(date, 1)

export const cases = {
  'named import': ({ same }) => same(() => addDays(start, 3)),
  'named import, several functions': ({ same }) =>
    same(() => [
      differenceInCalendarDays(parseISO('2024-03-01'), parseISO('2024-02-01')),
      eachDayOfInterval({ start, end: addDays(start, 2) }),
      format(start, "yyyy-MM-dd'T'HH"),
    ]),
  'namespace import': ({ same }) => same(() => fns.isLeapYear(start)),
  'namespace import, several members': ({ same }) =>
    same(() => [
      fns.startOfMonth(start),
      fns.endOfQuarter(start),
      fns.closestTo(start, [fns.subDays(start, 1), start]),
    ]),
  'a helper that uses it': ({ same }) => same(() => [start].map(weekly)),
  'the curried functions': ({ same }) => same(() => addMonths(2)(start)),
  'a locale, named': ({ same }) => same(() => format(start, 'PPPP', { locale: de })),
  'a locale, by a computed key': ({ same }) => {
    const key = 'fr'
    // biome-ignore lint/performance/noDynamicNamespaceImportAccess: it is what is tried
    return same(() => formatDistance(start, addDays(start, 40), { locale: locales[key] }))
  },
  'a locale as an argument': ({ same }) => same((locale) => format(start, 'MMMM', { locale }), de),
  'the function of a task': async ({ same }) => {
    await same(addDays, start, 30)
    await same(fns.formatISO, start)
    await same(format, start, 'EEEE', { locale: de })
  },
}
