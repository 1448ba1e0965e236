import { array, enum as choice, email, number, object, string } from 'zod'

const Person = object({
  name: string().min(1),
  age: number().int().positive(),
  email: email().optional(),
  tags: array(choice(['a', 'b'])).default([]),
})
const Even = number().refine((n) => n % 2 === 0, { error: 'not even' })
const Trimmed = string().transform((text) => text.trim().length)
const Tree = object({
  value: number(),
  get children() {
    return array(Tree)
  },
})

export { Even, Person, Tree, Trimmed }
