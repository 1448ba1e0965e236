from multiprocessing import Pool

offset = 1


def add(n):
    return n + offset


if __name__ == "__main__":
    with Pool(2) as pool:
        print(pool.map(add, [1, 2]))
