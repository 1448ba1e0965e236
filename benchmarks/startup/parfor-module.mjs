import { delayed, Parallel } from 'parfor'

const offset = 1
console.log(await Parallel(2)([1, 2].map((n) => delayed(() => n + offset)())))
