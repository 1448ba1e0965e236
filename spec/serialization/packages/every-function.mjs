// Whatever such a package exports, a task gets the worker's own and hands the caller's own back.
import * as dateFns from 'date-fns'
import * as immer from 'immer'
import lodash from 'lodash'
import * as mathjs from 'mathjs'
import * as mlMatrix from 'ml-matrix'
import * as ramda from 'ramda'
import * as semver from 'semver'
import * as uuid from 'uuid'
import * as yaml from 'yaml'
import * as zod from 'zod'

/** All functions of a package there and back, in one call. */
async function roundTrip({ away, equal }, exported, atLeast) {
  const names = Object.keys(exported).filter((name) => typeof exported[name] === 'function')
  const functions = names.map((name) => exported[name])
  const [returned, own] = await away(
    (list) => [list, list.map((fn) => `${typeof fn} ${fn.name} ${fn.length}`)],
    functions,
  )
  equal(
    names.filter((_, n) => returned[n] !== functions[n]),
    [],
  )
  equal(
    own,
    functions.map((fn) => `function ${fn.name} ${fn.length}`),
  )
  if (names.length < atLeast) throw new Error(`only ${names.length} functions`)
}

export const cases = {
  'of lodash': (tools) => roundTrip(tools, lodash, 300),
  'of mathjs': (tools) => roundTrip(tools, mathjs, 650),
  'of date-fns': (tools) => roundTrip(tools, dateFns, 240),
  'of zod': (tools) => roundTrip(tools, zod, 200),
  'of ml-matrix': (tools) => roundTrip(tools, mlMatrix, 30),
  'of yaml': (tools) => roundTrip(tools, yaml, 25),
  'of uuid': (tools) => roundTrip(tools, uuid, 10),
  'of semver': (tools) => roundTrip(tools, semver, 35),
  'of immer': (tools) => roundTrip(tools, immer, 15),
  'of ramda': (tools) => roundTrip(tools, ramda, 250),
}
