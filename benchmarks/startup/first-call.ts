import { delayed, Parallel } from 'parfor'

const offset = 1
const start = performance.now()
void Parallel(2)([delayed(() => 1 + offset)()]).then(([two]) => console.log(two, performance.now() - start))
