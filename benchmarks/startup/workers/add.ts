const offset = 1
export = (n: number) => n + offset
