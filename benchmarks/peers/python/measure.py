"""
One measurement of a Python library: `python3 measure.py joblib noop 100000 2 3` prints the milliseconds for so many
calls by so many workers, the median of so many samples after one to warm up.
"""

import sys
from statistics import median
from time import perf_counter


def noop(i):
    return i


def word(text):
    return text


def record(i, options):
    return {"sum": i + options["a"], "name": options["b"]}


def arguments(fn, count):
    if fn is word:
        return ((f"item {i}",) for i in range(count))
    return ((i,) if fn is noop else (i, {"a": i, "b": "x"}) for i in range(count))


def with_joblib(fn, _count, workers, measure):
    from joblib import Parallel, delayed

    with Parallel(n_jobs=workers) as parallel:
        measure(lambda count: parallel(delayed(fn)(*args) for args in arguments(fn, count)))


def with_multiprocessing(fn, count, workers, measure):
    from multiprocessing import Pool

    with Pool(workers) as pool:
        if fn is noop:
            measure(lambda count: pool.map(fn, range(count)))
        elif fn is word:
            items = [item for (item,) in arguments(fn, count)]
            measure(lambda _: pool.map(fn, items))
        else:
            measure(lambda count: pool.starmap(fn, arguments(fn, count)))


def main(library, name, count, workers, samples):
    fn = {"noop": noop, "word": word, "record": record}[name]
    expected = [fn(*args) for args in arguments(fn, count)]

    def measure(call):
        times = []
        for _ in range(samples + 1):
            start = perf_counter()
            results = call(count)
            times.append(perf_counter() - start)
            if results != expected:
                raise ValueError("wrong results")
        print(1000 * median(times[1:]))

    libraries = {"joblib": with_joblib, "multiprocessing": with_multiprocessing}
    libraries[library](fn, count, workers, measure)


if __name__ == "__main__":
    library, name, *numbers = sys.argv[1:]
    main(library, name, *map(int, numbers))
