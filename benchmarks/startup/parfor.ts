import { delayed, Parallel } from 'parfor'

const offset = 1
void Parallel(2)([1, 2].map((n) => delayed(() => n + offset)())).then((results) => console.log(results))
